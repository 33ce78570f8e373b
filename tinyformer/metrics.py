"""The history of a training as columns: one row per step, and one per epoch.

>>> from tinyformer.training import StepRecord
>>> tracker = MetricsTracker()
>>> tracker.record(StepRecord(1, 1, loss=3.2, accuracy=0.0, gradient_norm=1.5, learning_rate=2e-5, seconds=0.002))
>>> tracker.steps["loss"], tracker.epochs["loss"]
([3.2], [])
"""

import numpy as np

from tinyformer.task.task import OPERATIONS

STEP_COLUMNS = ("step", "loss", "accuracy", "gradient_norm", "learning_rate", "seconds")
VALIDATION_COLUMNS = ("epoch", "step", "loss", "accuracy")  # then one for each operation, under its name
EPOCH_COLUMNS = (*VALIDATION_COLUMNS, *OPERATIONS)  # of a training of the five


class MetricsTracker:
    """What was measured in a training: `record` each StepRecord of `Trainer.records()`, then read the columns.

    `steps`, STEP_COLUMNS → lists of length S, one entry per step recorded: "step" counts from 1; "loss" in nats,
    "accuracy" a share from 0 to 1, both of the step's batch and before the step; "gradient_norm" over all parameters
    together, before clipping; "learning_rate" of this step; "seconds" of this step, without validation.
    `epochs`, VALIDATION_COLUMNS and `operations` → lists of length E, one entry per epoch that ended: "epoch" and
    "step" count from 1; "loss" in nats and "accuracy" of the validation set; under the name of each operation the
    accuracy of its expressions there, nan if it has none. `operations` are the names of those that are trained.
    """

    def __init__(self, operations=OPERATIONS):
        self.operations = tuple(operations)
        self.steps = {name: [] for name in STEP_COLUMNS}
        self.epochs = {name: [] for name in (*VALIDATION_COLUMNS, *self.operations)}

    def record(self, record):
        """Append a `training.StepRecord`; its validation, if it has one, becomes a row of `epochs`.

        Raises AttributeError for what is no StepRecord, ValueError for a validation without one accuracy per operation.
        """
        for name in STEP_COLUMNS:
            self.steps[name].append(getattr(record, name))
        if record.validation is not None:
            loss, accuracy, per_operation = record.validation
            row = (record.epoch, record.step, loss, accuracy, *per_operation)
            for name, value in zip(self.epochs, row, strict=True):
                self.epochs[name].append(value)

    def to_arrays(self):
        """Two float64 arrays, "history.steps" (S, 6) and "history.epochs" (E, 4 + operations), as a checkpoint keeps
        them.

        −1 stands for nan, the accuracy of an operation that does not occur: what a checkpoint holds is finite.
        """
        return {
            f"history.{name}": np.nan_to_num(np.array(list(columns.values()), np.float64), nan=-1.0).T.copy()
            for name, columns in (("steps", self.steps), ("epochs", self.epochs))
        }

    @classmethod
    def from_arrays(cls, arrays, operations=OPERATIONS):
        """The inverse of `to_arrays`. Raises KeyError where an array is missing, ValueError for other columns."""
        tracker = cls(operations)
        for columns, name in ((tracker.steps, "history.steps"), (tracker.epochs, "history.epochs")):
            for column, values in zip(columns, arrays[name].T, strict=True):
                whole = column in ("step", "epoch")
                columns[column] = [int(v) if whole else float(v) if v >= 0 else float("nan") for v in values]
        return tracker
