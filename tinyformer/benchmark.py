"""How fast, without peers: a step, the way to 99 %, the whole space, the memory, and how a step's cost grows.

Times are medians on one core. `tests/benchmarks/training_step.py` compares with PyTorch and JAX.
"""

import time
from statistics import median
from typing import NamedTuple

import numpy as np

from tinyformer.configuration import SIZES, TrainingConfig, TransformerConfig
from tinyformer.evaluation.evaluate import evaluate
from tinyformer.loss import CrossEntropyLoss
from tinyformer.optimizer import Adam
from tinyformer.task.datasets import expression_space
from tinyformer.task.training_data import prepare_data
from tinyformer.training import Trainer, train_step
from tinyformer.transformer import Transformer

VALIDATE_EVERY = 25  # steps, on the way to 99 %


def step_milliseconds(config=None, batch_size=32, length=6, repeats=7, steps=20):
    """The median time of one training step on expressions of `length` tokens."""
    config = config or TransformerConfig()
    model = Transformer(config, seed=0)
    optimizer, loss_fn = Adam(model.get_parameters), CrossEntropyLoss()
    tokens = np.random.default_rng(0).integers(2, 12, (batch_size, length))
    targets = tokens[:, -1]

    def run(count):
        started = time.perf_counter()
        for _ in range(count):
            train_step(model, tokens, targets, loss_fn, optimizer)
        return (time.perf_counter() - started) / count * 1e3

    run(5)
    return median(run(steps) for _ in range(repeats))


class TimeToAccuracy(NamedTuple):
    seconds: float | None  # of training, validation not counted; None if it was not reached
    steps: int


def time_to_accuracy(config, target=0.99):
    """Train until the accuracy on the validation side reaches `target`, looked at every 25 steps."""
    trainer, seconds = Trainer(config), 0.0
    for record in trainer.records():
        seconds += record.seconds
        if record.step % VALIDATE_EVERY == 0 and evaluate(trainer.model, trainer.data.validation).accuracy >= target:
            return TimeToAccuracy(seconds, record.step)
    return TimeToAccuracy(None, trainer.step)


def whole_space_seconds(model, repeats=5):
    """The median time to answer all 5,000 expressions of three digits that the five operations have."""
    space = expression_space(3)

    def run():
        started = time.perf_counter()
        evaluate(model, space)
        return time.perf_counter() - started

    run()
    return median(run() for _ in range(repeats))


def peak_megabytes():
    """The largest resident memory this process has had, in MB; None where the system does not tell (Windows)."""
    try:
        import resource
        import sys
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


class Cost(NamedTuple):
    """One row of `costs`: what was changed from the default, and what a step then takes."""

    what: str
    value: int
    milliseconds: float
    ratio: float  # to the default


def costs():
    """Yield how the cost of a step grows with depth, width, length and batch, one at a time."""
    default = step_milliseconds()

    def row(what, value, **changes):
        length, batch_size = changes.pop("length", 6), changes.pop("batch_size", 32)
        milliseconds = step_milliseconds(TransformerConfig(**changes), batch_size, length, repeats=5, steps=8)
        return Cost(what, value, milliseconds, milliseconds / default)

    yield Cost("default", 0, default, 1.0)
    for layers in (1, 4, 8):
        yield row("blocks", layers, num_layers=layers)
    for width in (32, 128, 256):
        yield row("width", width, embed_dim=width, ffn_dim=4 * width)
    for length in (12, 24, 48):
        yield row("tokens", length, length=length)
    for batch_size in (8, 128, 512):
        yield row("batch", batch_size, batch_size=batch_size)


def data_seconds():
    """Yield (number of draws, seconds to draw, split and pad them) for each size."""
    for num_examples in SIZES.values():
        started = time.perf_counter()
        prepare_data(TrainingConfig(num_examples=num_examples))
        yield num_examples, time.perf_counter() - started
