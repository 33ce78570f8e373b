"""The metric log: two files of float64 rows, only ever appended to.

Row i of the steps is step i + 1, so that a half-written row at the end, or rows that are ahead of the state a run
resumes from, are told by their place and cut. Rows up to the last state are vouched for by it (see `vouching.py`).
"""

from typing import NamedTuple

import numpy as np

from tinyformer.metrics import STEP_COLUMNS, VALIDATION_COLUMNS, MetricsTracker
from tinyformer.runs.contents import EPOCHS, STEPS
from tinyformer.runs.state import read_vouch
from tinyformer.runs.vouching import EPOCHS_AT_A_TIME, STEPS_AT_A_TIME, check
from tinyformer.task.task import OPERATIONS

NO_ROWS = np.zeros(0, bool)


class RunLog(NamedTuple):
    """The log as it was read. S steps, E epochs; the columns are those of a MetricsTracker of `operations`.

    Of a step whose row is not what was written, only its number is there, the rest is nan; such an epoch is left out.
    """

    steps: np.ndarray  # (S, 6)
    epochs: np.ndarray  # (E, 4 + operations)
    vouched: np.ndarray = NO_ROWS  # (S,) bool: whether the last state vouches for this step
    epochs_vouched: np.ndarray = NO_ROWS  # (E,) bool
    problem: str = ""  # what is not as it was written, in words
    operations: tuple[str, ...] = OPERATIONS  # the names of those that are trained

    @property
    def confirmed(self):
        """The number of steps that the last state vouches for."""
        return int(np.count_nonzero(self.vouched))

    @property
    def unconfirmed(self):
        """The number of steps that nobody vouches for: written after the last state, or by a version before."""
        return int(np.count_nonzero(~self.vouched & ~np.isnan(self.steps[:, 1])))

    def step_column(self, name):
        return self.steps[:, STEP_COLUMNS.index(name)]

    def epoch_column(self, name):
        return self.epochs[:, self.epoch_columns.index(name)]

    @property
    def epoch_columns(self):
        return (*VALIDATION_COLUMNS, *self.operations)

    @property
    def step(self):
        """The last step in the log, 0 if there is none."""
        return len(self.steps)

    def to_csv(self):
        """One line per step, with the validation of the epochs on the line of the step that ended them."""
        validation = {int(row[1]): row[2:] for row in self.epochs}
        nothing = [""] * (len(self.epoch_columns) - 2)
        lines = [",".join((*STEP_COLUMNS, *(f"validation_{name.lower()}" for name in self.epoch_columns[2:])))]
        for row in self.steps:
            values = [str(int(row[0])), *(repr(float(v)) for v in row[1:])]
            lines.append(",".join([*values, *(str(v) for v in validation.get(int(row[0]), nothing))]))
        return "\n".join(lines) + "\n"

    def tracker(self):
        """The same as a MetricsTracker, as a checkpoint keeps it."""
        arrays = {"history.steps": self.steps, "history.epochs": self.epochs}
        return MetricsTracker.from_arrays(arrays, self.operations)


def read_log(folder, operations=OPERATIONS):
    """Whole rows only; of a log that is being written, those that are there. `operations`: the names of the run's."""
    vouch = read_vouch(folder)  # first: the log is never behind it
    steps = _read_rows(folder / STEPS, len(STEP_COLUMNS))
    epochs = _read_rows(folder / EPOCHS, len(VALIDATION_COLUMNS) + len(operations))
    vouched, wrong = (np.pad(mask, (0, max(0, len(steps) - vouch.step)))
                      for mask in check(steps[: vouch.step], vouch.steps, STEPS_AT_A_TIME))  # fmt: skip
    numbers = np.arange(1, len(steps) + 1, dtype=float)
    steps = np.where(wrong[:, None], np.nan, steps)
    steps[wrong, 0] = numbers[wrong]
    out_of_place = np.flatnonzero(steps[:, 0] != numbers)  # zeros after a power failure
    steps = steps[: out_of_place[0]] if out_of_place.size else steps
    epochs_vouched, wrong = check(epochs, vouch.epochs, EPOCHS_AT_A_TIME)
    kept = ~wrong & (epochs[:, 1] <= len(steps))
    log = RunLog(steps, epochs[kept], vouched[: len(steps)], epochs_vouched[kept], operations=operations)
    return log._replace(problem=vouch.problem or _problem(vouch, log))


def unknown_log(steps, operations=OPERATIONS):
    """The RunLog of a number of steps of which nothing is known."""
    rows = np.full((steps, len(STEP_COLUMNS)), np.nan)
    rows[:, 0] = np.arange(1, steps + 1)
    return RunLog(rows, np.empty((0, len(VALIDATION_COLUMNS) + len(operations))), np.zeros(steps, bool))


def _problem(vouch, log):
    """What was lost, just now or before the run was resumed, in words; "" if nothing."""
    lost, words = log.steps[np.isnan(log.steps[:, 1]), 0].astype(int), []
    if lost.size:
        place = f"from {lost[0]:,} to {lost[-1]:,}"
        words.append(f"{len(lost):,} steps of its log, {place}, are left out: they are not what was written")
    if vouch.steps.size and log.step < vouch.step:
        words.append(f"its log ends at step {log.step:,}, its state is that after step {vouch.step:,}")
    written = max(len(vouch.epochs), *log.epochs[log.epochs_vouched, 0].astype(int), 0)
    missing = written - np.count_nonzero(log.epochs[:, 0] <= written)
    if missing > 0:
        words.append(f"{missing:,} of its {written:,} validations are left out: they are not what was written")
    return "; ".join(words)


def _read_rows(path, width):
    try:
        data = path.read_bytes()
    except OSError:  # where there have to be rows, they are missed
        data = b""
    row_bytes = 8 * width
    return np.frombuffer(data[: len(data) // row_bytes * row_bytes], np.float64).reshape(-1, width)
