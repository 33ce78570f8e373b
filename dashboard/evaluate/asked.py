"""What the models were asked, and which part of it is looked at: the subject of most panels."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dashboard import caches
from tinyformer import detokenize
from tinyformer.evaluation.answer_places import PLACES, answer_places
from tinyformer.task.datasets import SIDES

EVERYWHERE = "all"
SIDE_NAMES = {"test": "Held out", "validation": "Validation", "train": "Training side", "all": "All"}
PLACE_NAMES = {
    EVERYWHERE: "Anywhere",
    "first": "First",
    "inside": "Middle",
    "last": "Last",
    "several": "Several (a tie)",
}


class Asked(NamedTuple):
    """The same N expressions, answered by each of M models, and the part of them that is looked at."""

    models: tuple  # M ShownModel
    evaluations: tuple  # M Evaluation of all N
    sides: tuple  # M arrays (N,), index into SIDES
    chosen: tuple  # M arrays (N,) bool; each model has its own held-out expressions, where the data seeds differ
    census: bool = False  # they are all that there are: counted, not sampled, and without an interval

    @property
    def parts(self):
        """M Evaluation of what is looked at."""
        return [whole.select(where) for whole, where in zip(self.evaluations, self.chosen, strict=True)]

    @property
    def common(self):
        """(N,) bool: looked at for every model, so that they can be compared one expression at a time."""
        return np.logical_and.reduce(self.chosen)


def everything(models, side, place):
    """All 5,000 expressions of three digits, cut down to a side and to a place of the answer."""
    evaluations, sides = zip(*(caches.whole_space(shown.file) for shown in models), strict=True)
    chosen = _chosen(evaluations, sides, side, place)
    return Asked(tuple(models), evaluations, sides, chosen, census=side == EVERYWHERE)


def asked(models, evaluations, sides, side=EVERYWHERE, place=EVERYWHERE):
    """Other expressions: one Evaluation and one array of sides for each model."""
    return Asked(tuple(models), tuple(evaluations), tuple(sides), _chosen(evaluations, sides, side, place))


def _chosen(evaluations, sides, side, place):
    result = []
    for evaluation, of in zip(evaluations, sides, strict=True):
        where = np.full(len(evaluation), True) if side == EVERYWHERE else of == SIDES.index(side)
        if place != EVERYWHERE:
            where = where & (answer_places(evaluation.tokens, evaluation.targets) == PLACES.index(place))
        result.append(where)
    return tuple(result)


def controls(prefix=""):
    """Place the two slice controls → (side, place). Both are in the link."""
    with st.container(horizontal=True, gap="medium"):
        side = st.segmented_control(
            "Expressions", list(SIDE_NAMES), format_func=SIDE_NAMES.get, default="test" if not prefix else "all",
            required=True, key=f"{prefix}side", bind="query-params",
            help="An expression's side is a fixed property of it: training never sees a held-out one, however often it "
            "draws. Validation chose the best epoch; the held-out side was looked at once, after that. Of the training "
            "side some expressions came up several times and some never: Mistakes and the truth map say so for each.",
        )  # fmt: skip
        place = st.segmented_control(
            "Place of the answer", list(PLACE_NAMES), format_func=PLACE_NAMES.get, default=EVERYWHERE,
            required=True, key=f"{prefix}place", bind="query-params",
            help="Where the right digit stands among the numbers. A tie has it at several places, as in Max ( 9 3 9 ): "
            "a model can then be right for the wrong reason.",
        )  # fmt: skip
    return side, place


def texts(evaluation):
    """The expressions of an Evaluation as people write them."""
    return [detokenize(row[keep]) for row, keep in zip(evaluation.tokens, evaluation.mask, strict=True)]
