"""Which of several models is best, if the data say so: on the same expressions, one pair of models at a time."""

import numpy as np

from tinyformer.evaluation.intervals import sign_test


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


def _beats(one, other, level):
    won, lost = int((one & ~other).sum()), int((other & ~one).sum())
    return won > lost and sign_test(won, lost) < level
