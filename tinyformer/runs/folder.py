"""The folder where runs live: a run is created whole, under a name that nobody can guess, and found again."""

import contextlib
import json
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from tinyformer.checkpoints.folders import NoDataFolder, data_folder, described
from tinyformer.runs.directory import CONFIG, FORMAT, VERSION, Run
from tinyformer.runs.errors import RunError

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def runs_folder():
    """Where runs live: `$TINYFORMER_RUNS`, else `runs` in the user's data folder. It need not exist yet. Raises
    NoDataFolder."""
    return Path(os.environ["TINYFORMER_RUNS"]) if os.environ.get("TINYFORMER_RUNS") else data_folder() / "runs"


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
    description = {
        "format": FORMAT,
        "version": VERSION,
        "created": time.time(),
        "owner": owner,
        "label": label,
        "config": config.to_dict(),
    }
    draft = Path(tempfile.mkdtemp(dir=path.parent, prefix=".new-"))
    try:
        os.chmod(draft, 0o755)
        (draft / CONFIG).write_text(json.dumps(description, indent=1), encoding="utf-8")
        if path.is_dir() and any(path.iterdir()):
            raise RunError(f"there is something at {path} already: resume it, or name a new folder")
        if path.is_dir():  # an empty folder is taken over; Windows does not do it by itself
            path.rmdir()
        os.replace(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Run(path)


def find_run(name):
    """A run by its id, or by the path of its directory → Run. RunError if there is none."""
    with contextlib.suppress(NoDataFolder):
        if _ID.fullmatch(str(name)) and (runs_folder() / str(name)).is_dir():
            return Run(runs_folder() / str(name))
    path = Path(name)
    try:
        there = path.is_dir()
    except (OSError, ValueError):  # a name too long, or with a null character
        there = False
    if not there:
        raise RunError(f"there is no run {str(name)!r}, neither in {described(runs_folder)} nor as a folder")
    return Run(path.resolve())


def list_runs(folder=None):
    """All run directories, damaged ones included, in no order."""
    try:
        folder = runs_folder() if folder is None else Path(folder)
        paths = list(folder.iterdir()) if folder.is_dir() else []
    except NoDataFolder:
        return []
    return [Run(path) for path in paths if path.is_dir() and _ID.fullmatch(path.name)]
