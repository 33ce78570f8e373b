"""What a run keeps in its directory, by its exact names. Nothing else there is ever written or removed."""

import os
import re
import stat
from pathlib import PurePath

from tinyformer.checkpoints.whole_file import name_when_whole

CONFIG, STATE, STATUS, MODEL = "config.json", "state.npz", "status.json", "model.npz"
STEPS, EPOCHS, LOOKS, SNAPSHOTS = "steps.f64", "epochs.f64", "looks.f64", "snapshots"
LOCK, REQUEST = "lock", "request"
WORKER_LOG = "worker.log"  # what the process that trains it has complained of, where a server started it
FILES = {CONFIG, STATE, STATUS, MODEL, STEPS, EPOCHS, LOOKS, LOCK, REQUEST, WORKER_LOG}
MOST_BYTES = 1 << 20  # of a configuration, of a status
_ONCE_WRITTEN = ".request"  # a request on its way, by versions before
_SNAPSHOT = re.compile(r"([0-9]{8}|[1-9][0-9]{8,15})\.npz")


def inventory(folder):
    """(files that a run writes, whatever else is in the directory), as paths inside it. No link is followed.

    A run's name does not make it a run's: a folder named `lock`, a link named `state.npz`, another disk are strangers.
    """
    device = os.lstat(folder).st_dev
    files, strangers = _sorted_out(folder, device, lambda name: name in FILES or name == _ONCE_WRITTEN)
    if SNAPSHOTS in strangers and _is_own_folder(os.path.join(folder, SNAPSHOTS), device):
        strangers.remove(SNAPSHOTS)
        kept, others = _sorted_out(os.path.join(folder, SNAPSHOTS), device, _SNAPSHOT.fullmatch)
        files += [os.path.join(SNAPSHOTS, name) for name in kept]
        strangers += [os.path.join(SNAPSHOTS, name) for name in others]
    return files, strangers


def snapshot_step(name):
    """The step that a snapshot's name says; None for any other name."""
    match = _SNAPSHOT.fullmatch(name)
    return int(match[1]) if match else None


def misplaced(folder):
    """The first of a run's names that is there and is something else, such as a folder `lock`; None if all is well."""
    for name in sorted(FILES | {SNAPSHOTS}):
        try:
            kind = os.lstat(os.path.join(folder, name)).st_mode
        except FileNotFoundError:
            continue
        if not (stat.S_ISDIR(kind) if name == SNAPSHOTS else stat.S_ISREG(kind)):
            return name
    return None


def read_small(path):
    """The bytes of one of the small files. OSError or ValueError if it has none, or more than it ever has."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise ValueError("it is not a file")
    with open(path, "rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return text


def half_written(files):
    """Those of these paths that a kill left half-written."""
    return [path for path in files if name_when_whole(PurePath(path).name) or path == _ONCE_WRITTEN]


def _sorted_out(folder, device, belongs):
    files, strangers = [], []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            whole = belongs(name_when_whole(entry.name) or entry.name)
            own = whole and entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_dev == device
            (files if own else strangers).append(entry.name)
    return files, strangers


def _is_own_folder(path, device):
    return os.path.isdir(path) and not os.path.islink(path) and os.lstat(path).st_dev == device
