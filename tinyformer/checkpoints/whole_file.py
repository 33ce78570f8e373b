"""Files that appear whole or not at all, and what a kill leaves of them: removed by whoever next writes in that folder.

A writer holds a shared lock on the folder. Who gets the folder for itself alone knows that nobody else is writing: the
half-written files in it will never be finished. Where folders cannot be locked (Windows), they stay.
"""

import os
import re
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from tinyformer.process import binary, replace

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ENDING = ".partial"
PATIENCE = 1.0  # seconds: who removes leftovers has the folder for itself for some microseconds
_HALF_WRITTEN = re.compile(rf"\.(?P<name>.+)\.[a-z0-9_]{{8}}{re.escape(ENDING)}", re.DOTALL)


@contextmanager
def whole_file(path):
    """A binary file that appears at `path` only when it is complete and on the disk; until then, the old one stays."""
    path = Path(path)
    with writing_in(path.parent, lambda folder: _remove_half_written(folder, path)):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=ENDING)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def writing_in(folder, remove_leftovers):
    """While the block runs, this process is known to write in `folder`.

    Before, `remove_leftovers(folder)` is called if no other process is. What it cannot remove stops nobody.
    """
    with _opened(folder) as handle:
        if handle is not None:
            if _lock(handle, fcntl.LOCK_EX):
                with suppress(OSError):
                    remove_leftovers(folder)
            patient_until = time.monotonic() + PATIENCE  # somebody may lock a folder for reasons of their own
            while not _lock(handle, fcntl.LOCK_SH) and time.monotonic() < patient_until:
                time.sleep(0.002)
        yield


def name_when_whole(name):
    """The name that the half-written file `name` was to get; None if it is not one of ours."""
    match = _HALF_WRITTEN.fullmatch(name)
    return match["name"] if match else None


def _remove_half_written(folder, path):
    """Those that were to become `path`, and others of its kind: .npz, where it is an .npz."""
    with os.scandir(folder) as entries:
        for entry in entries:
            name = name_when_whole(entry.name)
            ours = name is not None and (name == path.name or "" != path.suffix == Path(name).suffix)
            if ours and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)


@contextmanager
def _opened(folder):
    """A handle of the folder, None where it cannot be had: what matters will say so when it writes."""
    try:
        handle = os.open(folder, binary(os.O_RDONLY)) if fcntl else None
    except (OSError, ValueError):
        handle = None
    try:
        yield handle
    finally:
        if handle is not None:
            os.close(handle)  # which lets go of the lock


def _lock(handle, kind):
    """Try to lock, without waiting."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
