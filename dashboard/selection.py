"""What is on display, on every page: up to four models and one expression. The only place that knows session state.

Two widgets in the sidebar hold it, bound to the URL: `?models=seed-42&models=seed-7&expression=Max+(+5+3+9+)`.
Their keys are their URL names. Values that are the default are not written into the URL. A view asks `current()`.
A page's own state is a widget with `key=…, bind="query-params"` in its view: Streamlit keeps it in the URL, forgets it
in the URL of other pages, and puts it back on return.
"""

from typing import NamedTuple

import streamlit as st

from dashboard import caches, models, visitor_runs
from dashboard.history import history
from tinyformer import CheckpointError, Expression, ExpressionError, parse_expression, side_of
from tinyformer.checkpoints.checkpoint import Checkpoint
from tinyformer.evaluation.report import split_of

MODELS, EXPRESSION = "models", "expression"  # keys of the widgets, and names in the URL
DEFAULT_EXPRESSION = "Max ( 3 9 1 )"  # held out for every model that ships
LONGEST_TEXT = 300  # characters; 50 tokens need at most 100


class ShownModel(NamedTuple):
    """A model on display, with its looks."""

    file: models.ModelFile
    style: models.Style
    checkpoint: Checkpoint

    @property
    def name(self):
        return self.file.name

    @property
    def model(self):
        return self.checkpoint.model

    def side_of(self, expression):
        """ "train", "validation" or "test": where this model's training had the expression."""
        data_seed, shares = split_of(self.checkpoint)
        return side_of(expression, data_seed=data_seed, shares=shares)

    def history(self, expression):
        """What the expression was to this model's training, in a few words."""
        return history(self.checkpoint.training, expression, self.side_of(expression))


class Selection(NamedTuple):
    """`problems` and `complaint` are for the sidebar; a view needs the first two only."""

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
        help="First, Second, Last, Max or Min of two or more digits. Brackets and commas are optional.",
    )


def resolve():
    """Read widgets and files, remember and return the Selection. Home.py calls it once a run, after the widgets."""
    known = known_models()
    asked = st.session_state.get(MODELS, ())
    names = [name for name in asked if name in known]
    looks = models.styles(names, known)
    shown, problems = [], [f"There is no model {name} here" for name in asked if name not in known]
    for name in names:
        try:
            shown.append(ShownModel(known[name], looks[name], caches.checkpoint(known[name])))
        except CheckpointError as error:
            problems.append(str(error))
    longest = min((model.checkpoint.config.max_seq_len for model in shown), default=50)
    expression, complaint = _last_good_expression(longest)
    st.session_state["_selection"] = Selection(tuple(shown), expression, tuple(problems), complaint)
    return current()


def _last_good_expression(max_seq_len):
    """(Expression, None), or the last good one with the ExpressionError of the present text."""
    try:
        expression = parse_expression(st.session_state[EXPRESSION], max_seq_len=max_seq_len)
    except ExpressionError as error:
        kept = st.session_state.get("_good_expression", parse_expression(DEFAULT_EXPRESSION))
        if len(kept.tokens) > max_seq_len:
            kept = parse_expression(DEFAULT_EXPRESSION)
        return kept, error
    st.session_state["_good_expression"] = expression
    return expression, None


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
