"""How the rows of an embedding lie to each other."""

import numpy as np


def cosine_similarities(rows):
    """rows (N, D) → (N, N): the cosine of the angle between each two, 1 on the diagonal."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    directions = rows / np.maximum(lengths, 1e-12)
    return directions @ directions.T


def dot_products(rows):
    """rows (N, D) → (N, N)."""
    return rows @ rows.T


def neighbor_similarity(similar):
    """similar (N, N) → the mean over neighbors, i and i + 1, and the mean over all pairs of different rows."""
    N = len(similar)
    return float(np.diagonal(similar, 1).mean()), float((similar.sum() - np.trace(similar)) / (N * (N - 1)))
