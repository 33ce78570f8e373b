"""The chosen expression, what each model says to it, and the way to Explore Attention."""

from functools import partial

import streamlit as st

from dashboard import selection
from dashboard.charts.bars import percent
from dashboard.plain_text import plain
from tinyformer.task.vocabulary import VOCABULARY


def chosen(models, expression, key="explore"):
    """One line: the expression, the answers, and a button."""
    answers = []
    for shown in models:
        probabilities = shown.model.predict([expression.tokens])[0]
        best = probabilities.argmax()
        verdict = "" if best == expression.answer_token else " ✗"
        sure = percent(probabilities[best])
        answers.append(f"{shown.style.glyph} {plain(shown.name)} **{VOCABULARY[best]}**{verdict} ({sure})")
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.markdown(f"**{expression}** = {expression.answer}", width="content")
        st.markdown(" · ".join(answers), width="content")
        button(expression, key)


def button(expression, key="explore"):
    """The way to Explore Attention, where the expression of all pages is shown."""
    if st.button("Open in Explore Attention", key=key, icon=":material/visibility:"):
        selection.open_page("views/explore_attention.py")


def rows_choose(key, expressions):
    """For `on_select` of a table: the row that is clicked becomes the expression everywhere."""
    return partial(_choose, key, tuple(expressions))


def _choose(key, expressions):
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        selection.show_expression(expressions[rows[0]])
