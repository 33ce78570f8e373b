"""Every subset of the heads: all that suffice, and each head's share in the whole (Shapley 1953).

A head's Shapley value is its marginal contribution to a measure, averaged over all orders in which the heads could be
put back into a model without any. The values sum to measure(all heads) − measure(no head).
"""

from math import factorial
from typing import NamedTuple

import numpy as np

from tinyformer.interpret.ablation import MEASURES, ablation_steps
from tinyformer.interpret.components import CHUNK, Component, heads_of

MOST_HEADS = 10  # 1,024 subsets
ENOUGH = 0.99  # of the intact accuracy


class Subsets(NamedTuple):
    """Row i of each measure is that of the model that keeps the heads whose bits are set in i."""

    heads: tuple[Component, ...]  # n of them; head j is bit j
    means: dict  # each of MEASURES → (2^n, 1 + O): over all expressions, then over those of each operation

    @property
    def accuracy(self):
        """(2^n,)"""
        return self.means["accuracy"][:, 0]

    def kept(self, index):
        """The heads that subset number `index` keeps."""
        return [head for bit, head in enumerate(self.heads) if index >> bit & 1]


def subset_steps(model, space, replacement="mean", chunk_size=CHUNK):
    """A generator as `ablation_steps`, which returns Subsets. ValueError where there are too many heads."""
    heads = tuple(heads_of(model.config))
    if len(heads) > MOST_HEADS:
        raise ValueError(f"{len(heads)} heads have 2^{len(heads)} subsets; up to {MOST_HEADS} heads are tried")
    all_kept = (1 << len(heads)) - 1
    removed = [[head for bit, head in enumerate(heads) if not index >> bit & 1] for index in range(all_kept)]
    result = yield from ablation_steps(model, space, removed, replacement, chunk_size)
    order = [*range(1, all_kept + 1), 0]  # the intact model came first
    return Subsets(heads, {measure: result.mean(measure)[order] for measure in MEASURES})


def sufficient(subsets, share=ENOUGH):
    """The numbers of all subsets with at least `share` of the intact accuracy, fewest heads first."""
    enough = np.flatnonzero(subsets.accuracy >= share * subsets.accuracy[-1])
    return sorted(map(int, enough), key=lambda index: (index.bit_count(), -subsets.accuracy[index]))


def minimal(enough):
    """Those of the sufficient subsets from which no head can be spared: none of their proper subsets suffices."""
    return [index for index in enough if not any(other != index and other & index == other for other in enough)]


def best_per_size(subsets):
    """[(number of heads, subset, its accuracy)] from no head to all: the best subset of each size."""
    sizes = np.array([int(index).bit_count() for index in range(len(subsets.accuracy))])
    best = [np.flatnonzero(sizes == size) for size in range(len(subsets.heads) + 1)]
    best = [int(those[subsets.accuracy[those].argmax()]) for those in best]
    return [(size, index, float(subsets.accuracy[index])) for size, index in enumerate(best)]


def shapley_values(values):
    """values (2^n, …), one for each subset as a bit pattern → (n, …), which sum to values[-1] − values[0]."""
    values = np.asarray(values, np.float64)
    n = len(values).bit_length() - 1
    indices = np.arange(len(values))
    sizes = np.array([int(index).bit_count() for index in indices])
    weights = np.array([factorial(size) * factorial(n - 1 - size) / factorial(n) for size in range(n)])
    shares = []
    for bit in range(n):
        without = indices[(indices >> bit & 1) == 0]
        marginal = values[without | 1 << bit] - values[without]
        shares.append(np.tensordot(weights[sizes[without]], marginal, axes=1))
    return np.array(shares)
