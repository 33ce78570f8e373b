"""What the models were asked, and which part of it is looked at: the subject of most panels."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from dashboard import caches
from tinyformer.evaluation.answer_places import PLACES, answer_places
from tinyformer.task.datasets import SIDES
from tinyformer.task.task import DEFAULT_TASK

EVERYWHERE, NOWHERE = "all", "none"
SIDE_NAMES = {"test": "Held out", "validation": "Validation", "train": "Training side", "all": "All"}
PLACE_NAMES = {
    EVERYWHERE: "Anywhere",
    "first": "First",
    "inside": "Middle",
    "last": "Last",
    "several": "Several (a tie)",
    NOWHERE: "Nowhere",
}


class Asked(NamedTuple):
    """N expressions, answered by each of M models, and the part of them that is looked at.

    Models of different operations have different expressions, and each its own N: then `keys` says which are the same.
    """

    models: tuple  # M ShownModel
    evaluations: tuple  # M Evaluation of all N
    sides: tuple  # M arrays (N,), index into SIDES
    chosen: tuple  # M arrays (N,) bool; each model has its own held-out expressions, where the data seeds differ
    keys: tuple | None = None  # M lists (N,), where models were asked different things: what is equal is the same
    census: bool = False  # they are all that there are: counted, not sampled, and without an interval

    @property
    def parts(self):
        """M Evaluation of what is looked at."""
        return [whole.select(where) for whole, where in zip(self.evaluations, self.chosen, strict=True)]

    @property
    def common(self):
        """M Evaluation of the same expressions: those looked at for every model, to be compared one at a time."""
        if self.keys is None:
            where = np.logical_and.reduce(self.chosen)
            return [whole.select(where) for whole in self.evaluations]
        places = [
            {key: place for place, (key, kept) in enumerate(zip(keys, of, strict=True)) if kept}
            for keys, of in zip(self.keys, self.chosen, strict=True)
        ]
        shared = [key for key in places[0] if all(key in of for of in places)]
        return [
            whole.select(np.array([of[key] for key in shared], int))
            for whole, of in zip(self.evaluations, places, strict=True)
        ]


def everything(models, side, place):
    """The whole space of each model, cut down to a side and to a place of the answer."""
    evaluations, sides = zip(*(caches.whole_space(shown.file) for shown in models), strict=True)
    chosen = _chosen(evaluations, sides, side, place)
    keys = None if len({shown.task for shown in models}) == 1 else tuple(map(_questions, evaluations))
    return Asked(tuple(models), evaluations, sides, chosen, keys, census=side == EVERYWHERE)


def asked(models, evaluations, sides, keys=None):
    """Other expressions: one Evaluation and one array of sides for each model."""
    return Asked(
        tuple(models), tuple(evaluations), tuple(sides), _chosen(evaluations, sides, EVERYWHERE, EVERYWHERE), keys
    )


def _questions(evaluation):
    """What each expression asks: the operation, rule included, and the numbers."""
    operations = evaluation.task.operations
    rows = zip(evaluation.operations.tolist(), evaluation.tokens[:, 1:], evaluation.mask[:, 1:], strict=True)
    return [(operations[index], row[keep].tobytes()) for index, row, keep in rows]


def _chosen(evaluations, sides, side, place):
    result = []
    for evaluation, of in zip(evaluations, sides, strict=True):
        where = np.full(len(evaluation), True) if side == EVERYWHERE else of == SIDES.index(side)
        if place != EVERYWHERE:
            number = -1 if place == NOWHERE else PLACES.index(place)
            where = where & (answer_places(evaluation.tokens, evaluation.targets) == number)
        result.append(where)
    return tuple(result)


def controls(models):
    """Place the two slice controls → (side, place). Both are in the link."""
    usual = all(shown.task == DEFAULT_TASK for shown in models)  # they all answer with one of the numbers
    with st.container(horizontal=True, gap="medium"):
        side = st.segmented_control(
            "Expressions", list(SIDE_NAMES), format_func=SIDE_NAMES.get, default="test",
            required=True, key="side", bind="query-params",
            help="An expression's side is a fixed property of it: unless draws were split instead, as a What if does, "
            "training never sees a held-out one, however often it draws. Validation chose the best epoch; the held-out "
            "side was looked at once, after that. Of the training side some expressions may have come up several "
            "times and some never: the truth map says so for each, where draws were counted.",
        )  # fmt: skip
        by_chance = " An operation that computes its answer has it among the numbers by coincidence, or not at all."
        place = st.segmented_control(
            "Place of the answer", [name for name in PLACE_NAMES if not usual or name != NOWHERE],
            format_func=PLACE_NAMES.get, default=EVERYWHERE, required=True, key="place", bind="query-params",
            help="Where the right digit stands among the numbers. A tie has it at several places, as in Max ( 9 3 9 ): "
            f"a model can then be right for the wrong reason.{'' if usual else by_chance}",
        )  # fmt: skip
    return side, place


def texts(evaluation):
    """The expressions of an Evaluation as people write them."""
    task = evaluation.task
    return [task.detokenize(row[keep]) for row, keep in zip(evaluation.tokens, evaluation.mask, strict=True)]


def words(tokens, task):
    """Ids as words of a Task."""
    return [task.vocabulary[token] for token in tokens]
