"""Explore Attention: what the heads of the models on display look at, what they do, and whether the two agree."""

import streamlit as st

from dashboard import components, selection
from dashboard.explore import (
    ablation,
    answer,
    arcs,
    circuits,
    explanation,
    focus,
    heatmaps,
    roles,
    subjects,
    training,
)

SECTIONS = {  # only the chosen one computes
    "Heatmaps": heatmaps,
    "Arcs": arcs,
    "Focus": focus,
    "Roles": roles,
    "Ablation": ablation,
    "One answer": answer,
    "Explanation?": explanation,
    "Circuits": circuits,
    "Time": training,
}

models, expression = selection.current()[:2]

st.title("Explore Attention")
components.require_models(models)
section = st.segmented_control(
    "Look at", list(SECTIONS), default="Heatmaps", required=True, key="look", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
shown = subjects.at_the_moment(models)
SECTIONS[section].draw(shown, expression)
