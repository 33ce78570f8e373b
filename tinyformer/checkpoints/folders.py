"""Where trained models lie: those that ship with the program, and those that people save.

The shipped ones are in a folder `checkpoints`: `$TINYFORMER_CHECKPOINTS`, else the one in the current folder, else the
one beside the package, else, in an installed package, `shipped` within it. What people save goes into their data
folder: `$TINYFORMER_DATA`, else the one that the system has for user data. Who has neither it nor a home can read what
ships; `NoDataFolder` is raised where something would be written.
"""

import os
import re
import sys
from pathlib import Path

from tinyformer.checkpoints.checkpoint import CheckpointError, load_checkpoint

SHIPPED = ("seed-42", "seed-123", "seed-7", "mixed-42")  # in this order; others follow by name


class NoDataFolder(OSError):
    """There is no place for what a user makes: neither TINYFORMER_DATA is set nor a home known."""

    def __str__(self):
        return "there is no home folder to keep things in: set TINYFORMER_DATA to a folder"


def shipped_folder():
    """The folder of the checkpoints that ship."""
    if os.environ.get("TINYFORMER_CHECKPOINTS"):
        return Path(os.environ["TINYFORMER_CHECKPOINTS"])
    package = Path(__file__).resolve().parents[1]
    here, beside = Path("checkpoints"), package.parent / "checkpoints"
    return next(filter(checkpoint_files, (here, beside)), package / "shipped")


def data_folder():
    """Where the program keeps what its user makes. It may not exist yet. Raises NoDataFolder."""
    if os.environ.get("TINYFORMER_DATA"):
        return Path(os.environ["TINYFORMER_DATA"])
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or _home() / ".local" / "share"
    return Path(base) / "tinyformer"


def _home():
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and a user whom the system does not know, as in many containers
        raise NoDataFolder from None


def saved_folder():
    """Where trained models are saved. It may not exist yet. Raises NoDataFolder."""
    return data_folder() / "checkpoints"


def checkpoint_files(folder):
    """The `.npz` files in a folder, in the order in which models are shown; none if there is no such folder."""
    try:
        files = [path for path in Path(folder).iterdir() if path.suffix == ".npz" and not path.name.startswith(".")]
    except OSError:
        return []
    return sorted(files, key=_rank)


def shipped_checkpoints():
    """The paths of the checkpoints that ship."""
    return checkpoint_files(shipped_folder())


def described(folder):
    """What `saved_folder`, `data_folder` … give, as text for a help or a heading: also where there is no place."""
    try:
        return str(folder())
    except NoDataFolder:
        return "no folder: set TINYFORMER_DATA"


def saved_checkpoints():
    """The paths of the models that were saved; none where there is no place for any."""
    try:
        return checkpoint_files(saved_folder())
    except NoDataFolder:
        return []


def find_checkpoint(name):
    """The name of a file, or of a model that ships or was saved ("seed-42") → its Path. CheckpointError if unknown."""
    try:
        if Path(name).is_file():
            return Path(name)
    except (OSError, ValueError):  # a name too long, or with a null character
        pass
    known = {path.stem: path for path in [*saved_checkpoints(), *shipped_checkpoints()]}
    if name in known:
        return known[name]
    raise CheckpointError(f"there is no checkpoint {name[:200]!r}; known by name: {', '.join(known) or 'none'}")


def usable_checkpoints(paths):
    """Load them → (the Checkpoints, the CheckpointErrors of those that cannot be used)."""
    usable, problems = [], []
    for path in paths:
        try:
            usable.append(load_checkpoint(path))
        except CheckpointError as error:
            problems.append(error)
    return usable, problems


def shown_at_first(names):
    """Of the names of models, in the order in which they are shown: those on display before anyone has chosen."""
    return [name for name in names if name in SHIPPED[:3]] or list(names)[:3]


def _rank(path):
    """Shipped ones first; numbers in a name count as numbers."""
    words = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", path.stem)]
    return SHIPPED.index(path.stem) if path.stem in SHIPPED else len(SHIPPED), words
