"""Everything one says about a trained model in figures: the same on the command line, in its JSON, and on the page.

The figures are of all expressions of three digits that its task has (1,000 for each rule; of a table that has none of
three, those of the nearest length), divided as the model's own training divided them. "test" is the held-out side: no
weight was learned from it and no choice was made by it.
"""

import math

from tinyformer.configuration import TrainingConfig
from tinyformer.evaluation.baselines import copy_first, most_frequent_answer
from tinyformer.evaluation.calibration import calibration_error
from tinyformer.evaluation.evaluate import accuracy_per_operation, evaluate
from tinyformer.task.datasets import SIDES, expression_space

EVERYTHING = "all"  # the whole space, beside the three SIDES


def split_of(checkpoint):
    """(data_seed, shares): what decides the side of an expression for this model."""
    training = checkpoint.training or TrainingConfig()
    return training.data_seed, tuple(training.shares)


def space_of(checkpoint):
    """The ExpressionSpace of what the model was trained on, with its own split: "the whole space" on every page."""
    return expression_space(checkpoint.task.space_length, *split_of(checkpoint), checkpoint.task)


def whole_space(checkpoint):
    """(Evaluation of the N expressions of `space_of`, (N,) index into SIDES of each)."""
    space = space_of(checkpoint)
    return evaluate(checkpoint.model, space), space.sides


def by_side(evaluation, sides):
    """The two of `whole_space` → {"train", "validation", "test" and "all": Evaluation}."""
    return {side: evaluation.select(sides == SIDES.index(side)) for side in SIDES} | {EVERYTHING: evaluation}


def baselines(train, part):
    """{name: Evaluation of `part`} of two rules that a model has to beat. `train` is what they may learn from."""
    return {"most frequent answer": most_frequent_answer(train, part), "copy the first": copy_first(part)}


def report(checkpoint, evaluation=None):
    """A Checkpoint → a dict that JSON can hold. `evaluation`: that of `whole_space`, if it is there already.

    "sides" has, for each of "test", "validation", "train" and "all", what `measures` returns. "leaks" is true if the
    model was trained on draws split at random, hence on some of the expressions called held out here.
    """
    training, metadata, task = checkpoint.training, checkpoint.metadata, checkpoint.task
    computed, sides = whole_space(checkpoint) if evaluation is None else (evaluation, space_of(checkpoint).sides)
    parts = by_side(computed, sides)
    return {
        "name": checkpoint.name,
        "path": None if checkpoint.path is None else str(checkpoint.path),
        "fingerprint": checkpoint.fingerprint,
        "operations": [{"name": one.name, "source": one.source, "rule": one.words} for one in task.operations],
        "num_args": task.space_length,
        "parameters": checkpoint.config.num_parameters,
        "seed": training.seed if training else None,
        "data_seed": split_of(checkpoint)[0],
        "training_seconds": metadata.get("seconds"),
        "best_epoch": metadata.get("epoch"),
        "best_step": metadata.get("step"),
        "leaks": bool(training and training.split_by == "draw"),
        "config": checkpoint.config.to_dict(),
        "training": training.to_dict() if training else None,
        "sides": {side: measures(parts[side], parts["train"]) for side in ("test", "validation", "train", EVERYTHING)},
    }


def measures(part, train):
    """The figures of one Evaluation, with those of the baselines, as a dict; None where nothing was counted."""
    rules = baselines(train, part) if len(part) and len(train) else {}
    return _counts(part) | {
        "loss": figure(part.loss),
        "calibration_error": figure(calibration_error(part)) if _is_finite(part) else None,
        "operations": [as_figures(row) for row in accuracy_per_operation(part)],
        "baselines": {name: _counts(rule) for name, rule in rules.items()},
    }


def _counts(part):
    low, high = part.interval
    correct = int(part.correct.sum())
    return {"correct": correct, "total": len(part), "accuracy": figure(part.accuracy), "low": low, "high": high}


def _is_finite(part):
    return math.isfinite(float(part.confidence.sum()))


def as_figures(row):
    """A NamedTuple → a dict that JSON can hold."""
    return {name: figure(value) if isinstance(value, float) else value for name, value in row._asdict().items()}


def figure(value):
    """A number → a float that JSON can hold, None if it is not finite."""
    return float(value) if math.isfinite(value) else None
