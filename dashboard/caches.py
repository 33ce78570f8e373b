"""What is computed once and shared by all visitors. A model file's path, time and size are the key to all of it.

Nothing here knows what is selected; `selection` asks. Values are shared: never write to them.
"""

import streamlit as st

from tinyformer import evaluate, expression_space, load_checkpoint
from tinyformer.baselines import copy_first, most_frequent_answer
from tinyformer.datasets import DATA_SEED, SIDES

SHARES = (0.8, 0.1, 0.1)


@st.cache_resource(max_entries=64, show_spinner=False)
def checkpoint(file):
    """The Checkpoint in a ModelFile. CheckpointError where it cannot be used; an error is not cached."""
    return load_checkpoint(file.path)


@st.cache_resource(max_entries=32, show_spinner="Asking every expression there is …")
def whole_space(file):
    """(Evaluation of all 5,000 expressions of three digits, (N,) index into SIDES: where its training had each)."""
    data_seed, shares = split_of(checkpoint(file))
    space = expression_space(data_seed=data_seed, shares=shares)
    return evaluate(checkpoint(file).model, space), space.sides


@st.cache_resource(max_entries=32, show_spinner=False)
def baselines(file, side):
    """{name: Evaluation} of the rules a model has to beat, on one side ("all" for all) of this model's split."""
    evaluation, sides = whole_space(file)
    part = evaluation.select(on_side(sides, side))
    train = evaluation.select(on_side(sides, "train"))
    return {"most frequent answer": most_frequent_answer(train, part), "copy the first": copy_first(part)}


def on_side(sides, side):
    """(N,) bool: which expressions are on a side, or all of them."""
    return sides == SIDES.index(side) if side != "all" else sides >= 0


def split_of(checkpoint):
    """(data_seed, shares) that decide which expressions this model was trained on."""
    training = checkpoint.training
    return (training.data_seed, tuple(training.shares)) if training else (DATA_SEED, SHARES)
