"""One process trains a run at a time. The system lets go of the lock when the process ends, however it ends."""

import os
import time
from contextlib import contextmanager

from tinyformer.process import binary
from tinyformer.runs.errors import RunError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

NO_LINK = getattr(os, "O_NOFOLLOW", 0)
PATIENCE = 1.0  # seconds: somebody who only looks whether it is locked holds it for some microseconds


class RunLocked(RunError):
    """Another process is training this run."""


@contextmanager
def hold(path):
    """Hold the lock at `path` while the block runs. Raises RunLocked if another process has it."""
    handle = os.open(path, binary(os.O_RDWR | os.O_CREAT | NO_LINK), 0o644)
    try:
        patient_until = time.monotonic() + PATIENCE
        while not take(handle):
            if time.monotonic() > patient_until:
                raise RunLocked(f"{path.parent.name} is being trained by another process: pause it there first")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)  # which lets go of the lock


def is_held(path):
    """Whether some process holds the lock at `path` now."""
    try:
        handle = os.open(path, binary(os.O_RDWR | NO_LINK))
    except FileNotFoundError:
        return False
    try:
        return not take(handle)
    finally:
        os.close(handle)


def take(handle):
    """Try to lock an open file, without waiting → whether it is ours."""
    try:
        if fcntl:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
