"""Where the right answer stands among the numbers: a slice by which accuracies can be counted.

An answer that stands at several places is a tie: `Max ( 9 3 9 )` can be answered from either end.
"""

import numpy as np

from tinyformer.task.vocabulary import DIGITS

PLACES = ("first", "inside", "last", "several")  # "inside" is the second of three


def answer_places(tokens, targets):
    """tokens (N, T), targets (N,) → (N,) index into PLACES; -1 where the answer is not among the numbers."""
    tokens, targets = np.asarray(tokens), np.asarray(targets)
    is_answer = tokens == targets[:, None]  # (N, T)
    is_digit = (tokens >= DIGITS[0]) & (tokens <= DIGITS[-1])
    count = is_answer.sum(axis=1)
    first = is_answer.argmax(axis=1)
    last_number = tokens.shape[1] - 1 - is_digit[:, ::-1].argmax(axis=1)
    place = np.where(first == is_digit.argmax(axis=1), 0, np.where(first == last_number, 2, 1))
    return np.where(count == 0, -1, np.where(count > 1, PLACES.index("several"), place))
