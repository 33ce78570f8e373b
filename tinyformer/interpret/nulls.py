"""What untrained models of the same shape do: what has to be exceeded before a measure says something of a trained one.

Twenty models with the initialization of their seeds, on 1,000 expressions drawn at random. The level of a measure is
its mean over untrained heads plus six standard deviations, so that a hundred heads can be judged at once: the tails are
longer than normal ones (the largest of 320 heads lay 5.9 off). And it is never less than what is worth a word, 0.1.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.circuits import compare_heads
from tinyformer.interpret.focus import focus
from tinyformer.interpret.patterns import FIRST, READ, space_patterns
from tinyformer.interpret.roles import role_shares
from tinyformer.interpret.sampling import random_sample
from tinyformer.transformer import Transformer

SEEDS = range(9_000_000, 9_000_020)  # of nobody's model
EXPRESSIONS = 1000
NOTICEABLE, DEVIATIONS = 0.1, 6


class Nulls(NamedTuple):
    """Of the heads of all untrained models, by layer."""

    differences: dict  # rows → (L, n): Focus.difference
    shares: tuple[np.ndarray, ...]  # of each layer (n, roles): RoleShares.of_read_rows, by operation
    excess: np.ndarray  # (L, n): the best that a head finds in another model, LayerComparison.excess

    def focus_levels(self, rows=FIRST):
        """(L,)"""
        return np.array([level(np.abs(layer), around=0) for layer in self.differences[rows]])

    def role_levels(self, layer):
        """(roles,)"""
        return np.array([level(role) for role in self.shares[layer].T])

    def match_levels(self):
        """(L,)"""
        return np.array([level(layer) for layer in self.excess])


def level(values, around=None):
    """Mean plus six standard deviations of what untrained heads reach, at least 0.1. `around`: a known mean."""
    middle = values.mean() if around is None else around
    return max(NOTICEABLE, float(middle + DEVIATIONS * np.sqrt(np.mean((values - middle) ** 2))))


def null_steps(config, space):
    """A generator that yields the share that is done and returns Nulls."""
    some = random_sample(space, EXPRESSIONS)
    patterns = []
    for done, seed in enumerate(SEEDS):
        patterns.append(space_patterns(Transformer(config, seed=seed), some))
        yield (done + 1) / (2 * len(SEEDS))
    excess = []
    for done, (one, other) in enumerate(zip(patterns, patterns[1:] + patterns[:1], strict=True)):
        excess.append([layer.excess.max(axis=1) for layer in compare_heads(one, other)])
        yield (len(SEEDS) + done + 1) / (2 * len(SEEDS))
    differences = {
        rows: np.concatenate([focus(one, rows).difference for one in patterns], axis=1) for rows in (FIRST, READ)
    }
    roles = [role_shares(one) for one in patterns]
    shares = [
        np.concatenate([one.of_read_rows(layer).reshape(-1, len(one.roles)) for one in roles])
        for layer in range(config.num_layers)
    ]
    return Nulls(differences, tuple(shares), np.concatenate(excess, axis=1))


def guessing(space):
    """(O,): how often the best constant answer to each operation is right: what a model has to beat."""
    targets = [space.targets[space.operations == index] for index in range(len(space.names))]
    return np.array([np.bincount(some).max() / len(some) for some in targets if len(some)])


def beyond_guessing(accuracy, space):
    """Whether a share of right answers on the whole space is more than the best constant answers reach."""
    return bool(accuracy > guessing(space).mean())
