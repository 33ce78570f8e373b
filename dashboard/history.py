"""What an expression was to the training of a model: drawn, held out, never met."""

import numpy as np

from tinyformer.evaluation.drawn import chose_the_best, is_cut_otherwise, times_drawn
from tinyformer.task.datasets import SIDES

HELD_OUT, CHOSE, NEVER_TRAINED_ON = "held out", "validation", "never trained on"
NEVER_DRAWN = {"validation": "validation side, never drawn", "train": "training side, never drawn"}
IN_WORDS = {
    HELD_OUT: "never saw it: held out",
    CHOSE: "never trained on it, but it helped to choose the best epoch",
    NEVER_TRAINED_ON: "never trained on it",
    NEVER_DRAWN["validation"]: "never saw it: on the validation side, but not drawn",
    NEVER_DRAWN["train"]: "never saw it: open to training, but not drawn",
}


def histories(checkpoint, evaluation, sides):
    """["held out", "trained on (2 draws)", …], one for each of the N expressions of an Evaluation.

    sides (N,), index into SIDES.
    """
    training = checkpoint.training
    draws = times_drawn(training, evaluation.tokens, evaluation.mask, sides) if training else None
    if draws is None or not has_begun(checkpoint):
        return [_of_its_side(checkpoint, SIDES[side]) for side in sides]
    chose = chose_the_best(training, evaluation.tokens, evaluation.mask)
    return [
        f"trained on ({_draws(times)})" if times else CHOSE if chosen else _untouched(training, SIDES[side])
        for side, times, chosen in zip(sides, draws, chose, strict=True)
    ]


def _of_its_side(checkpoint, side):
    """What the side of an expression tells where its draws tell nothing."""
    training = checkpoint.training
    if training is None:
        return f"{side} side"  # of the default
    if side == "test" and training.split_by == "expression":
        return HELD_OUT
    if (side == "validation" and training.split_by == "expression") or not has_begun(checkpoint):
        return NEVER_TRAINED_ON
    return f"{side} side, draws not counted"


def _untouched(training, side):
    """Of what was neither trained on nor chosen by. Sides say nothing of a training whose draws were cut otherwise."""
    return HELD_OUT if side == "test" else NEVER_TRAINED_ON if is_cut_otherwise(training) else NEVER_DRAWN[side]


def has_begun(checkpoint):
    """False of a training that was stopped before its first step."""
    return checkpoint.metadata.get("steps_trained") != 0


def epochs_trained(checkpoint):
    """How many epochs of its training came to an end: fewer than planned where it was stopped, or diverged."""
    log = checkpoint.history
    planned = checkpoint.training.epochs if has_begun(checkpoint) else 0
    return int(max(log.epochs["epoch"], default=0)) if len(log.steps["step"]) else planned


def history(checkpoint, expression, side):
    """The same of one Expression on this side of a Checkpoint's split, as a sentence without its subject."""
    training = checkpoint.training
    if training is None:
        return "whether it saw it in training is not known"
    fewest, most = training.num_args_range
    if not fewest <= len(expression.numbers) <= most:
        return f"never saw {len(expression.numbers)} numbers in training"
    if max(expression.numbers) > training.max_value:
        return f"never saw a number above {training.max_value} in training"
    if side == "test" and training.split_by == "expression":
        return IN_WORDS[HELD_OUT]
    if not has_begun(checkpoint):
        return "never saw it: its training was stopped before the first step"
    tokens = np.array([expression.tokens])
    draws = times_drawn(training, tokens, tokens >= 0, [SIDES.index(side)])
    if draws is None:
        known = IN_WORDS.get(_of_its_side(checkpoint, side))
        return known or "may have seen it: its draws are not counted"
    if draws[0]:
        epochs, drawn = epochs_trained(checkpoint), _draws(int(draws[0]))
        if not epochs:
            return f"may have seen it in training: {drawn}, but it was stopped in its first epoch"
        return f"saw it in training: {drawn}, {epochs} {'epoch' if epochs == 1 else 'epochs'}"
    chose = chose_the_best(training, tokens, tokens >= 0)[0]
    return IN_WORDS[CHOSE if chose else _untouched(training, side)]


def _draws(times):
    return f"{times} {'draw' if times == 1 else 'draws'}"
