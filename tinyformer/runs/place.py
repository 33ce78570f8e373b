"""Where runs live, and which names they may have there."""

import os
import re
from pathlib import Path

from tinyformer.checkpoints.folders import NoDataFolder, data_folder

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def runs_folder():
    """Where runs live: `$TINYFORMER_RUNS`, else `runs` in the user's data folder. It need not exist yet."""
    return Path(os.environ["TINYFORMER_RUNS"]) if os.environ.get("TINYFORMER_RUNS") else data_folder() / "runs"


def is_id(name):
    """Whether a run in the folder of runs may have this name."""
    return _ID.fullmatch(name) is not None


def is_in_the_folder_of_runs(path):
    """Whether `path` lies in the folder of runs, under a name that a run may have."""
    try:
        return is_id(path.name) and runs_folder().is_dir() and os.path.samefile(path.parent, runs_folder())
    except NoDataFolder:
        return False
