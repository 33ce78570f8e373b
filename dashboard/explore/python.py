"""Under every view: the five lines of Python that give its numbers."""

import streamlit as st

from dashboard import sections
from tinyformer.task.task import DEFAULT_TASK

DEFAULTS = {"replacement": "mean", "effect": "logit difference"}  # what the choices of a view are before they are made


def draw(view, subjects, expression):
    """Closed, of the first model on display (two models where two are compared)."""
    sections.in_python(recipe(view, subjects, expression))


def recipe(view, subjects, expression):
    """A view's RECIPE with the models, the expression and the choices filled in."""
    choices = {name: st.session_state.get(name, default) for name, default in DEFAULTS.items()}
    second = subjects[1] if len(subjects) > 1 else subjects[0]
    text = view.RECIPE if subjects[0].task == DEFAULT_TASK else _of_own_operations(view.RECIPE)
    return text.format(
        model=loading(subjects[0]), second=loading(second), expression=str(expression),
        path=repr(subjects[0].shown.file.path), **choices,
    )  # fmt: skip


def _of_own_operations(recipe):
    """The same lines for a model of other operations than the usual five."""
    return "from tinyformer.evaluation.report import space_of\n" + (
        recipe.replace(
            "expression_space().names)", "load_checkpoint({path}).task.names, task=load_checkpoint({path}).task)"
        )
        .replace("expression_space()", "space_of(load_checkpoint({path}))")
        .replace("import expression_space, ", "import ")
        .replace(
            'parse_expression("{expression}")', 'parse_expression("{expression}", 50, load_checkpoint({path}).task)'
        )
    )


def loading(subject):
    """The code that makes a subject's model."""
    if subject.step is None:
        return f"load_checkpoint({subject.shown.file.path!r}).model"
    path, step = subject.source
    return f'__import__("tinyformer.runs").runs.Run({path!r}).snapshot({step})'
