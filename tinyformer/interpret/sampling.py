"""Expressions to average over where not all can be asked: drawn at random, since a space is sorted.

Every tenth expression of a space is "third number 0".
"""

import numpy as np

from tinyformer.task.datasets import expression_space, generate_tokenized_dataset

LISTED, DRAWN = 3, 2000  # up to so many numbers all expressions are taken, beyond it so many are drawn


def random_sample(space, count, seed=0):
    """`count` of a space's expressions, drawn at random without replacement, in the order of the space."""
    rows = np.random.default_rng(seed).choice(len(space.tokens), min(count, len(space.tokens)), replace=False)
    rows.sort()
    return space._replace(**{name: getattr(space, name)[rows] for name in space._fields[:5]})


def tokens_of_length(num_args, seed=0):
    """(N, T) expressions of `num_args` numbers: all 500 or 5,000 of two or three, else 2,000 drawn at random."""
    if num_args <= LISTED:
        return expression_space(num_args).tokens
    return np.array([tokens for tokens, _ in generate_tokenized_dataset(DRAWN, num_args, seed=seed)])
