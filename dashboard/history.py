"""What an expression was to the training of a model: drawn, held out, never met."""

import numpy as np

from tinyformer.evaluation.drawn import times_drawn
from tinyformer.task.datasets import SIDES

NEVER_DRAWN = {"test": "held out", "validation": "validation", "train": "training side, never drawn"}
IN_WORDS = {
    "test": "never saw it: held out",
    "validation": "never trained on it, but it helped to choose the best epoch",
    "train": "never saw it: open to training, but not drawn",
}


def histories(training, evaluation, sides):
    """["held out", "trained on (2 draws)", …], one for each of the N expressions of an Evaluation.

    `training`: the model's TrainingConfig, or None where that is not known; sides (N,), index into SIDES.
    """
    draws = times_drawn(training, evaluation.tokens, evaluation.mask, sides) if training else None
    if draws is None:  # without a training, the sides are those of the default
        return [f"{SIDES[side]} side" + (", draws not counted" if training else "") for side in sides]
    return [
        f"trained on ({_draws(times)})" if times else NEVER_DRAWN[SIDES[side]]
        for side, times in zip(sides, draws, strict=True)
    ]


def history(training, expression, side):
    """The same of one Expression on this side of the model's split, as a sentence without its subject."""
    if training is None:
        return "whether it saw it in training is not known"
    fewest, most = training.num_args_range
    if not fewest <= len(expression.numbers) <= most:
        return f"never saw {len(expression.numbers)} numbers in training"
    if max(expression.numbers) > training.max_value:
        return f"never saw a number above {training.max_value} in training"
    tokens = np.array([expression.tokens])
    if side == "train" or training.split_by == "draw":
        draws = times_drawn(training, tokens, tokens >= 0, [SIDES.index(side)])
        if draws is None:
            return "may have seen it in training: its draws are not counted"
        if draws[0]:
            return f"saw it in training: {_draws(int(draws[0]))}, {training.epochs} epochs"
        return IN_WORDS["train"]
    return IN_WORDS[side]


def _draws(times):
    return f"{times} {'draw' if times == 1 else 'draws'}"
