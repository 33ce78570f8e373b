"""Logs that are looked at again and again, by many: each look reads what is new, and keeps what a chart can show.

A log that grows is believed as it comes: its next state is seconds away. One that does not any more, or that was cut
back or replaced, is read from its beginning and compared with what vouches for it (`read_log`).
"""

import os
import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from tinyformer.metrics import STEP_COLUMNS, VALIDATION_COLUMNS
from tinyformer.runs.contents import EPOCHS, STATE, STEPS
from tinyformer.runs.log import read_log
from tinyformer.runs.thinning import Stretches
from tinyformer.task.task import OPERATIONS

AT_ONCE = 65_536  # rows read at a time: 3 MB
LATEST = 200  # steps of which the pace is known
FIRST = 64  # steps that are kept one by one
MOST_LOGS = 2_000  # kept in memory, some 25 KB each


class LogSummary(NamedTuple):
    """What is known of a log, whatever its length. The columns are those of a MetricsTracker."""

    steps: Stretches = Stretches.of_nothing(len(STEP_COLUMNS))
    epochs: Stretches = Stretches.of_nothing(len(VALIDATION_COLUMNS) + len(OPERATIONS))
    latest: np.ndarray = np.empty((0, len(STEP_COLUMNS)))  # the last steps, at most LATEST
    first: np.ndarray = np.empty((0, len(STEP_COLUMNS)))  # the first steps, at most FIRST
    accuracy: float | None = None  # on the validation set, after the last epoch
    problem: str = ""  # why not all of it can be read, or is what was written
    unconfirmed: int = 0  # steps that nobody vouches for; of a log that grows it is not asked
    operations: tuple[str, ...] = OPERATIONS  # the names of those that are trained

    @property
    def step(self):
        """The last step in the log, 0 if there is none."""
        return self.steps.rows

    @property
    def seconds(self):
        """Spent in steps, all in all."""
        return float(np.nansum(self.steps.sums[:, STEP_COLUMNS.index("seconds")]))

    @property
    def pace(self):
        """Steps a second, of the time spent in steps, over the latest ones; nan before the first."""
        seconds = self.latest[:, STEP_COLUMNS.index("seconds")]
        seconds = seconds[np.isfinite(seconds)]
        return len(seconds) / seconds.sum() if seconds.size else float("nan")

    def step_curve(self, name, most=160):
        """A column of the steps as a line one can draw → (last steps, means) of at most `most` stretches."""
        curve = self.steps.curve(STEP_COLUMNS.index(name), most)
        return curve.last, curve.mean

    def epoch_curve(self, name, most=160):
        """The same of the epochs, which have their steps in a column."""
        columns = (*VALIDATION_COLUMNS, *self.operations)
        ends = self.epochs.curve(columns.index("step"), most).greatest
        return ends, self.epochs.curve(columns.index(name), most).mean


class LogReader:
    """Keeps the logs that were looked at last. From any thread."""

    def __init__(self):
        self._logs, self._lock = OrderedDict(), threading.Lock()

    def look(self, folder, operations=OPERATIONS):
        """The log in the directory of a run with operations of these names as it stands now → LogSummary."""
        key = (folder, operations)
        with self._lock:
            log = self._logs.setdefault(key, _Log(folder, operations))
            self._logs.move_to_end(key)
            if len(self._logs) > MOST_LOGS:
                self._logs.popitem(last=False)
        return log.look()


class _Log:
    def __init__(self, folder, operations):
        self.folder, self.operations, self.lock = folder, operations, threading.Lock()
        self._begin()

    def look(self):
        with self.lock:
            try:
                self._look()
            except OSError as error:
                return self.known._replace(problem=f"its log cannot be read: {error.strerror or error}")
            return self.known

    def _look(self):
        now = [_stamp(self.folder / name) for name in (STEPS, EPOCHS, STATE)]
        if now == self.seen and not (self.believed and _state_came_after(now[0], now[2])):
            return
        grows = self.seen and now[0][:2] == self.seen[0][:2] and now[0][2] > self.seen[0][2]
        try:
            if not grows:
                raise _CutBack
            self._read()
            self.believed = True
        except _CutBack:
            self._begin()
            self._compare()
        self.seen = now

    def _begin(self):
        self.steps = _Rows(self.folder / STEPS, len(STEP_COLUMNS))
        width = len(VALIDATION_COLUMNS) + len(self.operations)
        self.epochs = _Rows(self.folder / EPOCHS, width)
        empty = LogSummary(epochs=Stretches.of_nothing(width), operations=self.operations)
        self.known, self.seen, self.believed = empty, None, False

    def _compare(self):
        """All of it, compared with what the state says of it: gaps where it is not what was written."""
        self._read()
        log = read_log(self.folder, self.operations)
        self.known = LogSummary(
            Stretches.of_nothing(len(STEP_COLUMNS)).extended(log.steps[: self.steps.count]),
            Stretches.of_nothing(log.epochs.shape[1]).extended(log.epochs),
            log.steps[: self.steps.count][-LATEST:],
            log.steps[: self.steps.count][:FIRST],
            float(log.epoch_column("accuracy")[-1]) if len(log.epochs) else None,
            log.problem,
            log.unconfirmed,
            self.operations,
        )

    def _read(self):
        for rows in self.steps.new(lambda rows, before: rows[:, 0] == np.arange(before + 1, before + len(rows) + 1)):
            latest = np.concatenate([self.known.latest, rows[-LATEST:]])[-LATEST:]
            first = np.concatenate([self.known.first, rows[:FIRST]])[:FIRST]
            self.known = self.known._replace(steps=self.known.steps.extended(rows), latest=latest, first=first)
            self.epochs.stamp = None  # one whose steps were not there yet may count now
        for rows in self.epochs.new(lambda rows, before: rows[:, 1] <= self.known.step):
            accuracy = float(rows[-1, VALIDATION_COLUMNS.index("accuracy")])
            self.known = self.known._replace(epochs=self.known.epochs.extended(rows), accuracy=accuracy)


class _CutBack(Exception):
    """What was read is no longer what stands in the file."""


def _stamp(path):
    """Which file it is, how long, and when it was written; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None, None, 0, None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _state_came_after(log, state):
    """Whether a state was written since the log grew (stamps): it vouches for all of it, or says what is wrong."""
    return None not in (log[-1], state[-1]) and log[-1] <= state[-1]


class _Rows:
    """A file of float64 rows that is only appended to: what was read of it, and what has come since."""

    def __init__(self, path, width):
        self.path, self.width = path, width
        self.count, self.last = 0, b""
        self.file, self.stamp = None, None  # which it was; how it stood when all of it was read

    def new(self, are_good):
        """Yield the new rows, some at a time, up to the first of which `are_good(rows, count before)` is not true."""
        try:
            file = open(self.path, "rb", buffering=0)  # noqa: SIM115  closed below
        except FileNotFoundError:
            if self.count:
                raise _CutBack from None
            return
        with file:
            status = os.fstat(file.fileno())
            this, stamp = (status.st_dev, status.st_ino), (status.st_size, status.st_mtime_ns)
            if (this, stamp) == (self.file, self.stamp):
                return
            file.seek(self.count * 8 * self.width - len(self.last))
            if self.file not in (None, this) or file.read(len(self.last)) != self.last:
                raise _CutBack  # a step that was made again took another time: its row is another
            self.file = this
            while (rows := self._next(file, are_good)).size:
                yield rows
            self.stamp = stamp

    def _next(self, file, are_good):
        file.seek(self.count * 8 * self.width)
        data = file.read(AT_ONCE * 8 * self.width)
        rows = np.frombuffer(data, np.float64, len(data) // (8 * self.width) * self.width).reshape(-1, self.width)
        bad = np.flatnonzero(~are_good(rows, self.count))
        rows = rows[: bad[0]] if bad.size else rows
        self.count += len(rows)
        self.last = rows[-1:].tobytes() or self.last
        return rows
