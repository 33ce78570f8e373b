"""How a run stands: a small file that also says why it ended, and whether a process is at work on it."""

import json
from typing import NamedTuple

from tinyformer.checkpoints.whole_file import whole_file
from tinyformer.runs.contents import STATUS
from tinyformer.runs.errors import RunError

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
        values = json.loads((folder / STATUS).read_bytes())
        status = RunStatus(**values)
        if status.state not in STATES or not all(isinstance(n, int) for n in (status.total_steps, status.best_step)):
            raise ValueError(f"it says {status.state!r}")
        return status
    except FileNotFoundError:
        return RunStatus("queued")
    except (ValueError, TypeError, OSError) as error:
        raise RunError(f"{folder.name} is damaged: {STATUS} cannot be read ({error})") from error


def write_status(folder, status):
    """Replace the file as a whole; where the disk is full, overwrite it in its place."""
    text = json.dumps({**status._asdict(), "reason": status.reason[:500]}).encode().ljust(RESERVED)
    try:
        with whole_file(folder / STATUS) as file:
            file.write(text)
    except OSError:
        with open(folder / STATUS, "r+b", buffering=0) as file:
            file.write(text)
