"""What a split by draw hides: how a model does on expressions it really never trained on.

Split by draw, one expression lands on several sides, and the test set has many that were learned by heart.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.evaluate import Evaluation, evaluate
from tinyformer.evaluation.intervals import wilson_interval
from tinyformer.task.datasets import expression_space
from tinyformer.task.training_data import prepare_data


class Leak(NamedTuple):
    """The test set as the training took it, and all expressions that the training set does not have."""

    test: Evaluation
    known: int  # expressions of the test set that were trained on
    never_trained_on: Evaluation

    @property
    def interval(self):
        """(low, high): what the test leaves open about the accuracy, if one believes it."""
        return wilson_interval(int(self.test.correct.sum()), len(self.test))

    @property
    def flatters(self):
        """Whether the test rules out the accuracy on what was never trained on, as too low."""
        return self.never_trained_on.accuracy < self.interval[0]


def measure_leak(model, config):
    """Leak of a model that was trained with this TrainingConfig. ValueError unless it has 2 or 3 numbers throughout."""
    fewest, most = config.num_args_range
    if fewest != most or most > 3:
        raise ValueError("with more than three numbers, or a mixture, the expressions are too many to ask them all")
    data, space = prepare_data(config), expression_space(fewest, task=config.task)
    trained_on = set(map(tuple, np.unique(data.train.tokens, axis=0).tolist()))
    new = np.array([tuple(tokens) not in trained_on for tokens in space.tokens.tolist()])
    new &= space.numbers.max(axis=1) <= config.max_value
    test = evaluate(model, data.test)
    known = sum(tuple(tokens) in trained_on for tokens in data.test.tokens.tolist())
    return Leak(test, known, evaluate(model, space).select(new))
