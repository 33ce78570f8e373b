"""From logs to the rows of charts, and to sentences about them. Pure functions, no Streamlit."""

import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np

from dashboard.charts.live import TRAINING, VALIDATION
from tinyformer.metrics import STEP_COLUMNS

MOST_MARKS = 80  # epochs on a line: more cannot be told apart
GOAL = 0.97


def training(one, log, column):
    """(rows for charts.learning, how many steps at most are one point): step by step at first, then means."""
    place = STEP_COLUMNS.index(column)
    curve, first = log.steps.curve(place), log.first[:, (0, place, place, place)]
    length = int(np.diff(curve.last, prepend=0).max(initial=1))
    later = curve.last - length >= len(first)
    points = [*first, *np.transpose(curve)[later]]
    return [(one.name, TRAINING, *map(float, point)) for point in points if np.isfinite(point[1])], length


def validation(one, log, looks, column):
    """Rows for charts.learning: the looks between epochs, and the epochs."""
    ends, values = log.epoch_curve(column, MOST_MARKS)
    points = dict(zip(looks.column("step").tolist(), looks.column(column).tolist(), strict=True))
    points |= dict(zip(ends.tolist(), values.tolist(), strict=True))
    return [
        (one.name, VALIDATION, step, value, value, value) for step, value in sorted(points.items()) if value == value
    ]


def epochs_of_a_mark(log):
    """How many epochs at most are one mark of `validation`."""
    ends, _ = log.epoch_curve("step", MOST_MARKS)
    return -(-log.epochs.rows // max(len(ends), 1))


def families(shown):
    """Runs that differ by their seed alone, together: [[ShownRun, …], …]."""
    found = defaultdict(list)
    for one in shown:
        found[replace(one.run.config, seed=0)].append(one)
    return list(found.values())


def mean_and_band(name, rows):
    """Rows of several runs → those of their mean, between the least and the greatest, at each step that all have."""
    at, members = defaultdict(list), {row[0] for row in rows}
    for _, series, step, value, *_ in rows:
        at[series, step].append(value)
    return [
        (name, series, step, sum(values) / len(values), min(values), max(values))
        for (series, step), values in sorted(at.items())
        if len(values) == len(members)
    ]


def corners(rows):
    """What the axes must hold so that charts of several runs share them: [(step, value), (step, value)]."""
    if not rows:
        return []
    steps, low, high = (np.array([row[i] for row in rows], float) for i in (2, 4, 5))
    return [(float(steps.min()), float(low.min())), (float(steps.max()), float(high.max()))]


def asked(looks):
    """ "128 or 256": how many expressions of the validation side the looks of runs ask; "" where there are none."""
    return " or ".join(map(str, sorted({int(n) for seen in looks for n in seen.column("expressions")})))


def arrivals(rows_by_operation):
    """ "First at step 150, … and last Second at step 350": when each operation first reached GOAL, the first first.

    Of several runs, the median; "" as long as not one has come there. None is last of those that came together.
    """
    reached, missing = {}, []
    for operation, rows in rows_by_operation.items():
        first, names = {}, {row[0] for row in rows}
        for name, _, step, value, *_ in rows:
            if value >= GOAL:
                first.setdefault(name, step)
        if names and len(first) == len(names):
            reached[operation] = round(np.median(list(first.values())))
        elif names:
            missing.append(operation)
    steps = sorted(reached.items(), key=lambda item: item[1])
    words = [f"{name} at step {step:,}" for name, step in steps]
    if not words:
        return ""
    if missing:
        return f"{', '.join(words)}; not yet: {', '.join(missing)}"
    if len(words) > 1 and steps[-1][1] > steps[-2][1]:
        words[-1] = f"and last {words[-1]}"
    return ", ".join(words)


def joined(lists):
    """One list of all rows."""
    return list(itertools.chain.from_iterable(lists))
