"""Which of several models is best, if the data say so: on the same expressions, one pair of models at a time."""

import numpy as np

from tinyformer.evaluation.drawn import chose_the_best, times_drawn
from tinyformer.evaluation.intervals import sign_test
from tinyformer.task.datasets import SIDES


def best(correct, level=0.05):
    """M arrays (N,) bool, right or wrong on the same N expressions → the index of the model that beats every other one
    by more than chance, or None.

    Two models differ in the expressions that one of them alone has right. Their exact sign test has to fall below
    `level`, divided by the number of the other models (Bonferroni).
    """
    correct = np.asarray(correct)
    if len(correct) < 2:
        return None
    first = int(correct.sum(axis=1).argmax())
    others = np.delete(correct, first, axis=0)
    return first if all(_beats(correct[first], other, level / len(others)) for other in others) else None


def best_of(checkpoints, wholes):
    """Checkpoints, and of each what `report.whole_space` gives → the index of the one that is best on all that is held
    out for every one of them, or None. Those written by hand, for which nothing is held out, take no part; None as well
    where the others were not asked the same.
    """
    trained = [place for place, checkpoint in enumerate(checkpoints) if not checkpoint.by_hand]
    if len({checkpoints[place].task for place in trained}) != 1:
        return None
    held_out = np.logical_and.reduce([wholes[place][1] == SIDES.index("test") for place in trained])
    for place in trained:
        training = checkpoints[place].training
        if training and training.split_by == "draw":  # sides say nothing of it
            held_out &= _untouched(training, *wholes[place])
    found = best([wholes[place][0].correct[held_out] for place in trained])
    return None if found is None else trained[found]


def _untouched(training, evaluation, sides):
    draws = times_drawn(training, evaluation.tokens, evaluation.mask, sides)
    if draws is None:
        return np.zeros(len(evaluation), bool)
    return (draws == 0) & ~chose_the_best(training, evaluation.tokens, evaluation.mask)


def _beats(one, other, level):
    won, lost = int((one & ~other).sum()), int((other & ~one).sum())
    return won > lost and sign_test(won, lost) < level
