"""Two models with the same accuracy: do their heads look at the same tokens?

Two heads have in common Σ over keys of min(p, q) of their attention, averaged over all expressions and all rows that
are read: 1 means equal patterns, 0 that they never look at the same token. Two heads that look everywhere, or always at
one place, have much in common on *unrelated* expressions too: so the same is measured with the second model's
expressions shuffled, and what counts is the `excess`, in common on the same expressions minus on unrelated ones.

Within a layer, two heads are *matched* where each is the other's best by excess, and the excess is at least the level
(`nulls`: what heads of untrained models do not reach, and at least 0.1). A shared pattern is not yet a shared circuit.
"""

from typing import NamedTuple

import numpy as np

SHUFFLED = 0  # seed of the order in which expressions are unrelated


class HeadPair(NamedTuple):
    first: int  # head of the first model
    second: int  # head of the second
    excess: float


class LayerComparison(NamedTuple):
    common: np.ndarray  # (H, H') attention in common on the same expressions
    unrelated: np.ndarray  # (H, H') and on unrelated ones

    @property
    def excess(self):
        return self.common - self.unrelated

    def matched(self, level):
        """[HeadPair], the mutual best above the level, by head of the first model."""
        best, best_back = self.excess.argmax(axis=1), self.excess.argmax(axis=0)
        pairs = [(i, int(j)) for i, j in enumerate(best) if best_back[j] == i and self.excess[i, j] >= level]
        return [HeadPair(i, j, float(self.excess[i, j])) for i, j in pairs]


def compare_heads(first, second):
    """Two SpacePatterns of the same space → [LayerComparison] of all layers that both models have."""
    order = np.random.default_rng(SHUFFLED).permutation(len(first.space.tokens))
    compared = []
    for p, q in zip(first.weights, second.weights, strict=False):
        rows = min(p.shape[2], q.shape[2])  # where one model reads fewer rows of this layer, those
        p, q = p[:, :, :rows], q[:, :, :rows]
        compared.append(LayerComparison(in_common(p, q), in_common(p, q[order])))
    return compared


def in_common(p, q):
    """(N, H, R, T), (N, H', R, T) → (H, H'): Σ over keys of the smaller weight, averaged over expressions and rows."""
    if p.shape[0] != q.shape[0] or p.shape[2:] != q.shape[2:]:
        raise ValueError(f"the patterns must be of the same expressions and rows, got {p.shape} and {q.shape}")
    p, q = (np.ascontiguousarray(weights.swapaxes(0, 1)) for weights in (p, q))
    share = 1 / np.prod(p.shape[1:3])
    return np.array([[np.minimum(one, other).sum(dtype=np.float64) * share for other in q] for one in p])
