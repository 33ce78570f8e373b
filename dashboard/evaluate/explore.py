"""The chosen expression, what each model says to it, and the way to Explore Attention."""

from functools import partial

import streamlit as st

from dashboard import questions, selection
from dashboard.charts.bars import percent
from dashboard.plain_text import plain
from tinyformer import Expression


def chosen(models, expression, key="explore"):
    """One line: the expression, the answers, and a button."""
    answers = []
    for shown in models:
        question = shown.question(expression)
        if not isinstance(question, Expression):
            answers.append(f"{shown.style.glyph} {plain(shown.name)} does not know it")
            continue
        probabilities = shown.model.predict([question.tokens])[0]
        best = probabilities.argmax()
        verdict = "" if best == question.answer_token else " ✗"
        sure = percent(probabilities[best])
        answer = plain(question.task.vocabulary[best])
        answers.append(f"{shown.style.glyph} {plain(shown.name)} **{answer}**{verdict} ({sure})")
    right = " or ".join(map(str, questions.answers(models, expression)))
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.markdown(f"**{plain(expression)}** = {plain(right)}", width="content")
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
