"""What is trained, for whom, and since when: the file `config.json` of a run, written once."""

import json
import math
import time
from typing import NamedTuple

from tinyformer.checkpoints.array_file import one_line
from tinyformer.checkpoints.whole_file import whole_file
from tinyformer.configuration import TrainingConfig
from tinyformer.runs.contents import CONFIG, read_small
from tinyformer.runs.errors import RunError

FORMAT, VERSION = "tinyformer run", 1
BEGINNING = f'{{\n "format": "{FORMAT}"'.encode()  # of every file that `write_description` wrote
LATEST = 253_370_764_800  # the year 9999: calendars end with it


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
        return _checked(json.loads(read_small(folder / CONFIG)))
    except FileNotFoundError:
        raise RunError(f"{folder.name} is damaged: {CONFIG} is missing") from None
    except Exception as error:  # a text from anywhere: too deep, too large a number, no text at all …
        raise RunError(f"{folder.name} is damaged: {CONFIG} cannot be used ({one_line(error)})") from error


def is_somebody_elses(folder):
    """Whether the file is whole, and the configuration of something else than a run."""
    try:
        values = json.loads(read_small(folder / CONFIG))
    except Exception:  # it is nobody's, as far as one can tell
        return False
    return isinstance(values, dict) and values != {} and values.get("format") != FORMAT


def is_begun(folder):
    """Whether the file begins as a run's does, as far as it goes: it may have been cut, or not be there yet."""
    try:
        text = read_small(folder / CONFIG)
    except FileNotFoundError:
        return True
    return text.startswith(BEGINNING) or BEGINNING.startswith(text)


def _checked(values):
    if not isinstance(values, dict) or values.get("format") != FORMAT or values.get("version") != VERSION:
        raise ValueError("it is not the configuration of a run, or of another version")
    created, owner, label = values.get("created", 0), values.get("owner"), values.get("label", "")
    if type(created) not in (int, float) or not (math.isfinite(created) and 0 <= created <= LATEST):
        raise ValueError(f"created is {created!r}, expected seconds since 1970")
    if not (owner is None or isinstance(owner, str)) or not isinstance(label, str):
        raise ValueError(f"owner is {owner!r}, label is {label!r}, expected texts")
    return Description(TrainingConfig.from_dict(values["config"]), float(created), owner, label)
