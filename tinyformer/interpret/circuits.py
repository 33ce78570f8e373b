"""Two models with the same accuracy: do they do it with the same heads?

Similarity of two heads: the attention they have in common, Σ over keys of min(p, q), averaged over all expressions and
all rows that count. 1 means equal patterns, 0 that they never look at the same token. Within a layer, heads are
matched one to one so that the total similarity is largest (the assignment problem).
"""

from typing import NamedTuple

import numpy as np

SHARED_FROM = 0.75  # at least three quarters of the attention falls on the same tokens


class Match(NamedTuple):
    layer: int
    first: int  # head of the first model
    second: int  # head of the second
    similarity: float

    @property
    def shared(self):
        return self.similarity >= SHARED_FROM


def head_similarity(first, second, layer):
    """(H, H'): the attention that a head of `first` and one of `second` (SpacePatterns) have in common, 0 to 1."""
    p, q = first.rows_that_count(layer), second.rows_that_count(layer)
    if p.shape[0] != q.shape[0] or p.shape[2:] != q.shape[2:]:
        raise ValueError(f"the patterns must be of the same expressions and rows, got {p.shape} and {q.shape}")
    common = [[np.minimum(p[:, i], q[:, j]).sum(axis=-1) for j in range(q.shape[1])] for i in range(p.shape[1])]
    return np.array([[rows.mean(dtype=np.float64) for rows in line] for line in common])


def match_heads(first, second):
    """[Match, …] for all blocks that both models have; in a block with more heads on one side, some stay alone."""
    matches = []
    for layer in range(min(len(first.weights), len(second.weights))):
        similarity = head_similarity(first, second, layer)
        pairs = best_assignment(similarity)
        matches += [Match(layer, i, j, float(similarity[i, j])) for i, j in pairs]
    return matches


def best_assignment(gain):
    """gain (n, m) → min(n, m) pairs (row, column), none used twice, with the largest total. Kuhn–Munkres, O(n² m)."""
    gain = np.asarray(gain, np.float64)
    if gain.shape[0] > gain.shape[1]:
        return sorted((row, column) for column, row in best_assignment(gain.T))
    cost = gain.max() - gain
    n, m = cost.shape
    row_price, column_price = np.zeros(n + 1), np.zeros(m + 1)
    owner = np.zeros(m + 1, int)  # row (from 1) that holds a column (from 1); column 0 is where a search starts
    for row in range(1, n + 1):
        owner[0], column = row, 0
        slack, came_from, seen = np.full(m + 1, np.inf), np.zeros(m + 1, int), np.zeros(m + 1, bool)
        while owner[column]:
            seen[column] = True
            reduced = cost[owner[column] - 1] - row_price[owner[column]] - column_price[1:]
            better = ~seen[1:] & (reduced < slack[1:])
            slack[1:][better], came_from[1:][better] = reduced[better], column
            nearest = int(np.where(seen, np.inf, np.r_[np.inf, slack[1:]]).argmin())
            step = slack[nearest]
            row_price[owner[seen]] += step
            column_price[seen] -= step
            slack[~seen] -= step
            column = nearest
        while column:  # hand the columns on, back along the path
            owner[column] = owner[came_from[column]]
            column = came_from[column]
    return sorted((int(owner[column]) - 1, column - 1) for column in range(1, m + 1) if owner[column])
