"""Looks at the validation side between the ends of epochs: often while much happens, seldom later.

They choose nothing: the best weights are those of the epochs, and all weights are the same without a single look. Each
asks a part of the validation side, drawn once with the `data_seed`. Their rows are a file of their own, only appended
to; nothing vouches for it, so that what cannot be a look is left out where it is read.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.evaluate import accuracy_per_operation, evaluate
from tinyformer.runs.contents import LOOKS
from tinyformer.task.task import OPERATIONS

COLUMNS = ("step", "expressions", "loss", "accuracy")  # then one for each operation; `expressions`: how many were asked
PLANS = ((256, 8), (256, 4), (128, 4), (128, 2), (64, 2), (64, 1))  # (expressions asked, looks for each doubling)
SHARE = 0.05  # of the time of a training that looks may take


def plan(total_steps, batch_size, available):
    """(how many of the `available` expressions are asked, after which steps): the most that costs at most SHARE."""
    for rows, per_doubling in PLANS:
        asked = min(rows, available)
        cost = 0.2 + asked / (4 * batch_size)  # in steps: an expression that is only asked takes a quarter of one
        steps = {round(2 ** (power / per_doubling)) for power in range(64 * per_doubling)}
        steps = {step for step in steps if step <= total_steps}
        if len(steps) * cost <= SHARE * total_steps:
            return asked, steps
    return 0, set()


class Looks:
    """The looks of a training that goes on from where `trainer` stands; those after it are made again."""

    def __init__(self, folder, trainer):
        self.trainer, self.pending = trainer, []
        config, validation = trainer.config, trainer.data.validation
        self.asked, self.steps = plan(trainer.total_steps, config.batch_size, len(validation.targets))
        drawn = np.random.default_rng([config.data_seed, 3]).permutation(len(validation.targets))[: self.asked]
        self.sample = validation.take(np.sort(drawn)) if self.steps else None
        before = read_looks(folder, config.task.names).rows
        self.file = open(folder / LOOKS, "ab", buffering=0) if self.steps else None  # noqa: SIM115  closed by `close`
        if self.file:
            self.file.truncate(before[before[:, 0] <= trainer.step].nbytes)

    def after(self, step):
        """Look, if it is time to."""
        if step in self.steps:
            seen = evaluate(self.trainer.model, self.sample)
            accuracies = [row.accuracy for row in accuracy_per_operation(seen)]
            self.pending.append([step, self.asked, seen.loss, seen.accuracy, *accuracies])

    def flush(self):
        """Hand what is pending to the system."""
        rows, self.pending = self.pending, []
        if rows:
            self.file.write(np.array(rows, np.float64).tobytes())

    def close(self):
        if self.file:
            self.file.close()


class LookLog(NamedTuple):
    """Looks as they were read: rows (looks, 4 + operations)."""

    rows: np.ndarray
    operations: tuple[str, ...] = OPERATIONS

    def column(self, name):
        return self.rows[:, (*COLUMNS, *self.operations).index(name)]


def read_looks(folder, operations=OPERATIONS):
    """LookLog: whole rows in the order of their steps, up to the first that cannot be one. `operations`: the run's."""
    try:
        data = (folder / LOOKS).read_bytes()
    except OSError:  # of a run of before
        data = b""
    width = len(COLUMNS) + len(operations)
    rows = np.frombuffer(data, np.float64, len(data) // (8 * width) * width).reshape(-1, width)
    shares = rows[:, 3:]
    good = (np.diff(rows[:, 0], prepend=0) > 0) & (rows[:, 2] >= 0) & (rows[:, 2] < np.inf)
    good &= (((shares >= 0) & (shares <= 1)) | np.isnan(shares)).all(axis=1)
    return LookLog(rows if good.all() else rows[: int(good.argmin())], tuple(operations))
