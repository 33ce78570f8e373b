"""The three sets of a training, as arrays: what it learns from, what chooses its best weights, what it is judged by.

When all expressions have two or three numbers, validation and test set are *every* expression of their side, drawn or
not: the same ones the Evaluate page and `python -m tinyformer evaluate` count. Longer ones are too many: then they are
the distinct expressions of their side that were drawn.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.task.datasets import SIDES, distinct_rows, draw, expression_space, sides_of
from tinyformer.task.task import DEFAULT_TASK, Task
from tinyformer.task.vocabulary import PAD


class Examples(NamedTuple):
    """A data set as arrays. N expressions, T tokens in the longest."""

    tokens: np.ndarray  # (N, T), padded
    targets: np.ndarray  # (N,)
    mask: np.ndarray  # (N, T), True = a token
    task: Task = DEFAULT_TASK

    def take(self, indices):
        """These expressions, padded no further than the longest of them needs."""
        mask = self.mask[indices]
        longest = int(mask.sum(axis=1).max())
        tokens, targets = self.tokens[indices, :longest].astype(np.intp), self.targets[indices].astype(np.intp)
        return Examples(tokens, targets, mask[:, :longest], self.task)


class TrainingData(NamedTuple):
    """Tokens and targets have a byte each, as there may be millions of draws; `take` gives ordinary integers."""

    train: Examples
    validation: Examples
    test: Examples


def prepare_data(config):
    """TrainingConfig → TrainingData. Raises ValueError if a side stays empty."""
    tokens, targets = draw(config.num_examples, config.num_args, config.max_value, config.data_seed, config.task)
    first, each = distinct_rows(tokens)
    if config.split_by == "draw":
        parts = _split_by_draw(len(tokens), config)
    else:
        sides = sides_of(tokens[first], config.data_seed, config.shares, config.task)[each]
        parts = [np.flatnonzero(sides == side) for side in range(len(SIDES))]
    if config.train_limit is not None:
        parts[0] = _limit_distinct(parts[0], each, config.train_limit)
    for side, part in zip(SIDES, parts, strict=True):
        if not len(part):
            where = f"{config.num_examples} examples leave the {side} side empty"
            raise ValueError(f"{where}: the table is too short" if config.task.listed else f"{where}; draw more")

    def examples(part):
        longest = int((tokens[part] != PAD).sum(axis=1).max())
        cut = tokens[part, :longest]
        return Examples(cut, targets[part], cut != PAD, config.task)

    if lengths := _listable(config):
        held_out = [_whole_side(config, side, lengths) for side in (1, 2)]
    else:
        held_out = [examples(_distinct(part, each)) for part in parts[1:]]
    return TrainingData(examples(parts[0]), *held_out)


def _listable(config):
    """The numbers of numbers of expressions that are few enough to be held out whole; none if they are too many."""
    low, high = config.num_args_range
    whole_tables = len(config.task.listed) == len(config.task.operations)
    if config.split_by != "expression" or not (whole_tables or low == high <= 3):
        return ()
    return tuple(n for n in range(low, high + 1) if not whole_tables or config.task.has_length(n))


def _whole_side(config, side, lengths):
    """Every expression of a side, of these lengths, one after the other."""
    parts = []
    for length in lengths:
        space = expression_space(length, config.data_seed, config.shares, config.task)
        chosen = (space.sides == side) & (space.numbers.max(axis=1) <= config.max_value)
        tokens = np.pad(space.tokens[chosen], ((0, 0), (0, lengths[-1] - length)), constant_values=PAD)
        parts.append((tokens, space.targets[chosen]))
    tokens, targets = (np.concatenate(part).astype(np.uint8) for part in zip(*parts, strict=True))
    return Examples(tokens, targets, tokens != PAD, config.task)


def _split_by_draw(count, config):
    """The classic mistake, kept for the experiment that shows it: one expression lands on several sides."""
    first = round(count * config.shares[0])
    second = first + round(count * config.shares[1])
    return np.split(np.arange(count), [first, second])  # draws come in random order


def _distinct(part, each):
    """Of the draws at the places `part`, the first of each expression, in order of appearance."""
    return part[np.sort(np.unique(each[part], return_index=True)[1])]


def _limit_distinct(part, each, limit):
    """All draws of the first `limit` distinct expressions."""
    return part[np.isin(each[part], each[_distinct(part, each)[:limit]])]
