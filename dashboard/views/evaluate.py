"""Evaluate: seeds side by side, on every expression there is, and on what they were not trained for."""

import streamlit as st

from dashboard import components, selection
from dashboard.evaluate import (
    agreement,
    asked,
    calibration,
    embeddings,
    head,
    lengths,
    mistakes,
    operations,
    own,
    sweep,
    truth,
)

SECTIONS = {
    "operations": "Operations",
    "truth": "Truth map",
    "mistakes": "Mistakes",
    "agreement": "Agreement",
    "calibration": "Calibration",
    "lengths": "Lengths",
    "embeddings": "Embeddings",
    "own": "Your own test set",
    "sweep": "Sweep",
}

models, expression = selection.current()[:2]

st.title("Evaluate")
st.markdown(
    "There are only 5,000 expressions of three digits, so each model is asked all of them. "
    "What counts is the part that it never saw in training."
)
components.require_models(models)
head.draw(models)
section = st.segmented_control(
    "Look at", list(SECTIONS), format_func=SECTIONS.get, default="operations", required=True, key="section",
    bind="query-params", label_visibility="collapsed",
)  # fmt: skip
if section in ("operations", "mistakes", "agreement", "calibration"):
    everything = asked.everything(models, *asked.controls())

if section == "operations":
    operations.draw(everything)
elif section == "truth":
    truth.draw(models, expression)
elif section == "mistakes":
    mistakes.draw(everything, expression)
elif section == "agreement":
    agreement.draw(everything, expression)
elif section == "calibration":
    calibration.draw(everything)
elif section == "lengths":
    lengths.draw(models)
elif section == "embeddings":
    embeddings.draw(models)
elif section == "own":
    own.draw(models, expression)
elif section == "sweep":
    sweep.draw()
