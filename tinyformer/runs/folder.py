"""The folder where runs live: a run is created whole, under a name that nobody can guess, and found again."""

import os
import secrets
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from tinyformer.checkpoints.folders import NoDataFolder, described
from tinyformer.checkpoints.whole_file import writing_in
from tinyformer.process import replace
from tinyformer.runs.description import write_description
from tinyformer.runs.directory import Run
from tinyformer.runs.errors import RunError
from tinyformer.runs.place import is_id, runs_folder
from tinyformer.runs.removal import DRAFT, remove_leftovers


def new_run_id():
    """16 characters that nobody can guess, and that no command line takes for an option."""
    while not (name := secrets.token_urlsafe(12))[0].isalnum():
        pass
    return name


def create_run(config, path=None, *, owner=None, label=""):
    """Make the directory of a new run, by default under a new id in the folder of runs → Run.

    RunError if there is something at `path` already; OSError if it cannot be written.
    """
    path = Path(path) if path is not None else runs_folder() / new_run_id()
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing_in(path.parent, remove_leftovers):
        draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=DRAFT))
        try:
            os.chmod(draft, 0o755)
            write_description(draft, config, owner, label)
            if path.is_symlink() or (path.is_dir() and any(path.iterdir())):
                raise RunError(f"there is something at {path} already: resume it, or name a new folder")
            if path.is_dir():  # an empty folder is taken over; Windows does not do it by itself
                path.rmdir()
            replace(draft, path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return Run(path)


def find_run(name):
    """A run by its id, or by the path of its directory → Run. RunError if there is none."""
    with suppress(NoDataFolder):
        if is_id(str(name)) and (runs_folder() / str(name)).is_dir():
            return Run(runs_folder() / str(name))
    path = Path(name)
    try:
        if path.is_dir():
            # A link stays one: it is followed to train, and not to delete.
            return Run(path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve())
    except (OSError, ValueError):  # a name of 300 characters, a name with a NUL
        pass
    raise RunError(f"there is no run {str(name)!r}, neither in {described(runs_folder)} nor as a folder")


def list_runs(folder=None):
    """All run directories, damaged ones included, in no order."""
    try:
        folder = runs_folder() if folder is None else Path(folder)
    except NoDataFolder:
        return []
    if not folder.is_dir():
        return []
    return [Run(path) for path in folder.iterdir() if path.is_dir() and is_id(path.name)]
