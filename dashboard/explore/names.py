"""What the parts of a model are called, the same in every section: head 1.2 is the second of layer 1."""

from tinyformer.interpret import Component


def head_name(layer, head):
    """From 0, as everywhere in the code."""
    return str(Component(layer, "head", head))


def part_name(part):
    """A part of DirectContributions, such as "blocks.0.head.2" or "blocks.1.mlp"."""
    if not part.startswith("blocks."):
        return {"embed": "embedding", "pos_embed": "positions"}.get(part, part)
    _, layer, _, *head = part.split(".")
    return head_name(int(layer), int(head[0])) if head else str(Component(int(layer), "feed-forward"))
