"""What is on display in the lab: one model, one block, one expression, and what the loss asks for."""

from pathlib import Path

import streamlit as st

from dashboard import caches, selection
from dashboard.lab.bench import Stage
from dashboard.lab.rooms import RIGHT
from tinyformer import parse_expression
from tinyformer.laboratory.anatomy import dissect
from tinyformer.vocabulary import DIGITS, VOCABULARY

MODEL, BLOCK, TARGET = "bench-model", "block", "target"  # keys of the widgets


def choose():
    """The widgets, in one line; return the Stage."""
    models, expression = selection.current()[:2]
    names = [shown.name for shown in models]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        name = st.selectbox("Model on the bench", names, key=MODEL, bind="query-params", width=190)
        shown = models[names.index(name)]
        blocks = [str(i + 1) for i in range(shown.checkpoint.config.num_layers)]
        if st.session_state[BLOCK] not in blocks:  # another model, or a link to a deeper one
            st.session_state[BLOCK] = blocks[-1]
        block = st.selectbox("Block", blocks, key=BLOCK, persist_state="session", width=90)
        target = st.selectbox(
            "The loss asks for",
            [RIGHT, *(VOCABULARY[token] for token in DIGITS)],
            format_func=lambda value: "the right answer" if value == RIGHT else value,
            key=TARGET,
            persist_state="session",
            width=170,
            help="A sure and right model has hardly any gradient. Ask for something wrong, and see it come.",
        )
    token = expression.answer_token if target == RIGHT else VOCABULARY.index(target)
    anatomy = _dissected(shown.file, str(expression), token)
    key = (shown.file, str(expression), token)
    return Stage(anatomy, expression, blocks.index(block), name, _as_typed(shown.file.path), key)


@st.cache_resource(max_entries=48, show_spinner=False)
def _dissected(file, text, target):
    model = caches.checkpoint(file).model
    return dissect(model, parse_expression(text, max_seq_len=model.config.max_seq_len), target)


def _as_typed(path):
    """The path of a model from the folder of the project, where it lies there."""
    path = Path(path)
    root = Path(__file__).resolve().parents[2]
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
