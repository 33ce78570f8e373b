"""Attention weights as text, always on the same scale from 0 to 1: a darker or brighter cell is a larger weight."""

from tinyformer import focus_label, normalized_entropy
from tinyformer.cli import terminal
from tinyformer.cli.terminal import pad, paint

SHADES = " ░▒▓█"
# From quiet to loud, in the 256 colors of terminals: one hue, as in the dashboard.
ON_DARK = (235, 236, 238, 60, 61, 97, 98, 140, 141, 183)
ON_LIGHT = (255, 254, 189, 183, 141, 140, 98, 97, 61, 55)


def cell(weight, columns, number=False):
    """One weight: a colored field, or a shade. With `number` the percentage is written into it."""
    text = pad(f"{100 * weight:.0f}", columns - 1, ">") + " " if number else ""
    if terminal.has_colors():
        ramp = ON_LIGHT if terminal.is_light() else ON_DARK
        level = min(int(weight * len(ramp)), len(ramp) - 1)
        ink = "38;5;16" if (level < 5) == terminal.is_light() else "38;5;231"
        return f"\x1b[48;5;{ramp[level]};{ink}m{text or ' ' * columns}\x1b[0m"
    return text or SHADES[min(int(weight * len(SHADES)), len(SHADES) - 1)] * columns


def legend():
    """The scale, on one line."""
    steps = [0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95]
    print(paint("  weight  0 ", "dim") + "".join(cell(step, 2) for step in steps) + paint(" 1", "dim"))


def focus(weights):
    """Weights (T,) or (T, T) → "0.12 focused": the normalized entropy, of several rows their mean."""
    value = float(normalized_entropy(weights).mean())
    return f"{value:.2f} {focus_label(value)}"


def rows(weights, labels, words):
    """Print weights (R, T), one row each under the T words: percentages if there is room, with the focus at the end."""
    label_width = max(map(len, labels)) + 2
    room = (terminal.width() - 2 - label_width - 18) // len(words)
    with_focus = room >= 1
    if not with_focus:
        room = (terminal.width() - 2 - label_width) // len(words)
    widest = max(map(len, words)) + 1
    columns = min(max(5, widest), room) if room >= 4 else max(1, min(room, 2))
    with_numbers = columns >= 4
    heads = [pad(w[: columns - 1] + " ", columns, ">") if with_numbers else pad(w[:columns], columns) for w in words]
    print("  " + pad("in percent" if with_numbers else "", label_width) + paint("".join(heads), "dim").rstrip())
    for label, row in zip(labels, weights, strict=True):
        cells = "".join(cell(weight, columns, number=with_numbers) for weight in row)
        print("  " + pad(label, label_width) + cells + ("  " + focus(row) if with_focus else ""))


def maps(weights, words, pooled_first=True):
    """Print weights (H, T, T) of one block: a square per head, queries down, keys across.

    Below each stands its focus: of the first token's row, which is the one that is read in the end, and of all rows.
    """
    label_width = max(5, *map(len, words)) + 2
    columns = 2 if 2 + label_width + 2 * len(words) <= terminal.width() else 1
    pitch = max(columns * len(words), len("0.00 distributed")) + 1
    at_a_time = max(1, (terminal.width() - 2 - label_width) // pitch)
    keys = "".join(pad(word[:columns], columns) for word in words)
    for start in range(0, len(weights), at_a_time):
        heads = range(start, min(start + at_a_time, len(weights)))
        _line("", [f"head {head + 1}" for head in heads], label_width, pitch)
        _line("", [paint(keys, "dim") for _ in heads], label_width, pitch)
        for query, word in enumerate(words):
            cells = ["".join(cell(weight, columns) for weight in weights[head, query]) for head in heads]
            _line(word, cells, label_width, pitch)
        if pooled_first:
            _line("first", [focus(weights[head, 0]) for head in heads], label_width, pitch)
        _line("all", [focus(weights[head]) for head in heads], label_width, pitch)
        if heads[-1] + 1 < len(weights):
            print()


def _line(label, cells, label_width, pitch):
    print(("  " + pad(label, label_width) + "".join(pad(cell, pitch) for cell in cells)).rstrip())
