"""The metric log: two files of float64 rows, only ever appended to.

Row i of the steps is step i + 1, so that a half-written row at the end, or rows that are ahead of the state a run
resumes from, are told by their place and cut.
"""

import os
from typing import NamedTuple

import numpy as np

from tinyformer.metrics import EPOCH_COLUMNS, STEP_COLUMNS, MetricsTracker
from tinyformer.process import binary

STEPS_FILE, EPOCHS_FILE = "steps.f64", "epochs.f64"
FLUSH_SECONDS = 0.1


class RunLog(NamedTuple):
    """The log as it was read. S steps, E epochs; the columns are STEP_COLUMNS and EPOCH_COLUMNS of `metrics`."""

    steps: np.ndarray  # (S, 6)
    epochs: np.ndarray  # (E, 9)

    def step_column(self, name):
        return self.steps[:, STEP_COLUMNS.index(name)]

    def epoch_column(self, name):
        return self.epochs[:, EPOCH_COLUMNS.index(name)]

    @property
    def step(self):
        """The last step in the log, 0 if there is none."""
        return len(self.steps)

    def curve(self, name, points=160):
        """A step column as a line one can draw: means over at most `points` equal stretches → (last steps, means)."""
        values, S = self.step_column(name), len(self.steps)
        if points >= S:
            return self.step_column("step"), values
        starts = np.arange(points) * S // points
        lengths = np.diff(starts, append=S)
        return (starts + lengths).astype(float), np.add.reduceat(values, starts) / lengths

    def pace(self, latest=200):
        """Steps a second, of the time spent in steps, over the latest ones; nan before the first."""
        seconds = self.step_column("seconds")[-latest:]
        return len(seconds) / seconds.sum() if seconds.size else float("nan")

    def to_csv(self):
        """One line per step, with the validation of the epochs on the line of the step that ended them."""
        held_out = {int(row[1]): row[2:] for row in self.epochs}
        nothing = [""] * (len(EPOCH_COLUMNS) - 2)
        lines = [",".join((*STEP_COLUMNS, *(f"held_out_{name.lower()}" for name in EPOCH_COLUMNS[2:])))]
        for row in self.steps:
            values = [str(int(row[0])), *(repr(float(v)) for v in row[1:])]
            lines.append(",".join([*values, *(str(v) for v in held_out.get(int(row[0]), nothing))]))
        return "\n".join(lines) + "\n"

    def tracker(self):
        """The same as a MetricsTracker, as a checkpoint keeps it."""
        return MetricsTracker.from_arrays({"history.steps": self.steps, "history.epochs": self.epochs})


def read_log(folder):
    """Whole rows only; of a log that is being written, those that are there."""
    steps = _read_rows(folder / STEPS_FILE, len(STEP_COLUMNS))
    out_of_place = np.flatnonzero(steps[:, 0] != np.arange(1, len(steps) + 1))  # zeros after a power failure
    epochs = _read_rows(folder / EPOCHS_FILE, len(EPOCH_COLUMNS))
    steps = steps[: out_of_place[0]] if out_of_place.size else steps
    return RunLog(steps, epochs[epochs[:, 1] <= len(steps)])


def _read_rows(path, width):
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    row_bytes = 8 * width
    return np.frombuffer(data[: len(data) // row_bytes * row_bytes], np.float64).reshape(-1, width)


class LogWriter:
    """Appends StepRecords, a tenth of a second of them at a time. Of what is there, the RunLog `cut_to` is kept."""

    def __init__(self, folder, cut_to):
        self.pending = {STEPS_FILE: [], EPOCHS_FILE: []}
        self.files = {}
        for name, rows in ((STEPS_FILE, cut_to.steps), (EPOCHS_FILE, cut_to.epochs)):
            self.files[name] = handle = os.open(folder / name, binary(os.O_WRONLY | os.O_CREAT | os.O_APPEND), 0o644)
            os.ftruncate(handle, rows.nbytes)

    def record(self, record):
        self.pending[STEPS_FILE].append([getattr(record, name) for name in STEP_COLUMNS])
        if record.validation is not None:
            loss, accuracy, per_operation = record.validation
            self.pending[EPOCHS_FILE].append([record.epoch, record.step, loss, accuracy, *per_operation])

    def flush(self, to_disk=False):
        """Hand what is pending to the system; `to_disk`: and wait until it would survive a power failure."""
        for name, handle in self.files.items():
            rows, self.pending[name] = self.pending[name], []
            data = np.array(rows, np.float64).tobytes()
            while data:
                data = data[os.write(handle, data) :]
            if to_disk:
                os.fsync(handle)

    def close(self):
        for handle in self.files.values():
            os.close(handle)
        self.files = {}
