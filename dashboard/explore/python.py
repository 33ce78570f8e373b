"""Under every view: the five lines of Python that give its numbers."""

import streamlit as st

from dashboard import sections

DEFAULTS = {"replacement": "mean", "effect": "logit difference"}  # what the choices of a view are before they are made


def draw(view, subjects, expression):
    """Closed, of the first model on display (two models where two are compared)."""
    sections.in_python(recipe(view, subjects, expression))


def recipe(view, subjects, expression):
    """A view's RECIPE with the models, the expression and the choices filled in."""
    choices = {name: st.session_state.get(name, default) for name, default in DEFAULTS.items()}
    second = subjects[1] if len(subjects) > 1 else subjects[0]
    return view.RECIPE.format(
        model=loading(subjects[0]), second=loading(second), expression=str(expression), **choices
    )  # fmt: skip


def loading(subject):
    """The code that makes a subject's model."""
    if subject.step is None:
        return f"load_checkpoint({subject.shown.file.path!r}).model"
    path, step = subject.source
    return f'__import__("tinyformer.runs").runs.Run({path!r}).snapshot({step})'
