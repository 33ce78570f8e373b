"""Explore Attention: what the heads of the models on display look at, what they do, and whether the two agree."""

from contextlib import suppress

import streamlit as st

from dashboard import components, questions, selection
from dashboard.explore import background, known, python, sections, subjects

models, expression = selection.current()[:2]

st.title("Explore Attention")
components.require_models(models)
sections.open_old_link()
name, view = sections.choose()  # only the chosen one computes
if view in sections.OF_ONE_EXPRESSION:
    models = questions.who_knows(models, expression)
shown = subjects.at_the_moment(models)
with suppress(background.NotYet):  # its progress stands in its place
    view.draw(shown, expression)
known.line(name)
python.draw(view, shown, expression)
