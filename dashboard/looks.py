"""Which color and shape belongs to whom, for good: a name that is first seen takes a place, and keeps it.

A place is one of 8 × 8: each color first with a shape of its own, then with the next. The models that ship have the
first places; those of others are written down in the data folder, so that a look is the same alone and among others,
before and after a restart. Where there are more names than places, the later of two that meet takes a free one.
"""

import json
import os
import threading
from pathlib import Path
from typing import NamedTuple

from dashboard.palette import GLYPHS, PALETTE, SHAPES
from tinyformer.checkpoints.array_file import whole_file
from tinyformer.checkpoints.folders import SHIPPED, NoDataFolder, data_folder

FILE = "looks.json"
PLACES = len(PALETTE) * len(SHAPES)
MOST_NAMES = 4000  # that are remembered
_lock, _read = threading.Lock(), {}  # {path: (when it was changed, {name: place})}


class Style(NamedTuple):
    """How a model looks on every page: never by its color alone."""

    color: str
    shape: str  # Vega's name
    glyph: str  # the same shape as a character


def style(place):
    color, shape = place % len(PALETTE), (place + place // len(PALETTE)) % len(SHAPES)
    return Style(PALETTE[color], SHAPES[shape], GLYPHS[shape])


def styles(names, known=()):
    """{name: Style} of what is shown together, no two alike. A new name takes a place that no `known` one has."""
    with _lock:
        places = _remembered()
        if new := [name for name in dict.fromkeys(names) if name not in places]:
            taken = [places[name] for name in {*known, *names} if name in places]
            for name in new:
                places[name] = _free(taken)
                taken.append(places[name])
            _write(places, {*known, *names})
    order = list(places)
    mine = {}
    for name in sorted(set(names), key=order.index):  # who was here first keeps what is theirs
        place = places[name]
        mine[name] = place if place not in mine.values() else _free([*mine.values(), *(places[n] for n in names)])
    return {name: style(mine[name]) for name in names}


def of_seeds(seeds):
    """{seed: Style}: that of the model that ships with this seed, or else one that follows from the number."""
    places = {}
    for seed in seeds:
        own = f"seed-{seed}"
        place = SHIPPED.index(own) if own in SHIPPED else len(SHIPPED) + seed % (PLACES - len(SHIPPED))
        places[seed] = place if place not in places.values() else _free(list(places.values()))
    return {seed: style(place) for seed, place in places.items()}


def share(name, other):
    """What `name` has been saved as looks the same."""
    with _lock:
        places = _remembered()
        if name in places and other not in places:
            places[other] = places[name]
            _write(places, {name, other})


def _free(taken):
    """The first place of those that are taken least often."""
    return min(range(PLACES), key=lambda place: (taken.count(place), place))


def _remembered():
    """{name: place}, the models that ship before all others."""
    path = _path()
    try:
        changed = path.stat().st_mtime_ns
        if path not in _read or _read[path][0] != changed:
            written = json.loads(path.read_bytes()).items()
            _read[path] = changed, {name: n for name, n in written if type(n) is int and 0 <= n < PLACES}
    except (OSError, ValueError, AttributeError, RecursionError):
        pass  # there is none, or not one of ours: what is remembered here counts
    shipped = {name: place for place, name in enumerate(SHIPPED)}
    return shipped | _read.get(path, (None, {}))[1] | shipped


def _path():
    """Where it is kept; nowhere, if there is no home."""
    try:
        return data_folder() / FILE
    except NoDataFolder:
        return Path(os.devnull) / FILE


def _write(places, needed):
    path = _path()
    spare = [name for name in places if name not in needed and name not in SHIPPED][: max(0, len(places) - MOST_NAMES)]
    kept = {name: place for name, place in places.items() if name not in spare}
    _read[path] = None, kept
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as file:
            file.write(json.dumps(kept).encode())
        _read[path] = path.stat().st_mtime_ns, kept
    except OSError:
        pass  # a folder that nobody may write to: it is kept as long as this server runs
