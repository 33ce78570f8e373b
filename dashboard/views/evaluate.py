"""Evaluate: a finding first, then what it rests on, and what one may ask further."""

import streamlit as st

from dashboard import components, sections, selection
from dashboard.evaluate import calibration, embeddings, head, lengths, own, sweep, truth, wrong
from dashboard.sections import Section

SECTIONS = (
    Section("lengths", "Other lengths", "What happens beyond its training?", lengths.draw, ("Lengths",)),
    Section("truth", "Every expression", "Which ones are right, and how surely?", truth.draw, ("Truth map",)),
    Section("mistakes", "Mistakes", "What is wrong, and for whom?", wrong.draw, ("Operations", "Agreement")),
    Section("calibration", "Sure and right", "Is it right as often as it says?", calibration.draw, ("Calibration",)),
    Section("embeddings", "Digits", "Does it know that 8 is next to 9?", embeddings.draw, ("Embeddings",)),
    Section("own", "Your own questions", "How does it do on what you ask?", own.draw, ("Your own test set",)),
    Section("sweep", "Many seeds", "Is this seed lucky?", lambda *_: sweep.draw(), ("Sweep",)),
)

models, expression = selection.current()[:2]

st.title("Evaluate")
components.require_models(models)
head.draw(models)
sections.choose(SECTIONS, "section").draw(models, expression)
