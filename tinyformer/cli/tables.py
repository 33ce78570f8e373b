"""Figures as text: percentages that never round up to 100, bars, tables that fit the terminal."""

import textwrap

from tinyformer.cli import terminal
from tinyformer.cli.terminal import pad, paint

EIGHTHS = " ▏▎▍▌▋▊▉"


def or_dash(value, form=""):
    """A value in a format such as ",.2f"; a dash for None and nan."""
    return "–" if value is None or value != value else format(value, form)


def percent(share, digits=1):
    """0.998 → "99.8 %". Only a share of exactly 1 is "100 %", only one of exactly 0 is "0 %"."""
    if share is None or share != share:
        return "–"
    if share in (0, 1):
        return f"{100 * share:.0f} %"
    text = f"{100 * share:.{digits}f}"
    least = 10**-digits
    if float(text) >= 100:
        return f">{100 - least:.{digits}f} %"
    return f"<{least:.{digits}f} %" if float(text) == 0 else f"{text} %"


def count(number, noun):
    """ "1 head", "4 heads"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def interval(low, high):
    """A 95 % interval: "96.3–100 %"."""
    return f"{percent(low)[:-2]}–{percent(high)}"


def duration(seconds):
    """7.3 → "7.3 s", 75 → "1 min 15 s"."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def bar(share, columns):
    """A share of 1 fills the columns. Eighths of a column are drawn where the terminal has them."""
    eighths = round(min(max(share, 0), 1) * columns * 8)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()).ljust(columns)


def table(header, rows, align=None, indent=2):
    """Print rows of text under a header, columns as wide as their widest cell and two apart.

    `align` has one of "<>^" per column; the default is the first to the left, the others to the right. A last column
    that is too long for the terminal goes on in the lines below.
    """
    align = align or "<" + ">" * (len(header) - 1)
    rows = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(terminal.length, column)) for column in zip(*rows, strict=True)]
    before = indent + sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = terminal.width() - before
    if widths[-1] > room >= 8:
        widths[-1] = room
    for number, row in enumerate(rows):
        cells = [pad(cell, w, side) for cell, w, side in zip(row[:-1], widths[:-1], align[:-1], strict=True)]
        too_long = terminal.length(row[-1]) > widths[-1]
        last = textwrap.wrap(row[-1], room) if too_long else [pad(row[-1], widths[-1], align[-1])]
        line = (" " * indent + "  ".join([*cells, last[0]])).rstrip()
        print(line if number else paint(line, "dim"))
        for rest in last[1:]:
            print(" " * before + rest)


def side_by_side(names, rows, indent=2):
    """Print one column per name. `rows` are (label, cells): as many names at a time as fit beside the labels.

    A row whose cells are None is a caption.
    """
    label_width = max(terminal.length(label) for label, _ in rows)
    cell_width = max(terminal.length(text) for text in [*names, *(cell for _, cells in rows for cell in cells or ())])
    at_a_time = max(1, (terminal.width() - indent - label_width) // (cell_width + 2))
    at_a_time = -(-len(names) // -(-len(names) // at_a_time))  # as even as they can be divided
    for start in range(0, len(names), at_a_time):
        if start:
            print()
        for label, cells in [("", [paint(name, "bold") for name in names]), *rows]:
            if cells is None:
                print(" " * indent + paint(label, "dim"))
                continue
            shown = "".join("  " + pad(cell, cell_width, ">") for cell in cells[start : start + at_a_time])
            print((" " * indent + pad(label, label_width) + shown).rstrip())
