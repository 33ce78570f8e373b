"""Training with a bug and without: the same first weights, the same batches, two loss curves."""

import functools
import math
from typing import NamedTuple

import numpy as np

from tinyformer.configuration import TrainingConfig
from tinyformer.evaluation.evaluate import evaluate
from tinyformer.evaluation.intervals import sign_test
from tinyformer.laboratory.sabotage import BUGS, sabotage
from tinyformer.optimizer import Adam
from tinyformer.task.training_data import prepare_data
from tinyformer.training import train_step
from tinyformer.transformer import Transformer

STEPS = 300
SEEDS = (42, 123, 7, 1, 2, 3)  # six: alike in all of them is chance once in 32 times


class Curve(NamedTuple):
    losses: np.ndarray  # (steps taken,) in nats, of each batch before its step
    accuracy: float  # after the last step, on the validation side: expressions it was not trained on
    stopped: int | None  # the step at which the loss was no number any more, or None


def train_curve(key=None, num_args=3, steps=STEPS, seed=42, model_config=None):
    """Train the default model with the bug `key` (None: clean) for some steps of Adam at 1e-3 → Curve."""
    data = _data(num_args)
    model, loss_fn = sabotage(Transformer(model_config, seed=seed), key)
    optimizer = Adam(model.get_parameters, 1e-3)
    rng = np.random.default_rng([seed, 1])
    losses, stopped = [], None
    for step in range(1, steps + 1):
        batch = data.train.take(rng.integers(0, len(data.train.targets), 32))
        loss, _ = train_step(model, batch.tokens, batch.targets, loss_fn, optimizer, batch.mask)
        losses.append(loss)
        if not math.isfinite(loss):
            stopped = step
            break
    return Curve(np.array(losses), evaluate(model, data.validation).accuracy, stopped)


class Race(NamedTuple):
    """The same first weights and batches without the bug and with it, from n seeds."""

    clean: list[Curve]
    spoiled: list[Curve]

    @property
    def better(self):
        """How many of the n are right more often with the bug than without."""
        return sum(b.accuracy > a.accuracy for a, b in zip(self.clean, self.spoiled, strict=True))

    @property
    def worse(self):
        """How many of the n are right less often with the bug."""
        return sum(b.accuracy < a.accuracy for a, b in zip(self.clean, self.spoiled, strict=True))

    @property
    def chance(self):
        """How often a fair coin splits the pairs that differ at least as unevenly."""
        return sign_test(self.better, self.worse)


def race(key, steps=STEPS, seeds=SEEDS):
    """The bug `key` on the expressions on which it can show → Race."""
    num_args = BUGS[key].num_args
    curves = [(_clean(num_args, steps, seed), train_curve(key, num_args, steps, seed)) for seed in seeds]
    return Race(*map(list, zip(*curves, strict=True)))


@functools.lru_cache(maxsize=32)
def _clean(num_args, steps, seed):
    return train_curve(None, num_args, steps, seed)


@functools.cache
def _data(num_args):
    return prepare_data(TrainingConfig(num_examples=5_000, num_args=num_args))


def smoothed(losses, window=10):
    """The mean of each loss and up to window − 1 before it, of the same length."""
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    ends = np.arange(1, len(losses) + 1)
    starts = np.maximum(ends - window, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)
