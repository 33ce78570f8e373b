"""Accuracy against the number of arguments, at trained lengths and beyond them, on expressions of the test side.

With two or three numbers these are all expressions of that side; longer ones are too many and are drawn.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.evaluate import evaluate
from tinyformer.task.datasets import DATA_SEED, SHARES, SIDES, expression_space, generate_tokenized_dataset, side_of
from tinyformer.task.expressions import FRAME
from tinyformer.task.task import DEFAULT_TASK
from tinyformer.task.training_data import Examples
from tinyformer.task.vocabulary import PAD

LENGTHS = tuple(range(2, 9))
DRAWN = 1_000  # expressions per length, where they are not all taken
MOST_DRAWS, MOST_AT_ONCE = 200_000, 20_000  # looked through for them: of a small test side, there may be fewer


class LengthAccuracy(NamedTuple):
    """One row of `accuracy_by_length`; low and high are the 95 % Wilson interval."""

    num_args: int
    trained: bool  # the model saw expressions of this length in training
    correct: int
    total: int
    accuracy: float
    low: float
    high: float
    loss: float  # mean cross-entropy in nats
    confidence: float  # mean probability of the answer given


def accuracy_by_length(model, training=None, lengths=LENGTHS, count=DRAWN):
    """A model and its TrainingConfig (None: untrained) → a LengthAccuracy for each length that fits into the model
    and of which an expression is held out."""
    data_seed, shares = (training.data_seed, training.shares) if training else (DATA_SEED, SHARES)
    task = training.task if training else DEFAULT_TASK
    fewest, most = training.num_args_range if training else (0, -1)
    rows = []
    for length in lengths:
        if length + 3 > model.config.max_seq_len or not task.has_length(length):
            continue
        asked = held_out(length, count, data_seed, tuple(shares), task)
        if not len(asked.targets):
            continue
        result = evaluate(model, asked)
        counts = (int(result.correct.sum()), len(result), result.accuracy, *result.interval)
        rows.append(
            LengthAccuracy(length, fewest <= length <= most, *counts, result.loss, float(result.confidence.mean()))
        )
    return rows


@lru_cache(maxsize=32)
def held_out(num_args, count=DRAWN, data_seed=DATA_SEED, shares=SHARES, task=DEFAULT_TASK):
    """Different expressions of the test side with `num_args` numbers → Examples: all of them up to 3 numbers, else
    `count` that are drawn evenly, or as many as are found; of tables, all. The same arguments give the same ones."""
    if num_args <= 3 or len(task.listed) == len(task.operations):
        space = expression_space(num_args, data_seed, shares, task)
        chosen = space.sides == SIDES.index("test")
        tokens, targets = space.tokens[chosen], space.targets[chosen]
    else:
        found = {}
        seed, at_once = data_seed, max(1, min(int(count / shares[2]), MOST_AT_ONCE))
        for _ in range(MOST_DRAWS // at_once):
            if len(found) == count:
                break
            seed = (seed + 1_000_003 * num_args) % 2**63  # other draws than those of a training
            for ids, answer in generate_tokenized_dataset(at_once, num_args, seed=seed, task=task):
                if len(found) < count and side_of(ids, data_seed, shares, task) == "test":
                    found[tuple(ids)] = answer
        tokens = np.array(list(found), int).reshape(-1, num_args + FRAME)
        targets = np.array(list(found.values()), int)
    return Examples(tokens, targets, tokens != PAD, task)
