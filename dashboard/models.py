"""The model files that can be put on display, and the looks of each. Where they lie `checkpoints.folders` says."""

from typing import NamedTuple

from dashboard.palette import GLYPHS, PALETTE, SHAPES
from tinyformer.checkpoints.folders import SHIPPED, saved_checkpoints, shipped_checkpoints

ON_DISPLAY_AT_FIRST = SHIPPED[:3]  # the places of SHIPPED in the palette never change
MOST_ON_DISPLAY = 4


class ModelFile(NamedTuple):
    """A file that may hold a model. As a whole it is a cache key: a file that changed is another ModelFile."""

    name: str
    path: str
    modified: int  # ns
    size: int  # bytes


class Style(NamedTuple):
    """How a model looks on every page: never by its color alone."""

    color: str
    shape: str  # Vega's name
    glyph: str  # the same shape as a character


def available(trained=None):
    """{name: ModelFile} of all checkpoint files: the shipped ones first, then the saved. Nothing is opened.

    A saved one with the name of a shipped one gets " (saved)" behind it. `trained`: {name: path} of runs, which follow.
    """
    found = {}
    files = [(path.stem, path) for path in (*shipped_checkpoints(), *saved_checkpoints())]
    for name, path in (*files, *(trained or {}).items()):
        try:
            status = path.stat()
        except OSError:  # deleted a moment ago
            continue
        name = name if name not in found else f"{name} (saved)"
        found[name] = ModelFile(name, str(path), status.st_mtime_ns, status.st_size)
    return found


def styles(selected, known):
    """{name: Style} for the selected models: the same selection among the same known models looks the same to everyone.

    A model's place among all known ones is its place in the palette. Past eight, whoever comes second takes the next
    free place.
    """
    order = list(known)
    result, taken = {}, set()
    for name in sorted(selected, key=order.index):
        place = order.index(name) % len(PALETTE)
        while place in taken:
            place = (place + 1) % len(PALETTE)
        taken.add(place)
        result[name] = Style(PALETTE[place], SHAPES[place], GLYPHS[place])
    return result
