"""The chosen cell: whose, which layer, which head, from which token to which. Four small controls, in the URL."""

from typing import NamedTuple

import streamlit as st

from dashboard.charts.heatmaps import CELL, FIELDS
from dashboard.explore.subjects import Subject
from dashboard.plain_text import plain
from dashboard.sections import named

MODEL, LAYER, HEAD, QUERY, KEY = "model", "layer", "head", "token", "key"  # keys of the widgets, names in the URL
OPEN = "stages"
SIDE_BY_SIDE = 8  # tokens; of more, the controls take several lines, and stand below one another


class Cell(NamedTuple):
    subject: Subject
    layer: int  # all from 0
    head: int
    query: int
    key: int

    @property
    def place(self):
        """(layer, head, query, key), as charts want it."""
        return tuple(self[1:])


def opened(subjects, words):
    """The Cell to take apart, or None until one is asked for: without its panel, heatmaps repaint twice as fast."""
    st.header("One cell, stage by stage", anchor=False)
    st.caption("Click a cell of a heatmap: where does its number come from, and what does the head do with it?")
    if not st.toggle("Take a cell apart", key=OPEN, bind="query-params"):
        return None
    return pick(subjects, words)


def pick(subjects, words, key=True, of_model=True):
    """Draw the controls; return the Cell."""
    position_names = [f"{place + 1} {word}" for place, word in enumerate(words)]
    _open_at_positions(len(words))
    with st.container(horizontal=len(words) <= SIDE_BY_SIDE, gap="medium"):
        subject = subjects[0]
        if of_model and len(subjects) > 1:
            name = named("Model", [subject.name for subject in subjects], MODEL, plain)
            subject = next(subject for subject in subjects if subject.name == name)
        layer = named("Layer", range(1, subject.config.num_layers + 1), LAYER) - 1 if of_model else 0
        head = named("Head", range(1, subject.config.num_heads + 1), HEAD) - 1 if of_model else 0
        places = range(len(words))
        name_of = lambda place: plain(position_names[place])  # noqa: E731
        query = named("Token that looks", places, QUERY, name_of)
        looked_at = named("Token looked at", places, KEY, name_of, start=2) if key else 0
    return Cell(subject, layer, head, query, looked_at)


def _open_at_positions(num_tokens):
    """A link says "3 5": the third token, a 5. If the expression has another digit there, the place is what counts."""
    for key in (QUERY, KEY):
        position = str(st.query_params.get(key, "")).split(" ")[0]
        if key not in st.session_state and position.isdecimal() and 1 <= int(position) <= num_tokens:
            st.session_state[key] = int(position) - 1


def clicked_cell(event):
    """What a chart's selection event says → (layer, head, query, key), or None where nothing is selected."""
    points = (event or {}).get("selection", {}).get(CELL) or []
    if not points or not all(field in points[-1] for field in FIELDS):
        return None
    return tuple(int(points[-1][field]) for field in FIELDS)


def choose(widget_key, name):
    """Callback of a model's heatmaps: what was clicked is the chosen cell."""
    cell = clicked_cell(st.session_state.get(widget_key))
    if cell is not None:
        layer, head, query, key = cell
        if not st.session_state.get(OPEN):  # Streamlit writes what changes in a widget, not what it begins with
            st.query_params.update({MODEL: name, LAYER: layer + 1, HEAD: head + 1, QUERY: query + 1, KEY: key + 1})
        st.session_state.update({OPEN: True, MODEL: name, LAYER: layer + 1, HEAD: head + 1, QUERY: query, KEY: key})
