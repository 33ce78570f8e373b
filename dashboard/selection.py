"""What is on display, on every page: up to four models and one expression. The only place that knows session state.

Two widgets in the sidebar hold it, bound to the URL: `?models=seed-42&models=seed-7&expression=Max+(+5+3+9+)`.
Their keys are their URL names. Values that are the default are not written into the URL. A view asks `current()`.
A page's own state is a widget with `key=…, bind="query-params"` in its view: Streamlit keeps it in the URL, forgets it
in the URL of other pages, and puts it back on return.
"""

from typing import NamedTuple

import streamlit as st

from dashboard import caches, looks, models, questions, visitor_runs
from dashboard.history import history
from tinyformer import CheckpointError, Expression, ExpressionError, TransformerConfig, side_of
from tinyformer.checkpoints.checkpoint import Checkpoint
from tinyformer.evaluation.report import split_of
from tinyformer.task.task import DEFAULT_TASK

MODELS, EXPRESSION = "models", "expression"  # keys of the widgets, and names in the URL
DEFAULT_EXPRESSION = "Max ( 3 9 1 )"  # held out for every model that ships
LONGEST_TEXT = 300  # characters; 50 tokens need at most 100


class ShownModel(NamedTuple):
    """A model on display, with its looks."""

    file: models.ModelFile
    style: looks.Style
    checkpoint: Checkpoint
    name: str  # of its file; of a run without its code, where nothing else has that name

    @property
    def model(self):
        return self.checkpoint.model

    @property
    def task(self):
        return self.checkpoint.task

    def question(self, expression):
        """What the expression, or a text, asks of this model: an Expression of its task, or the ExpressionError."""
        return questions.Reader(f"the model {self.name}", self.task, self.checkpoint.config).question(expression)

    def side_of(self, expression):
        """ "train", "validation" or "test": where this model's training had the expression."""
        data_seed, shares = split_of(self.checkpoint)
        return side_of(expression, data_seed=data_seed, shares=shares)

    def history(self, expression):
        """What the expression was to this model's training, in a few words; "" of what is no question to it."""
        if not isinstance(question := self.question(expression), Expression):
            return ""
        if self.checkpoint.by_hand:
            return "was written by hand, not trained"
        return history(self.checkpoint, question, self.side_of(question))


class Selection(NamedTuple):
    """`problems` and `complaint` are for the sidebar; a view needs the first two only.

    At least one of the models knows the operation of `expression`: what it asks of each, `ShownModel.question` says.
    """

    models: tuple[ShownModel, ...]
    expression: Expression
    problems: tuple[str, ...] = ()  # models that are not there, or cannot be used, one sentence each
    complaint: ExpressionError | None = None  # the text in the field; `expression` is the last good one


def current():
    """The Selection of this visitor, as `resolve` left it at the beginning of the run."""
    return st.session_state["_selection"]


def with_asked(key, known):
    """Options of a widget bound to the link: what is known, and behind it what the link asks for, or what was chosen,
    and is not there. Streamlit would drop it without a word, and rewrite the link."""
    chosen = st.session_state.get(key, ())
    asked = (
        st.query_params.get_all(key) if key not in st.session_state else [chosen] if isinstance(chosen, str) else chosen
    )
    return list(dict.fromkeys([*known, *filter(None, asked or ())]))


def read_link():
    """Before all widgets of a new session: take out of the link what is empty. It would empty what must have a value.

    An empty choice of models or of built-in operations, and an empty field for the expression, a link may say.
    """
    if "_link_read" in st.session_state:
        return
    st.session_state["_link_read"] = True
    named = {*st.query_params} - {MODELS, EXPRESSION, "ops"}
    if empty := [name for name in named if not any(st.query_params.get_all(name))]:
        for name in empty:
            del st.query_params[name]
        st.rerun()  # Streamlit has its own copy of the link, and takes another then


def known_models():
    """{name: ModelFile} of what this visitor can put on display: shipped, saved, and their own trained runs."""
    return models.available(visitor_runs.trained())


def expression_field():
    """Place the field: in the sidebar, or on a page whose subject it is. It is the same one, wherever it stands."""
    st.text_input(
        "Expression",
        value=DEFAULT_EXPRESSION,
        key=EXPRESSION,
        bind="query-params",
        max_chars=LONGEST_TEXT,
        help="An operation that a model on display knows, such as Max, of two or more digits. Brackets and commas are "
        "optional.",
    )


def resolve():
    """Read widgets and files, remember and return the Selection. Home.py calls it once a run, after the widgets."""
    known = known_models()
    plain_names = visitor_runs.without_codes(known)
    asked = st.session_state.get(MODELS, ())
    names = [name for name in asked if name in known]
    styles = looks.styles(names, known)
    shown, problems = [], [f"There is no model {name} here" for name in asked if name not in known]
    for name in names:
        try:
            shown.append(ShownModel(known[name], styles[name], caches.checkpoint(known[name]), plain_names[name]))
        except CheckpointError as error:
            problems.append(str(error))
    expression, complaint = _last_good_expression(shown)
    st.session_state["_selection"] = Selection(tuple(shown), expression, tuple(problems), complaint)
    return current()


def _last_good_expression(shown):
    """(Expression, None), or the last one that a model knows, with the ExpressionError of the present text."""
    readers = shown or [questions.Reader("a model that ships", DEFAULT_TASK, TransformerConfig())]
    asked = [one.question(st.session_state[EXPRESSION]) for one in readers]
    if good := [question for question in asked if isinstance(question, Expression)]:
        st.session_state["_good_expression"] = good[0]
        return good[0], None
    for last in (st.session_state.get("_good_expression"), DEFAULT_EXPRESSION):
        kept = [one.question(last) for one in readers if last is not None]
        if kept := [question for question in kept if isinstance(question, Expression)]:
            return kept[0], asked[0]
    return questions.of_operation(readers[0].task.operations[0], readers[0].task), asked[0]


def show_expression(text):
    """Callback of a button or a chart: make this the expression everywhere."""
    st.session_state[EXPRESSION] = str(text)


def show_model(name):
    """Callback: put one more model on display, in the place of the last if there are four."""
    names = [other for other in st.session_state[MODELS] if other != name]
    st.session_state[MODELS] = [*names[: models.MOST_ON_DISPLAY - 1], name]


def open_page(view, **query):
    """Go to another page, as `open_page("views/train.py", run="…")`; models and expression come along.

    `query` sets state of that page. An explicit dict, even an empty one, is what keeps `st.switch_page` from refusing:
    it will not clear parameters that are bound to widgets.
    """
    st.switch_page(view, query_params=query)
