"""Under every view: the five lines of Python that give its numbers."""

import streamlit as st

from dashboard import sections
from dashboard.explore import ablation, circuits, focus, reads, works
from tinyformer.task.task import DEFAULT_TASK

DEFAULTS = {"replacement": "mean", "effect": "logit difference"}  # what the choices of a view are before they are made


def draw(view, subjects, expression):
    """Closed, of the first model on display, or of the two that are compared."""
    sections.in_python(recipe(view, subjects, expression))


def recipe(view, subjects, expression):
    """A view's RECIPE with the models, the expression and the choices filled in."""
    state, of = st.session_state, {subject.name: subject for subject in subjects}
    first = of.get(state.get("first"), subjects[0]) if view is circuits else subjects[0]
    second = of.get(state.get("second"), next((one for one in subjects if one is not first), first))
    held_out = view is ablation and state.get(ablation.ASKED) == works.HELD_OUT
    layer, head = state.get(reads.HEAD, "head 1.1").removeprefix("head ").split(".")
    text = view.RECIPE
    if first.task != DEFAULT_TASK or held_out:  # the sides of a split are those of its own training
        text = _of_own_space(text)
    return text.format(
        model=loading(first), second=loading(second), expression=str(expression), path=repr(first.shown.file.path),
        count=len(expression.numbers), tokens=len(expression.tokens), names=first.task.name_ids.tolist(),
        head=(int(layer) - 1, int(head) - 1), rows=focus.ROWS[state.get("rows", focus.ROWS_FIRST)],
        held_out=", space.sides == 2" if held_out else "",
        **{name: state.get(name, default) for name, default in DEFAULTS.items()},
    )  # fmt: skip


def _of_own_space(recipe):
    """The same lines for a model of other operations than the usual five, or with the sides of its own split."""
    own = {
        "expression_space().names)": "load_checkpoint({path}).task.names, task=load_checkpoint({path}).task)",
        "expression_space()": "space_of(load_checkpoint({path}))",
        "import expression_space, ": "import ",
        "space_of_length({count})": "space_of_length({count}, load_checkpoint({path}).task)",
        'parse_expression("{expression}")': 'parse_expression("{expression}", 50, load_checkpoint({path}).task)',
    }
    for usual, its_own in own.items():
        recipe = recipe.replace(usual, its_own)
    return ("from tinyformer.evaluation.report import space_of\n" if "space_of(" in recipe else "") + recipe


def loading(subject):
    """The code that makes a subject's model."""
    if subject.step is None:
        return f"load_checkpoint({subject.shown.file.path!r}).model"
    path, step = subject.source
    return f'__import__("tinyformer.runs").runs.Run({path!r}).snapshot({step})'
