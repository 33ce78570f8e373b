"""What one gets without a transformer. A baseline is an Evaluation, so it stands in every table a model is in."""

import numpy as np

from tinyformer.evaluation.evaluate import dataset_arrays, evaluate
from tinyformer.task.task import task_of
from tinyformer.task.vocabulary import DIGITS


def most_frequent_answer(train, test):
    """Answer each operation with the digit that was its answer most often in `train` → Evaluation of `test`.

    The probabilities are the answers' shares in `train`, so the loss is that of somebody who knows nothing but the
    operation. Ties go to the smaller digit. An operation that `train` does not have gets the shares over all of them.
    Both data sets are what `evaluate` takes; ValueError where one is empty.
    """
    tokens, targets, _ = dataset_arrays(train)
    V = task_of(train).vocab_size
    counts = np.zeros((V, V))  # first token, answer
    np.add.at(counts, (tokens[:, 0], targets), 1)
    counts[counts.sum(axis=1) == 0] = counts.sum(axis=0)
    return evaluate(_Rule(lambda tokens: counts[tokens[:, 0]]), test)


def copy_first(test):
    """Answer with the first number, whatever the operation → Evaluation of `test`.

    It is always certain, so its loss says only how often it is wrong (87.3 nats each time): show its accuracy.
    """
    one_hot = np.eye(task_of(test).vocab_size)
    return evaluate(_Rule(lambda tokens: _first_number(tokens, one_hot)), test)


def _first_number(tokens, one_hot):  # (B, T) → (B, V), 1 at the first digit
    is_digit = (tokens >= DIGITS[0]) & (tokens <= DIGITS[-1])
    return one_hot[tokens[np.arange(len(tokens)), is_digit.argmax(axis=1)]]


class _Rule:
    """A function of the tokens that gives each answer a weight, behind a model's `predict`."""

    def __init__(self, weights):
        self.weights = weights

    def predict(self, tokens, mask=None):
        weights = self.weights(tokens)  # (B, V)
        return weights / weights.sum(axis=1, keepdims=True)
