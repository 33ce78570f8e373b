"""Bench: what each token thinks about on its own."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, in_and_out, numbered
from tinyformer.laboratory.causes import products
from tinyformer.layers import FeedForward


def panels(view):
    hidden = flat(view.run.tape.contract.x)
    title = f"h = ReLU(x W₁ + b₁), {np.mean(hidden > 0):.0%} active"
    shown = Panel("h", title, hidden, view.labels(len(hidden)), numbered(hidden.shape[1]))
    return in_and_out(view, shown, y_title="y = h W₂ + b₂")


def cause(view, name, i, j):
    contract, hidden = view.trial.layer.contract, flat(view.run.tape.contract.x)
    return products(hidden[i], contract.weight.value[:, j], {"h": (i, slice(None))}, bias=contract.bias.value[j])


@st.fragment
def experiment(stage):
    """The hidden units that this expression excites most."""
    count = st.slider("Units shown", 4, 12, 8, key="units", width=240)
    hidden = stage.anatomy.passages[f"blocks.{stage.block}.feed_forward.contract"][0].x[0]
    strongest = np.argsort(-hidden.max(axis=0))[:count]
    figure = lab_matrix.matrix(
        hidden[:, strongest],
        stage.words,
        [str(u) for u in strongest],
        "The most excited hidden units: which token excites them?",
        column_title="unit",
    )
    components.draw(figure, key="strongest-units")
    st.caption("Change a digit in the sidebar and see which units are about that digit, and which about its place.")


BENCH = Bench(
    key="feed_forward",
    title="Feed-forward",
    paragraph=(
        "Attention moves information between tokens; here each token works on what it has, alone, with the same "
        "weights as every other. Usually four times as many hidden units as the width, a ReLU so that it is more than "
        "one matrix, and back. Then two thirds of a layer's parameters are here. Vaswani et al. (2017), §3.3."
    ),
    forward=r"h = \mathrm{ReLU}(x W_1 + b_1), \qquad y = h W_2 + b_2",
    backward=(
        r"\begin{gathered} dh = (dy\, W_2^\top) \odot [h > 0], \qquad dx = dh\, W_1^\top \\"
        r" dW_2 = h^\top dy, \quad dW_1 = x^\top dh \\"
        r" db_2 = \textstyle\sum dy, \quad db_1 = \sum dh \end{gathered}"
    ),
    source=(FeedForward,),
    place="blocks.{block}.feed_forward",
    controls=("block", "target"),
    hand=Hand(
        lambda: FeedForward(4, 6, np.random.default_rng(0), "float64"),
        'FeedForward(4, 6, np.random.default_rng(0), "float64")',
        "from tinyformer.layers import FeedForward",
        {"x": ((1, 0, -1, 0.5), (0, 2, 1, -1), (0.5, 0.5, 0.5, 0.5))},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
)
