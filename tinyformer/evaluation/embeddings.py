"""The geometry of the digits' embeddings: does the model know that 8 is next to 9?

Shapes: N vectors of width D. Nothing of this is used in training.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.task.vocabulary import DIGITS


class NumberSense(NamedTuple):
    """Spearman's correlation of the distance of two embeddings with the distance of their numbers, over 45 pairs."""

    correlation: float  # 1: the order of all distances is that of the numbers; 0: nothing
    by_chance: float  # the share of random renumberings of the digits that correlate at least as well


def digit_embeddings(model):
    """(10, D) float64: the vectors of the digits 0 to 9, before positions are added."""
    return model.named_parameters()["embedding.weight"][list(DIGITS)].astype(np.float64)


def cosine_similarity(vectors):
    """(N, D) → (N, N) in [-1, 1]; a vector of length 0 is similar to nothing, 0."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors / np.where(lengths == 0, 1, lengths)
    return np.clip(unit @ unit.T, -1, 1)


def distances(vectors):
    """(N, D) → (N, N) Euclidean."""
    return np.linalg.norm(vectors[:, None] - vectors[None], axis=2)


def principal_components(vectors, count=2):
    """(N, D) → coordinates (N, count), and the shares of the variance that these axes carry (count,).

    The sign of an axis is arbitrary: it is chosen so that the last vector's coordinate is not below the first one's.
    """
    centered = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centered, full_matrices=False)
    coordinates = u[:, :count] * s[:count]
    coordinates *= np.where(coordinates[-1] < coordinates[0], -1, 1)
    return coordinates, s[:count] ** 2 / max((s**2).sum(), np.finfo(float).tiny)


def rank_correlation(a, b):
    """Spearman's: Pearson's correlation of the ranks, equal values sharing their mean rank; nan if one is constant."""
    a, b = _ranks(a), _ranks(b)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else float("nan")


def number_sense(vectors, renumberings=2000, seed=0):
    """(N, D) vectors of the numbers 0 … N-1 → NumberSense. `by_chance` is a permutation test (Mantel 1967)."""
    numbers = np.arange(len(vectors))
    upper = np.triu_indices(len(vectors), 1)
    apart = distances(vectors)
    found = rank_correlation(apart[upper], (numbers[upper[1]] - numbers[upper[0]]))
    ranks = np.zeros_like(apart)  # of the pairs' distances, so that a renumbering only picks
    ranks[upper] = _ranks(apart[upper])
    ranks += ranks.T
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(len(vectors)) for _ in range(renumberings)])
    renumbered = ranks[orders[:, upper[0]], orders[:, upper[1]]]  # (renumberings, pairs)
    steps = _ranks(numbers[upper[1]] - numbers[upper[0]])
    products = (renumbered - renumbered.mean(axis=1, keepdims=True)) @ (steps - steps.mean())
    reached = products >= (ranks[upper] - ranks[upper].mean()) @ (steps - steps.mean()) - 1e-9
    return NumberSense(found, float((reached.sum() + 1) / (renumberings + 1)))  # the order found counts as one


def _ranks(values):
    """Ranks from 0; equal values get the mean of theirs."""
    _, place, counts = np.unique(np.asarray(values, dtype=float), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts + 1) / 2)[place.ravel()]
