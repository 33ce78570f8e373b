"""What the rows of a sweep say together: the mean and the worst seed, and how soon the seeds reached 99 %."""

import statistics
from typing import NamedTuple

from tinyformer.sweeps.table import PROBLEM, STEPS, operations_of


class HeldOut(NamedTuple):
    """Held-out accuracies, shares from 0 to 1, of the seeds that were trained to the end."""

    mean: float
    worst: float
    worst_seed: int  # of equals, the first
    median: float
    best: float


class StepsToGoal(NamedTuple):
    """Steps until 99 % of the validation side were right (see `sweep.Goals`); None if no seed got there."""

    what: str  # "all", or an operation
    fastest: int | None
    median: float | None
    slowest: int | None
    never: int  # seeds that did not get there


def trained(rows):
    """The rows of a sweep whose training did not diverge."""
    return [row for row in rows if not row.get(PROBLEM)]


def held_out(rows):
    """→ HeldOut, of at least one row of `trained`."""
    accuracies = [row["test_correct"] / row["test_total"] for row in rows]
    worst, mean, median = min(accuracies), statistics.fmean(accuracies), statistics.median(accuracies)
    return HeldOut(mean, worst, rows[accuracies.index(worst)]["seed"], median, max(accuracies))


def steps_to_goal(rows):
    """→ a StepsToGoal for all expressions, then one for each operation that the table has a column of."""
    goals = []
    for what, column in [("all", STEPS), *operations_of(rows).items()]:  # an operation may be called "all"
        reached = [row[column] for row in rows if row.get(column) is not None]
        figures = (min(reached), statistics.median(reached), max(reached)) if reached else (None, None, None)
        goals.append(StepsToGoal(what, *figures, len(rows) - len(reached)))
    return goals
