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
    """Steps until 99 % of the validation side were right, as `sweep.Goals` has them; None if no seed got there."""

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
    worst = min(accuracies)
    return HeldOut(
        statistics.fmean(accuracies),
        worst,
        rows[accuracies.index(worst)]["seed"],
        statistics.median(accuracies),
        max(accuracies),
    )


def steps_to_goal(rows):
    """→ a StepsToGoal for all expressions, then one for each operation that the table has a column of."""
    columns = [("all", STEPS), *operations_of(rows).items()]  # not one dictionary: an operation may be called "all"
    return [_steps(what, [row.get(name) for row in rows]) for what, name in columns]


def _steps(what, steps):
    reached = [step for step in steps if step is not None]
    never = len(steps) - len(reached)
    if not reached:
        return StepsToGoal(what, None, None, None, never)
    return StepsToGoal(what, min(reached), statistics.median(reached), max(reached), never)
