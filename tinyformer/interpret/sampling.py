"""Expressions to average over where not all can be asked: drawn at random, since a space is sorted.

Every tenth expression of a space is "third number 0".
"""

import numpy as np

from tinyformer.task.datasets import drawn_space, expression_space, generate_tokenized_dataset
from tinyformer.task.task import DEFAULT_TASK

LISTED, DRAWN = 3, 2000  # up to so many numbers all expressions are taken, beyond it so many are drawn


def random_sample(space, count, seed=0):
    """`count` of a space's expressions, drawn at random without replacement, in the order of the space."""
    rows = np.random.default_rng(seed).choice(len(space.tokens), min(count, len(space.tokens)), replace=False)
    rows.sort()
    return space._replace(**{name: getattr(space, name)[rows] for name in space._fields[:5]})


def space_of_task(task):
    """The ExpressionSpace of a Task, with the operations that occur in it: a table may have other lengths only."""
    space = expression_space(task.space_length, task=task)
    there = np.unique(space.operations)
    names = tuple(space.names[index] for index in there)
    return (
        space
        if names == space.names
        else space._replace(operations=np.searchsorted(there, space.operations), names=names)
    )


def space_of_length(num_args, task=DEFAULT_TASK):
    """ExpressionSpace of `num_args` numbers: all there are of up to four, else 1,000 of each rule drawn at random."""
    return expression_space(num_args, task=task) if num_args <= 4 else drawn_space(num_args, 1000, task=task)


def tokens_of_length(num_args, seed=0, task=DEFAULT_TASK):
    """(N, T) expressions of `num_args` numbers: all there are of two or three, else 2,000 drawn at random."""
    if num_args <= LISTED:
        return expression_space(num_args, task=task).tokens
    return np.array([tokens for tokens, _ in generate_tokenized_dataset(DRAWN, num_args, seed=seed, task=task)])
