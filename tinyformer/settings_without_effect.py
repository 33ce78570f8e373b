"""Settings that somebody gave and that change nothing beside the others, or not what one expects: they are said.

Defaults are not mentioned, and nothing is refused: a configuration that was stored always loads.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np

from tinyformer.configuration import TransformerConfig
from tinyformer.task.training_data import prepare_data


def settings_without_effect(config, given):
    """TrainingConfig, and the names of the fields that were given → sentences, in which fields have their own names."""
    said = [_RULES[name](config) for name in sorted(given) if name in _RULES]
    return list(dict.fromkeys(filter(None, said)))


def _momentum(config):
    if config.optimizer != "sgd":
        return f"momentum has no effect: it is of sgd, and optimizer is {config.optimizer}"


def _weight_decay(config):
    if config.optimizer != "adam" and config.weight_decay:
        return f"weight_decay has no effect: it is of adam, and optimizer is {config.optimizer}"


def _decay_of(config):
    if config.optimizer != "adam" or not config.weight_decay:
        return "decay_of has no effect: it is of adam with a weight_decay above 0"


def _warmup_steps(config):
    if config.schedule != "cosine" and config.warmup_steps:
        return f"warmup_steps has no effect: it is of cosine, and schedule is {config.schedule}"
    return _learning_rate(config)


def _learning_rate(config):
    most = config.epochs * config.num_examples / config.batch_size
    clearly_shorter = config.train_limit is None and config.warmup_steps < most * config.shares[0] / 2
    if config.schedule != "cosine" or clearly_shorter or (drawn := _drawn(config)) is None:
        return None
    total = config.epochs * math.ceil(drawn[0] / config.batch_size)
    if 0 < total <= config.warmup_steps:
        return (
            f"learning_rate is reached at the end of the training or never: warmup_steps is {config.warmup_steps:,}, "
            f"and the training has {total:,} steps"
        )


def _batch_size(config):
    if config.batch_size > config.num_examples * config.shares[0] / 2 or config.train_limit is not None:
        drawn = _drawn(config)
        if drawn and config.batch_size > drawn[0]:
            return f"batch_size is larger than the training set: every step takes all of its {drawn[0]:,} expressions"


def _train_limit(config):
    drawn = config.train_limit is not None and _drawn(replace(config, train_limit=None))
    if drawn and config.train_limit >= drawn[1]:
        return f"train_limit has no effect: {drawn[1]:,} different expressions were drawn for training"


def _scale_attention(config):
    if config.model.head_dim == 1 and not config.model.scale_attention:
        return "scale_attention has no effect: the heads are 1 wide, and the root of 1 is 1"


_RULES = {
    "momentum": _momentum,
    "weight_decay": _weight_decay,
    "decay_of": _decay_of,
    "warmup_steps": _warmup_steps,
    "learning_rate": _learning_rate,
    "batch_size": _batch_size,
    "train_limit": _train_limit,
    "scale_attention": _scale_attention,
}


def _drawn(config):
    """(expressions in the training set, different ones among them), or None if a side stays empty."""
    model = TransformerConfig(max_seq_len=config.model.max_seq_len)  # all that the data know of the model
    data = ("num_examples", "num_args", "max_value", "data_seed", "shares", "split_by", "train_limit")
    return _count(type(config)(**{name: getattr(config, name) for name in data}, model=model))


@lru_cache(maxsize=64)
def _count(config):
    try:
        tokens = prepare_data(config).train.tokens
    except ValueError:
        return None
    return len(tokens), len(np.unique(tokens, axis=0))
