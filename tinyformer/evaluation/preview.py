"""What an operation asks, before anything is trained: examples, its answers, and what two baselines would get."""

from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.report import baselines
from tinyformer.task.datasets import SIDES, expression_space
from tinyformer.task.expressions import Expression
from tinyformer.task.task import Task
from tinyformer.task.training_data import Examples
from tinyformer.task.vocabulary import DIGITS, PAD


class Preview(NamedTuple):
    examples: list[Expression]  # drawn at random, all different
    answers: np.ndarray  # (10,) how many of all expressions have this answer
    baselines: dict[str, float]  # name of a rule without a model → its accuracy on the test side


def preview(operation, num_args=3, count=10, seed=0):
    """An Operation, or several as a Task → Preview of all expressions of `num_args` numbers, of a table those nearest.

    The baselines learn from the training side. Of a table that is too short for sides there are none.
    """
    task = operation if isinstance(operation, Task) else Task((operation,))
    space = expression_space(num_args if task.has_length(num_args) else task.space_length, task=task)
    chosen = np.random.default_rng(seed).permutation(len(space.targets))[:count]
    examples = [Expression(task.names[space.operations[i]], tuple(space.numbers[i].tolist()), task) for i in chosen]
    answers = np.bincount(space.targets - DIGITS[0], minlength=len(DIGITS))
    train, test = (_side(space, side) for side in ("train", "test"))
    rules = baselines(train, test) if len(train.targets) and len(test.targets) else {}
    return Preview(examples, answers, {name: rule.accuracy for name, rule in rules.items()})


def _side(space, side):
    chosen = space.sides == SIDES.index(side)
    tokens = space.tokens[chosen]
    return Examples(tokens, space.targets[chosen], tokens != PAD, space.task)
