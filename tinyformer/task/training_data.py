"""The three sets of a training, as arrays: what it learns from, what chooses its best weights, what it is judged by.

When all expressions have two or three numbers, validation and test set are *every* expression of their side, drawn or
not: the same ones the Evaluate page and `python -m tinyformer evaluate` count. Longer ones are too many: then they are
the distinct expressions of their side that were drawn.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.task.datasets import SIDES, create_batch, expression_space, generate_tokenized_dataset, split_dataset
from tinyformer.task.vocabulary import PAD


class Examples(NamedTuple):
    """A data set as arrays. N expressions, T tokens in the longest."""

    tokens: np.ndarray  # (N, T), padded
    targets: np.ndarray  # (N,)
    mask: np.ndarray  # (N, T), True = a token

    def take(self, indices):
        """These expressions, padded no further than the longest of them needs."""
        mask = self.mask[indices]
        longest = int(mask.sum(axis=1).max())
        return Examples(self.tokens[indices, :longest], self.targets[indices], mask[:, :longest])


class TrainingData(NamedTuple):
    train: Examples
    validation: Examples
    test: Examples


def prepare_data(config):
    """TrainingConfig → TrainingData. Raises ValueError if a side stays empty."""
    drawn = generate_tokenized_dataset(config.num_examples, config.num_args, config.max_value, seed=config.data_seed)
    if config.split_by == "draw":
        parts = _split_by_draw(drawn, config)
    else:
        parts = split_dataset(drawn, config.data_seed, config.shares)
    train, validation, test = parts
    if config.train_limit is not None:
        train = _limit_distinct(train, config.train_limit)
    for side, part in zip(SIDES, (train, validation, test), strict=True):
        if not part:
            raise ValueError(f"{config.num_examples} examples leave the {side} side empty; draw more")
    low, high = config.num_args_range
    if config.split_by == "expression" and low == high <= 3:
        held_out = [_whole_side(config, side) for side in (1, 2)]
    else:
        held_out = [_as_examples(_distinct(part)) for part in (validation, test)]
    return TrainingData(_as_examples(train), *held_out)


def _whole_side(config, side):
    space = expression_space(config.num_args_range[0], config.data_seed, config.shares)
    chosen = (space.sides == side) & (space.numbers.max(axis=1) <= config.max_value)
    tokens = space.tokens[chosen]
    return Examples(tokens, space.targets[chosen], tokens != PAD)


def _split_by_draw(drawn, config):
    """The classic mistake, kept for the experiment that shows it: one expression lands on several sides."""
    first = round(len(drawn) * config.shares[0])
    second = first + round(len(drawn) * config.shares[1])
    return drawn[:first], drawn[first:second], drawn[second:]  # draws come in random order


def _distinct(examples):
    """Each expression once, in order of appearance."""
    return list({tuple(tokens): (tokens, answer) for tokens, answer in examples}.values())


def _limit_distinct(examples, limit):
    """All draws of the first `limit` distinct expressions."""
    kept = {tuple(tokens) for tokens, _ in _distinct(examples)[:limit]}
    return [(tokens, answer) for tokens, answer in examples if tuple(tokens) in kept]


def _as_examples(examples):
    tokens, targets, mask = create_batch(examples)
    return Examples(tokens, targets, mask)
