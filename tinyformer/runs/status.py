"""How a run stands: a small file that also says why it ended, and whether a process is at work on it."""

import hashlib
import json
from typing import NamedTuple

from tinyformer.checkpoints.array_file import one_line
from tinyformer.checkpoints.whole_file import whole_file
from tinyformer.runs.contents import STATUS, read_small
from tinyformer.runs.description import read_description
from tinyformer.runs.errors import RunError

LONGEST = 500  # characters of a reason
CHECK = "check"  # the digest of all other values
MOST_STEPS = 100_000 * 10_000_000  # epochs, of as many expressions as a configuration may ask for
RESERVED = 2048  # bytes: on a full disk, this much can still be overwritten in place
ENDED = ("finished", "stopped", "diverged")  # there is nothing to resume
STATES = ("queued", "running", "paused", "failed", *ENDED)


class RunStatus(NamedTuple):
    state: str  # one of STATES, or "damaged"
    reason: str = ""  # why it failed or diverged, or what is damaged
    total_steps: int = 0  # 0: not known before its first start
    steps_per_epoch: int = 0
    best_step: int = 0
    best_accuracy: float | None = None  # on the validation set
    test_correct: int | None = None  # of the test set, after the end
    test_total: int | None = None

    @property
    def resumable(self):
        return self.state in ("queued", "paused", "failed")


def read_status(folder):
    """RunStatus as the file says; "queued" if there is none. RunError where it is damaged."""
    try:
        values = json.loads(read_small(folder / STATUS))
        check = values.pop(CHECK, None)
        if check is not None and check != _digest(folder, values):
            raise ValueError("it is not what was written")
        status = RunStatus(**values)
        _require_sense(status)
        return status
    except FileNotFoundError:
        return RunStatus("queued")
    except Exception as error:  # a text from anywhere: too deep, too large a number, no text at all …
        raise RunError(f"{folder.name} is damaged: {STATUS} cannot be read ({one_line(error)})") from error


def _require_sense(status):
    """ValueError unless the figures are what a training can have come to."""
    state, reason, total, per_epoch, best_step, accuracy, correct, judged = status
    if state not in STATES or not isinstance(reason, str) or len(reason) > LONGEST:
        raise ValueError(f"it says {state!r}, {reason!r}")
    if not all(type(n) is int and 0 <= n <= MOST_STEPS for n in (total, per_epoch, best_step)) or best_step > total:
        raise ValueError(f"its best step is {best_step!r} of {total!r}, {per_epoch!r} an epoch")
    if not (accuracy is None or (type(accuracy) in (int, float) and 0 <= accuracy <= 1)):
        raise ValueError(f"its best accuracy is {accuracy!r}")
    untested = correct is None and judged is None
    if not untested and not (type(correct) is type(judged) is int and 0 <= correct <= judged <= MOST_STEPS):
        raise ValueError(f"{correct!r} right of {judged!r}")


def _digest(folder, values):
    """Of the status and of the settings of its run: that of another run is none."""
    text = json.dumps([values, read_description(folder).config.to_dict()], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def write_status(folder, status):
    """Replace the file as a whole; where the disk is full, overwrite it in its place."""
    values = {**status._asdict(), "reason": status.reason[:LONGEST]}
    text = json.dumps(values | {CHECK: _digest(folder, values)}).encode().ljust(RESERVED)
    try:
        with whole_file(folder / STATUS) as file:
            file.write(text)
    except OSError:
        with open(folder / STATUS, "r+b", buffering=0) as file:
            file.write(text)
