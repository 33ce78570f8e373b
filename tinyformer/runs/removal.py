"""Deleting a run: what it wrote, by name, and nothing else. What cannot be told apart is refused untouched."""

import os
import re
import secrets
import stat
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

from tinyformer.checkpoints.whole_file import name_when_whole, writing_in
from tinyformer.process import replace
from tinyformer.runs import lock
from tinyformer.runs.contents import CONFIG, LOCK, SNAPSHOTS, half_written, inventory
from tinyformer.runs.description import is_begun, is_somebody_elses, read_description
from tinyformer.runs.errors import RunError

DRAFT, DELETED = ".new-", ".deleted-"  # a run before it is one, and after
_LEFT_BEHIND = re.compile(rf"{re.escape(DRAFT)}[a-z0-9_]{{8}}|{re.escape(DELETED)}[0-9a-f]{{8}}")


def delete(path, even_damaged):
    """Remove the run at `path`. `even_damaged`: also if its configuration cannot be used, but is no other program's.

    RunLocked while a process trains it; RunError, and nothing is touched, if it is no run or anything else is in it.
    """
    _require_a_run(path, path, even_damaged)
    with writing_in(path.parent, remove_leftovers), ExitStack() as held:
        held.enter_context(lock.hold(path / LOCK))
        if sys.platform == "win32":
            held.close()  # a folder with an open file is not moved there: not by us, nor while somebody trains in it
        gone = path.with_name(f"{DELETED}{secrets.token_hex(4)}")
        replace(path, gone)  # at once out of sight, and out of reach of whoever knows its path
        try:
            _require_a_run(gone, path, even_damaged)  # once more: somebody may have put something into it
            _remove(gone)
        except BaseException:
            with suppress(OSError):
                replace(gone, path)
            raise


def remove_leftovers(folder):
    """What a kill left of runs that were being created or deleted in this folder. Only while nobody does either."""
    for name in os.listdir(folder):
        path = Path(folder, name)
        if _LEFT_BEHIND.fullmatch(name) and stat.S_ISDIR(path.lstat().st_mode):
            with suppress(OSError):
                begun = _is_a_draft(path) if name.startswith(DRAFT) else not is_somebody_elses(path)
                if begun and not inventory(path)[1]:
                    _remove(path)


def remove_half_written(folder):
    """What a kill left half-written in the directory of a run. Only while its lock is held."""
    for name in half_written(inventory(folder)[0]):
        with writing_in((folder / name).parent, lambda _, path=folder / name: path.unlink(missing_ok=True)):
            pass


def _require_a_run(path, shown, even_damaged):
    refusal = _why_not(path, even_damaged)
    if refusal:
        raise RunError(f"{shown} is not deleted: {refusal}")


def _why_not(path, even_damaged):
    """Why the folder at `path` is not deleted, or None."""
    kind = os.lstat(path).st_mode
    if not stat.S_ISDIR(kind):
        return "it is a link" if stat.S_ISLNK(kind) else "it is no folder"
    if strangers := inventory(path)[1]:
        return f"{strangers[0]!r} does not belong to a run"
    try:
        read_description(path)
    except RunError as error:
        if not even_damaged:
            return f"it is no run ({error})"
        if is_somebody_elses(path):
            return f"its {CONFIG} is that of something else"
    return None


def _is_a_draft(path):
    return all((name_when_whole(name) or name) == CONFIG for name in os.listdir(path)) and is_begun(path)


def _remove(folder):
    """The configuration last: what is interrupted here still reads as a run's."""
    for name in sorted(inventory(folder)[0], key=lambda name: name == CONFIG):
        (folder / name).unlink(missing_ok=True)
    for path in (folder / SNAPSHOTS, folder):
        with suppress(FileNotFoundError):
            path.rmdir()
