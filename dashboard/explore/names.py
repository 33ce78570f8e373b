"""What the parts of a model are called in charts, the same in every section: head 1.2 is the second of layer 1."""


def head_name(layer, head):
    """From 0, as everywhere in the code."""
    return f"{layer + 1}.{head + 1}"


def part_name(part):
    """A Component, or a part of DirectContributions, such as "blocks.0.head.2" or "blocks.1.mlp"."""
    if not isinstance(part, str):
        return f"head {head_name(part.layer, part.head)}" if part.kind == "head" else f"{part.kind} {part.layer + 1}"
    names = {"embed": "embedding", "pos_embed": "positions", "constants": "constants"}
    if part in names:
        return names[part]
    _, layer, kind, *head = part.split(".")
    return f"head {head_name(int(layer), int(head[0]))}" if kind == "head" else f"feed-forward {int(layer) + 1}"
