"""Probes: what a linear read-out knows of each number, at each token and stage. Alain & Bengio (2017).

Ridge regression on the digits as one-hot, fitted on half of an expression sample and judged on the other half. No row
of numbers is in both, under whatever operation: else a probe could learn rows by heart. Beside it stand two nulls. The
control, numbers that were shuffled among the expressions (after Hewitt & Liang 2019): what a probe of this size gets
without anything to know. And untrained models of the same shape: random weights mix numbers into every row, and a probe
reads them there. What can be read is not yet what is used.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.components import chunks
from tinyformer.interpret.logit_lens import stage_names
from tinyformer.interpret.nulls import SEEDS
from tinyformer.interpret.sampling import random_sample
from tinyformer.interpret.trace import trace
from tinyformer.transformer import Transformer

ASKED, SEED, RIDGE = 2000, 0, 1e-3  # expressions; of what is random; of the mean square of a feature
UNTRAINED = SEEDS[:3]


class Probes(NamedTuple):
    """Shares of right answers on the half that was not fitted."""

    stages: tuple[str, ...]  # S names of the residual stream
    right: np.ndarray  # (S, T, n, 1 + O): of each of n numbers, over all operations and by operation
    control: np.ndarray  # (S, T, n, 1 + O): of shuffled numbers, on the same expressions
    names: tuple[str, ...]  # of the O operations


def probe_steps(model, space, count=ASKED, seed=SEED):
    """A generator that yields the share that is done and returns Probes, on a random sample of a space."""
    some, rng, stages = random_sample(space, count, seed), np.random.default_rng(seed), stage_names(model.config)
    numbers = some.numbers  # (N, n)
    rows, row_of = np.unique(numbers, axis=0, return_inverse=True)
    fitted = rng.permutation(len(rows))[row_of.ravel()] < len(rows) // 2
    shuffled = numbers[_order_within(fitted, rng)]
    labels = np.concatenate([numbers, shuffled], axis=1)  # (N, 2n)
    streams = [[] for _ in stages]
    for chunk in chunks(len(some.tokens)):
        values = trace(model, some.tokens[chunk])
        for stream, stage in zip(streams, stages, strict=True):
            stream.append(values[stage])
    right = np.empty((len(stages), some.tokens.shape[1], labels.shape[1], 1 + len(some.names)))
    groups = [~fitted, *(~fitted & (some.operations == index) for index in range(len(some.names)))]
    for number, stream in enumerate(streams):
        stream = np.concatenate(stream).astype(np.float64)
        for token in range(stream.shape[1]):
            hits = _read(stream[:, token], labels, fitted) == labels
            right[number, token] = np.stack([_mean(hits[rows]) for rows in groups], axis=-1)
        yield (number + 1) / len(streams)
    n = numbers.shape[1]
    return Probes(stages, right[:, :, :n], right[:, :, n:], some.names)


def untrained_steps(config, space):
    """A generator that yields the share that is done and returns Probes.right of three untrained models, (3, …)."""
    found = []
    for seed in UNTRAINED:
        found.append((yield from probe_steps(Transformer(config, seed=seed), space)).right)
    return np.array(found)


def _mean(hits):
    return hits.mean(axis=0) if len(hits) else np.full(hits.shape[1], np.nan)


def _order_within(fitted, rng):
    """An order of all rows that shuffles those of each half among themselves."""
    order = np.arange(len(fitted))
    for half in (fitted, ~fitted):
        order[half] = rng.permutation(order[half])
    return order


def _read(x, labels, fitted):
    """x (N, D), labels (N, m) digits → (N, m): the digits that a ridge regression on the fitted rows gives."""
    x = np.column_stack([x - x[fitted].mean(axis=0), np.ones(len(x))])
    one_hot = np.eye(10)[labels[fitted]].reshape(fitted.sum(), -1)  # (N/2, 10 m)
    square = x[fitted].T @ x[fitted]
    square[np.diag_indices(len(square))] += RIDGE * np.trace(square) / len(square)
    weights = np.linalg.solve(square, x[fitted].T @ one_hot)
    return (x @ weights).reshape(len(x), -1, 10).argmax(axis=-1)
