"""What a bench is: words, formulas, the place in the model, a small layer to feed by hand, and pictures of its own."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinyformer import Expression
from tinyformer.laboratory.anatomy import Anatomy, Run, Trial


class Stage(NamedTuple):
    """What is on display in the lab."""

    anatomy: Anatomy
    expression: Expression
    block: int  # of the model, from 0
    model_name: str
    model_path: str  # as one would type it
    cache_key: tuple  # stands for model, expression and target
    part: str = "attention"  # the sublayer looked at, where a bench stands at several: one of PARTS

    @property
    def words(self):
        return self.expression.words

    @property
    def vocabulary(self):
        """The tokens of this model, in the order of their ids."""
        return self.expression.task.vocabulary


PARTS = {"attention": "attention", "feed_forward": "feed-forward", "final": "after the last"}


class Hand(NamedTuple):
    """A small layer with small inputs that are edited by hand. `code` and `imports` are what makes it, for copying."""

    make: Callable[[], object]
    code: str
    imports: str
    arrays: dict[str, tuple]  # name → rows of numbers
    lead: int = 0  # axes of length 1 that the layer wants in front; −1: it takes the first row alone
    options: dict = {}  # noqa: RUF012


class View(NamedTuple):
    """One trial, run: what the pictures of a bench are drawn from."""

    trial: Trial
    run: Run
    rows: list[str]  # labels of the rows: the words of the expression, or numbers
    by_hand: bool
    head: int
    stage: Stage

    def labels(self, count):
        """For `count` rows: the words where there is one row per token, else numbers."""
        return self.rows if not self.by_hand and len(self.rows) == count else numbered(count)


class Panel(NamedTuple):
    """A matrix to be drawn. `name` is what causes refer to."""

    name: str
    title: str
    values: np.ndarray  # (R, C)
    rows: list[str]
    columns: list[str]
    weights: bool = False
    clickable: bool = False
    row_title: str | None = None
    column_title: str | None = None


class Bench(NamedTuple):
    key: str  # in the URL
    title: str
    paragraph: str
    forward: str  # LaTeX
    backward: str
    source: tuple  # what `inspect` shows
    place: str | None = None  # the layer's dotted name in the model, with {block}
    controls: tuple = ("target",)  # what of the stage it depends on: "block", "target"
    parts: tuple = ()  # the sublayers that it stands at, where there are several: of PARTS
    hand: Hand | None = None
    panels: Callable | None = None  # View → Panels of the forward pass
    cause: Callable | None = None  # (View, panel name, row, column) → Cause
    experiment: Callable | None = None  # draws the controls that teach, given the Stage
    trial: Callable | None = None  # Stage → Trial, where no single layer of the model is meant
    trial_code: str = ""  # the same as typed, a call of a function in laboratory.trials
    heads: bool = False  # whether one of several heads is looked at
    recipe: str | None = None  # five lines, where the usual ones do not fit
    softened: bool = False  # whether the check is made at softer logits, where numbers would drown in rounding
    check: Callable | None = None  # Stage → (passed, sentence), where a gradient check has nothing to check


def flat(array):
    """(1, 1, R, C) or (R, C) or (C,) → (R, C), to be drawn."""
    array = np.asarray(array)
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def numbered(count, start=0):
    return [str(i) for i in range(start, start + count)]


def in_and_out(view, *between, x_title="x", y_title="y", y_columns=None, rows=None):
    """The two panels that most benches have, what goes in and what comes out, with others in between."""
    x, y = flat(view.trial.inputs[0]), flat(view.run.y)
    return [
        Panel("x", x_title, x, rows or view.labels(len(x)), numbered(x.shape[1])),
        *between,
        Panel("y", y_title, y, rows or view.labels(len(y)), y_columns or numbered(y.shape[1]), clickable=True),
    ]
