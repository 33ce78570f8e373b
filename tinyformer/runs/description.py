"""What is trained, for whom, and since when: the file `config.json` of a run, written once."""

import json
import math
import os
import stat
import time
from typing import NamedTuple

from tinyformer.checkpoints.array_file import one_line
from tinyformer.checkpoints.whole_file import whole_file
from tinyformer.configuration import TrainingConfig
from tinyformer.runs.contents import CONFIG
from tinyformer.runs.errors import RunError

FORMAT, VERSION = "tinyformer run", 1
BEGINNING = f'{{\n "format": "{FORMAT}"'.encode()  # of every file that `write_description` wrote
MOST_BYTES = 1 << 20
LATEST = 253_402_300_799  # the end of the year 9999: no calendar goes on after it


class Description(NamedTuple):
    config: TrainingConfig
    created: float  # seconds since 1970
    owner: str | None  # as whoever created it said; None if it is nobody's
    label: str  # what it was created as, in words; "" if nothing was said


def write_description(folder, config, owner, label):
    values = {"format": FORMAT, "version": VERSION, "created": time.time(), "owner": owner, "label": label}
    with whole_file(folder / CONFIG) as file:
        file.write(json.dumps({**values, "config": config.to_dict()}, indent=1).encode())


def read_description(folder):
    """Description. RunError, in one line, whatever is wrong with it."""
    try:
        return _checked(json.loads(_bytes(folder)))
    except FileNotFoundError:
        raise RunError(f"{folder.name} is damaged: {CONFIG} is missing") from None
    except Exception as error:  # a text from anywhere: too deep, too large a number, no text at all …
        raise RunError(f"{folder.name} is damaged: {CONFIG} cannot be used ({one_line(error)})") from error


def is_somebody_elses(folder):
    """Whether the file is whole, and the configuration of something else than a run."""
    try:
        values = json.loads(_bytes(folder))
    except Exception:  # it is nobody's, as far as one can tell
        return False
    return isinstance(values, dict) and values != {} and values.get("format") != FORMAT


def is_begun(folder):
    """Whether the file begins as a run's does, as far as it goes: it may have been cut, or not be there yet."""
    try:
        text = _bytes(folder)
    except FileNotFoundError:
        return True
    return text.startswith(BEGINNING) or BEGINNING.startswith(text)


def _bytes(folder):
    if not stat.S_ISREG(os.lstat(folder / CONFIG).st_mode):
        raise ValueError("it is not a file")
    with open(folder / CONFIG, "rb") as file:
        text = file.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    return text


def _checked(values):
    if not isinstance(values, dict) or values.get("format") != FORMAT or values.get("version") != VERSION:
        raise ValueError("it is not the configuration of a run, or of another version")
    created, owner, label = values.get("created", 0), values.get("owner"), values.get("label", "")
    if type(created) not in (int, float) or not (math.isfinite(created) and 0 <= created <= LATEST):
        raise ValueError(f"created is {created!r}, expected seconds since 1970")
    if not (owner is None or isinstance(owner, str)) or not isinstance(label, str):
        raise ValueError(f"owner is {owner!r}, label is {label!r}, expected texts")
    return Description(TrainingConfig.from_dict(values["config"]), float(created), owner, label)
