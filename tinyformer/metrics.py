"""The history of a training as columns: one row per step, and one per epoch."""

import numpy as np

from tinyformer.expressions import OPERATIONS

STEP_COLUMNS = ("step", "loss", "accuracy", "gradient_norm", "learning_rate", "seconds")
EPOCH_COLUMNS = ("epoch", "step", "loss", "accuracy", *OPERATIONS)  # on the validation set


class MetricsTracker:
    """`steps` and `epochs`: column name → list of numbers. Fill it with `record`."""

    def __init__(self):
        self.steps = {name: [] for name in STEP_COLUMNS}
        self.epochs = {name: [] for name in EPOCH_COLUMNS}

    def record(self, record):
        """Append a StepRecord; its validation, if it has one, becomes a row of `epochs`."""
        for name in STEP_COLUMNS:
            self.steps[name].append(getattr(record, name))
        if record.validation is not None:
            loss, accuracy, per_operation = record.validation
            row = (record.epoch, record.step, loss, accuracy, *per_operation)
            for name, value in zip(EPOCH_COLUMNS, row, strict=True):
                self.epochs[name].append(value)

    def to_arrays(self):
        """Two float64 arrays, "history.steps" (S, 6) and "history.epochs" (E, 9), as a checkpoint keeps them.

        −1 stands for nan, the accuracy of an operation that does not occur: what a checkpoint holds is finite.
        """
        return {
            f"history.{name}": np.nan_to_num(np.array(list(columns.values()), np.float64), nan=-1.0).T.copy()
            for name, columns in (("steps", self.steps), ("epochs", self.epochs))
        }

    @classmethod
    def from_arrays(cls, arrays):
        """The inverse of `to_arrays`."""
        tracker = cls()
        for columns, name in ((tracker.steps, "history.steps"), (tracker.epochs, "history.epochs")):
            for column, values in zip(columns, arrays[name].T, strict=True):
                whole = column in ("step", "epoch")
                columns[column] = [int(v) if whole else float(v) if v >= 0 else float("nan") for v in values]
        return tracker
