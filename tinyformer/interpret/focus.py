"""How the operations differ in focus: whether a head looks more evenly for Max and Min, or more narrowly.

The measure is the normalized entropy of a row. Of a head, `difference` is its mean over operations that ask for a
content (Max, Min) minus its mean over those that ask for a place (First, Second, Last). One rule for both directions:
it is "more evenly" where the difference is at least the level, "more narrowly" where it is at most minus the level.
The level is what untrained heads do not reach, and at least 0.1: see `nulls`.

Beside it stands how much of the variance of the entropy is explained by the layer alone, the operation alone, and both
together: shares of the total sum of squares.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.patterns import FIRST
from tinyformer.interpret.roles import asks_for_content, asks_for_place


class Focus(NamedTuple):
    """Of L layers with H heads each. Counted on every expression, so without intervals."""

    per_operation: np.ndarray  # (L, H, O) mean normalized entropy
    difference: np.ndarray  # (L, H): content minus place; nan where the space lacks one of the two kinds
    explained: dict  # "layer", "operation", "layer and operation" → share of the variance of entropy

    def counts(self, levels):
        """levels (L,) → [(heads that look more evenly for Max and Min, heads that look more narrowly)] by layer."""
        return [
            (int((row >= level).sum()), int((row <= -level).sum()))
            for row, level in zip(self.difference, levels, strict=True)
        ]


def focus(patterns, rows=FIRST):
    """SpacePatterns → Focus, of the first token's row, or of all rows that are read."""
    entropy, operations = patterns.entropy(rows), patterns.space.operations  # (L, N, H), (N,)
    means = patterns.per_operation(entropy)
    picks = np.array([asks_for_place(name) for name in patterns.space.names])
    compares = np.array([asks_for_content(name) for name in patterns.space.names])
    both = picks.any() and compares.any()
    difference = (
        means[..., compares].mean(axis=-1) - means[..., picks].mean(axis=-1) if both else means[..., 0] * np.nan
    )
    cells = np.array([entropy[:, operations == i].mean(axis=(1, 2)) for i in range(len(picks))])  # (O, L)
    share = {"layer": cells.mean(axis=0), "operation": cells.mean(axis=1), "layer and operation": cells}
    total = entropy.var()  # the operations are equally frequent
    return Focus(means, difference, {name: float(m.var() / total) if total else 0.0 for name, m in share.items()})
