"""How often a training drew an expression. Draws are with replacement: of a side that was there to be trained on, some
expressions come up several times and some never (about one in seven, by default)."""

from functools import lru_cache

import numpy as np

from tinyformer.task.datasets import SIDES, distinct_rows, draw
from tinyformer.task.expressions import FRAME
from tinyformer.task.training_data import prepare_data
from tinyformer.task.vocabulary import PAD

MOST_TOKENS = 6_000_000  # in all the draws of a training, to be counted: a million draws of three numbers, some seconds


def times_drawn(config, tokens, mask, sides):
    """TrainingConfig, tokens (N, T), mask (N, T), sides (N,) index into SIDES → (N,) draws in the training set.

    Each draw was seen once an epoch. A split by draw knows no sides: there, what is called held out has draws, too.
    None where it is not counted: of more than MOST_TOKENS, or where the training cannot have been.
    """
    if config.num_examples * (config.num_args_range[1] + FRAME) > MOST_TOKENS:
        return None
    try:
        counts = _training_set(config) if is_cut_otherwise(config) else _draws(config)
    except ValueError:  # no training has an empty side
        return None
    found = _looked_up(counts, tokens, mask)
    if not is_cut_otherwise(config):
        found[np.asarray(sides) != SIDES.index("train")] = 0
    return found


def chose_the_best(config, tokens, mask):
    """The same expressions → (N,) bool: whether they are in the validation set, by which the best epoch was chosen.

    Of a training of which `times_drawn` is known. Not the whole side is, where it is too large to be listed.
    """
    try:
        return _looked_up(_validation_set(config), tokens, mask) > 0
    except ValueError:  # no training has an empty side
        return np.zeros(len(tokens), bool)


def _looked_up(counts, tokens, mask):
    rows = np.asarray(tokens, np.uint8)
    return np.array([counts.get(row[keep].tobytes(), 0) for row, keep in zip(rows, mask, strict=True)], dtype=int)


def is_cut_otherwise(config):
    """The training set is not all the draws of the training side."""
    return config.split_by != "expression" or config.train_limit is not None


@lru_cache(maxsize=8)
def _draws(config):
    """{tokens: draws} of all that was drawn, on whatever side: sides cost a hash each, and whoever asks has them."""
    return _counted(draw(config.num_examples, config.num_args, config.max_value, config.data_seed, config.task)[0])


@lru_cache(maxsize=8)
def _training_set(config):
    return _counted(prepare_data(config).train.tokens)


@lru_cache(maxsize=8)
def _validation_set(config):
    return _counted(prepare_data(config).validation.tokens)


def _counted(tokens):
    """(N, T) uint8, padded → {the tokens of a row as bytes: how many rows}."""
    first, each = distinct_rows(tokens)
    rows = (row.tobytes().rstrip(bytes([PAD])) for row in tokens[first])
    return dict(zip(rows, np.bincount(each).tolist(), strict=True))
