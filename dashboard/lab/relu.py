"""Bench: the kink that makes a network more than one matrix, and the units it can kill."""

import numpy as np
import streamlit as st

from dashboard import caches, components, selection
from dashboard.charts import lab_lines
from dashboard.lab.bench import Bench, Hand, flat
from tinyformer.evaluation.report import space_of
from tinyformer.laboratory.causes import Cause, number, result
from tinyformer.laboratory.unit_activity import activity
from tinyformer.layers import ReLU

BINS = 20
SHIFTS = np.arange(0, 10.25, 0.25)


def cause(view, name, i, j):
    x = float(flat(view.trial.inputs[0])[i, j])
    return Cause(max(x, 0.0), f"max({number(x)}, 0) = {result(max(x, 0.0))}", {"x": (i, j)})


@st.cache_resource(max_entries=32, show_spinner="Asking every expression there is …")
def _activity(file, block):
    """(SHIFTS, F): the share of rows in which each unit fires, by how much every bias is lowered."""
    return activity(caches.checkpoint(file).model, space_of(caches.checkpoint(file)).tokens, block, SHIFTS)


@st.fragment
def experiment(stage):
    """How often each unit fires over many expressions, and how a lower bias kills."""
    shift = st.slider("Lower every bias by", 0.0, float(SHIFTS[-1]), 0.0, 0.25, key="relu-shift", width=280)
    file = next(shown.file for shown in selection.current().models if shown.name == stage.model_name)
    share = _activity(file, stage.block)[np.flatnonzero(shift == SHIFTS)[0]]
    counts, edges = np.histogram(share, bins=BINS, range=(0, 1))
    labels = [f"{edge:.0%}" for edge in edges[:-1]]
    figure = lab_lines.bars(labels, counts, "How often do the hidden units fire?", "units")
    components.draw(figure, key="relu-activity", stretch=True)
    dead = int((share == 0).sum())
    st.markdown(
        f"**{dead} of {len(share)} units are dead**: of no expression's rows that are read do they fire at one."
    )
    st.caption(
        f"Of layer {stage.block + 1}, on all expressions that the model is asked. Along the axis: the share of rows at "
        "which a unit fires, of those that are read: in the last layer of a model that pools its first token, that row "
        "only. A dead unit has "
        "output 0 and gradient 0, everywhere: its own weights never move again. Only a change in what it is given, "
        "made by the layers before it, could wake it."
    )


BENCH = Bench(
    key="relu",
    title="ReLU",
    paragraph=(
        "What is negative becomes 0. Without some such bend, two matrices in a row are only another matrix. The "
        "gradient passes where the unit was active and stops where it was not. At 0 exactly there is no derivative: a "
        "gradient check has to leave out the steps that cross the kink, and say how many. Nair & Hinton (2010)."
    ),
    forward=r"y = \max(x, 0)",
    backward=r"dx = dy \odot [x > 0]",
    source=(ReLU,),
    place="blocks.{block}.feed_forward.relu",
    controls=("block", "target"),
    hand=Hand(
        ReLU,
        "ReLU()",
        "from tinyformer.layers import ReLU",
        {"x": ((1, -1, 0.5, -0.5), (2, -3, 0.1, -0.1), (0.7, 0.3, -2, 4))},
    ),
    cause=cause,
    experiment=experiment,
)
