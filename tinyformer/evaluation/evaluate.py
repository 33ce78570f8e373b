"""A model's answers on a data set, kept whole, and what follows from them: accuracy, loss, who is mistaken for whom.

Shapes: N expressions, T tokens, V vocabulary. Calibration is in `calibration.py`, baselines are in `baselines.py`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.intervals import wilson_interval
from tinyformer.task.datasets import create_batch
from tinyformer.task.task import DEFAULT_TASK, Task, task_of
from tinyformer.task.vocabulary import DIGITS, PAD

# A float32 probability can underflow to 0. Clipped here, a hopeless answer costs 87.3 nats instead of infinity.
SMALLEST_PROBABILITY = float(np.finfo(np.float32).tiny)
OTHER = len(DIGITS)  # the confusion matrix's column for an answer that is not a digit


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a model answered to N expressions. Sums and means are those of the N; `select` gives the same for a part."""

    tokens: np.ndarray  # (N, T) int, padded with PAD
    mask: np.ndarray  # (N, T) bool, True = a token
    targets: np.ndarray  # (N,) id of the right answer
    probabilities: np.ndarray  # (N, V) of each token as the answer
    task: Task = DEFAULT_TASK  # what was asked

    def __len__(self):
        return len(self.targets)

    @property
    def predictions(self):
        """(N,) id of the most probable token; of equals, the smallest id."""
        return self.probabilities.argmax(axis=1)

    @property
    def correct(self):
        """(N,) bool."""
        return self.predictions == self.targets

    @property
    def confidence(self):
        """(N,) float64 probability of the predicted token."""
        return self.probabilities.max(axis=1).astype(np.float64)

    @property
    def losses(self):
        """(N,) float64 cross-entropy in nats, -log p(right answer), with p clipped at `SMALLEST_PROBABILITY`."""
        right = self.probabilities[np.arange(len(self)), self.targets].astype(np.float64)
        return -np.log(np.maximum(right, SMALLEST_PROBABILITY))

    @property
    def operations(self):
        """(N,) index into `task.names`, read from the first token; -1 where that is no operation."""
        return self.task.operation_of_token[self.tokens[:, 0]]

    @property
    def loss(self):
        """Mean cross-entropy in nats; nan of nothing."""
        return float(self.losses.mean()) if len(self) else float("nan")

    @property
    def accuracy(self):
        """Share of right answers; nan of nothing."""
        return float(self.correct.mean()) if len(self) else float("nan")

    @property
    def interval(self):
        """(low, high): the 95 % Wilson interval of `accuracy`."""
        return wilson_interval(int(self.correct.sum()), len(self))

    def select(self, where):
        """The evaluation of a part: `where` is (N,) bool, or indices. Nothing is computed again."""
        where = np.asarray(where)
        if where.dtype == bool and where.shape != self.targets.shape:
            raise ValueError(f"expected one bool for each of the {len(self)} expressions, got shape {where.shape}")
        where = where if where.size else np.empty(0, dtype=int)  # an empty list has dtype float
        parts = (self.tokens[where], self.mask[where], self.targets[where], self.probabilities[where])
        return Evaluation(*parts, self.task)


class OperationAccuracy(NamedTuple):
    """One row of `accuracy_per_operation`; low and high are the 95 % Wilson interval of accuracy."""

    operation: str
    correct: int
    total: int
    accuracy: float  # nan where total is 0
    low: float
    high: float


def dataset_arrays(dataset):
    """A list of (token ids, answer id), or anything with tokens and targets (and mask), as (N, T), (N,), (N, T) bool.

    ValueError where there is nothing in it.
    """
    if len(getattr(dataset, "targets", dataset)) == 0:
        raise ValueError("there is nothing to evaluate: the data set is empty")
    if not hasattr(dataset, "targets"):
        return create_batch(dataset)  # of the five operations: others come as Examples, which say their task
    tokens = np.asarray(dataset.tokens)
    mask = getattr(dataset, "mask", None)
    return tokens, np.asarray(dataset.targets), tokens != PAD if mask is None else np.asarray(mask)


def evaluate(model, dataset, batch_size=1024):
    """Ask `model.predict(tokens, mask)` for every expression of a data set → Evaluation.

    `dataset` is a list of (token ids, answer id), or has arrays tokens (N, T), targets (N,) and perhaps mask (N, T), as
    `expression_space` and an Evaluation have. `batch_size` bounds the memory and changes nothing else.
    ValueError where the data set is empty or `batch_size` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is a number of expressions, at least 1; got {batch_size}")
    tokens, targets, mask = dataset_arrays(dataset)
    starts = range(0, len(targets), batch_size)
    answers = [model.predict(tokens[i : i + batch_size], mask[i : i + batch_size]) for i in starts]
    return Evaluation(tokens, mask, targets, np.concatenate(answers), task_of(dataset))


def accuracy_per_operation(evaluation):
    """One OperationAccuracy for each operation of the task, in its order, those that do not occur with total 0."""
    names, operations = evaluation.task.names, evaluation.operations
    parts = [evaluation.select(operations == index) for index in range(len(names))]
    return [
        OperationAccuracy(operation, int(part.correct.sum()), len(part), part.accuracy, *part.interval)
        for operation, part in zip(names, parts, strict=True)
    ]


def confusion_matrix(evaluation):
    """(10, 11) counts: rows the true digit, columns the predicted digit; column OTHER = 10 counts all other tokens.

    ValueError where a right answer is not a digit.
    """
    truth, answer = evaluation.targets - DIGITS[0], evaluation.predictions - DIGITS[0]
    if np.any((truth < 0) | (truth >= len(DIGITS))):
        raise ValueError("every right answer must be a digit; parse_expression and the data sets make only such")
    counts = np.zeros((len(DIGITS), len(DIGITS) + 1), dtype=int)
    np.add.at(counts, (truth, np.where((answer < 0) | (answer >= len(DIGITS)), OTHER, answer)), 1)
    return counts
