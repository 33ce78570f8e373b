"""What a file says of its model, believed as far as it can be: figures within their bounds, a model that answers.

And the fingerprint, by which two people can tell whether they have the same model.
"""

import hashlib
import json
from dataclasses import fields

import numpy as np

from tinyformer.configuration import quoted
from tinyformer.metrics import STEP_COLUMNS, VALIDATION_COLUMNS
from tinyformer.task.task import DEFAULT_TASK
from tinyformer.task.vocabulary import CLOSE, DIGITS, OPEN

MOST_ROWS = 1_000_000  # of a history: half an hour of steps, 200 MB once it is read
MOST = 10**12  # steps, epochs, expressions or seconds
LARGEST = float(np.finfo(np.float32).max)
SHOWN = ("epoch", "step", "steps_trained", "seconds")  # beside those of the test
COUNTS = ("epoch", "step", "steps_trained", "correct", "total")


def check_metadata(metadata):
    """Pages and tables show these figures: ValueError where they are there, and are not what they could be."""
    test = metadata.get("test", {}) if isinstance(metadata, dict) else None
    if not isinstance(test, dict):
        raise ValueError("its metadata is not a table")
    for name, value in [*((name, metadata[name]) for name in SHOWN if name in metadata), *test.items()]:
        _check_figure(name, value)
    correct, total = test.get("correct", 0), test.get("total", 1)
    if total < max(1, correct):
        raise ValueError(f"it says that {correct:g} of {total:g} were right")


def _check_figure(name, value):
    low, high = (0, 1) if name == "accuracy" else (0, MOST) if name in (*SHOWN, *COUNTS) else (-LARGEST, LARGEST)
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"its {name[:60]} is {quoted(value)}, expected a number from {low:.3g} to {high:.3g}")
    if name in COUNTS and value != int(value):
        raise ValueError(f"its {name} is {quoted(value)}, expected a whole number")


def check_history(arrays):
    """ValueError for a history (as of `MetricsTracker.to_arrays`) that no training has. −1: it was not measured."""
    for name, columns in (("history.steps", STEP_COLUMNS), ("history.epochs", VALIDATION_COLUMNS)):
        values = arrays[name]
        if len(values) > MOST_ROWS:
            raise ValueError(f"its {name} has {len(values):,} rows, the limit is {MOST_ROWS:,}")
        counts = values[:, [i for i, column in enumerate(columns) if column in COUNTS]]
        accuracies = [i for i, column in enumerate(columns) if column == "accuracy"]
        shares = values[:, [*accuracies, *range(len(columns), values.shape[1])]]  # behind them, one for each operation
        if np.any((counts < 0) | (counts > MOST) | (counts % 1 != 0)) or np.any(values < -1) or np.any(shares > 1):
            raise ValueError(f"its {name} has values that no training measures")


def thinned(arrays):
    """The arrays of a history with so few rows that it can be read again: every second, third … row."""
    return {name: rows[:: max(1, -(-len(rows) // MOST_ROWS))] for name, rows in arrays.items()}


def check_answers(model, task=DEFAULT_TASK):
    """ValueError for weights so large that the answers are no numbers, asked with every operation and every digit."""
    numbers = [(i, (i + 1) % 10, (i + 3) % 10) for i in range(10)]
    names = task.name_ids[np.arange(max(10, len(task.name_ids))) % len(task.name_ids)]
    tokens = [[name, OPEN, *(DIGITS[n] for n in numbers[i % 10]), CLOSE] for i, name in enumerate(names)]
    with np.errstate(all="ignore"):
        logits, _ = model.forward(tokens, keep_tapes=False)
    if not np.isfinite(logits).all():
        raise ValueError("its weights are too large to compute with: its answers are no numbers")


def fingerprint(model):
    """12 hexadecimal digits of a hash of architecture and weights, the same on every machine and in every file.

    A setting that has its default is left out: a setting that comes later changes no model of before.
    """
    config = model.config
    settings = {f.name: value for f in fields(config) if (value := getattr(config, f.name)) != f.default}
    name = json.dumps([model.dtype.name, settings], sort_keys=True)
    vector = np.ascontiguousarray(model.vector, model.vector.dtype.newbyteorder("<"))
    return hashlib.blake2b(name.encode() + vector.tobytes(), digest_size=6).hexdigest()
