"""What is on display in the lab: one model, one block, one expression, and what the loss asks for."""

from pathlib import Path

import streamlit as st

from dashboard import caches, questions, selection
from dashboard.lab.bench import PARTS, Stage
from dashboard.lab.rooms import RIGHT
from tinyformer.laboratory.anatomy import dissect
from tinyformer.task.vocabulary import DIGITS, VOCABULARY

MODEL, BLOCK, PART, TARGET = "bench-model", "block", "part", "target"  # keys of the widgets


def choose(controls=(TARGET,), parts=()):
    """The widgets, in one line; return the Stage, None where the model does not know the operation, which is said.

    Widgets that would change nothing are left out.
    """
    models, expression = selection.current()[:2]
    names = [shown.name for shown in models]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        name = st.selectbox("Model on the bench", names, key=MODEL, bind="query-params", width=190)
        shown = models[names.index(name)]
        config = shown.checkpoint.config
        block = _one_of(BLOCK, "Layer", [str(i + 1) for i in range(config.num_layers)], 90, BLOCK in controls)
        fitting = [part for part in parts or PARTS if part != "final" or config.norm == "pre"]
        part = _one_of(PART, "Sublayer", fitting, 150, bool(parts), PARTS.get)
        target = _one_of(TARGET, "The loss asks for", TARGETS, 170, TARGET in controls, _target_name, ASKING)
    if not questions.say_unless_known(expression := shown.question(expression)):
        return None
    token = expression.answer_token if target == RIGHT else VOCABULARY.index(target)
    anatomy = _dissected(shown.file, str(expression), token)
    key = (shown.file, str(expression), token)
    return Stage(anatomy, expression, int(block) - 1, name, _as_typed(shown.file.path), key, part)


TARGETS = [RIGHT, *(VOCABULARY[token] for token in DIGITS)]
ASKING = "A sure and right model has hardly any gradient. Ask for something wrong, and see it come."


def _one_of(key, label, options, width, asked, names=str, explained=None):
    """What is chosen, with a widget for it where it is asked for. What does not fit this model becomes the last."""
    if st.session_state[key] not in options:  # another model, or a link to a deeper one
        st.session_state[key] = options[-1]
    if not asked:
        return st.session_state[key]
    return st.selectbox(
        label, options, key=key, format_func=names, width=width, help=explained, persist_state="session"
    )


def _target_name(target):
    return "the right answer" if target == RIGHT else target


@st.cache_resource(max_entries=48, show_spinner=False)
def _dissected(file, text, target):
    checkpoint = caches.checkpoint(file)
    return dissect(checkpoint.model, questions.Reader("", checkpoint.task, checkpoint.config).question(text), target)


def _as_typed(path):
    """The path of a model from the folder of the project, where it lies there."""
    path = Path(path)
    root = Path(__file__).resolve().parents[2]
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
