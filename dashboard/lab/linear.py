"""Bench: the one layer that multiplies by a matrix. All others are built around it."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines
from dashboard.lab.bench import Bench, Hand, Panel, flat, in_and_out, numbered
from tinyformer.laboratory.causes import products
from tinyformer.laboratory.initialization import scales_through_depth
from tinyformer.layers import Linear


def panels(view):
    weight, bias = view.trial.layer.weight.value, flat(view.trial.layer.bias.value)
    out = numbered(weight.shape[1]) if view.by_hand else view.stage.vocabulary
    pooled = {"first": "the first token's row", "mean": "the mean of the rows"}[view.stage.anatomy.model.config.pooling]
    return in_and_out(
        view,
        Panel("W", "W", weight, numbered(len(weight)), out),
        Panel("b", "b", bias, ["b"], out),
        x_title="x" if view.by_hand else f"x: {pooled}",
        y_title="y = x W + b" if view.by_hand else "y = x W + b: the logits",
        y_columns=out,
        rows=None if view.by_hand else ["pooled"],
    )


def cause(view, name, i, j):
    layer, every = view.trial.layer, slice(None)
    return products(
        flat(view.trial.inputs[0])[i],
        layer.weight.value[:, j],
        {"x": (i, every), "W": (every, j), "b": (0, j)},
        bias=layer.bias.value[j],
    )


@st.fragment
def experiment(stage):
    """Weights of the right size, too small and too large, through many layers."""
    st.markdown(
        "**The size of the first weights.** A stack of linear layers, as wide as the model, before any training."
    )
    with st.container(horizontal=True, gap="medium"):
        gain = st.slider("Weights, times Xavier's", 0.25, 2.0, 0.7, 0.05, key="gain", width=240)
        depth = st.slider("Layers", 2, 30, 12, key="depth", width=240)
        relu = st.toggle(
            "A ReLU after each", key="gain-relu", help="It halves the power of the signal: √2 makes up for it."
        )
    width = stage.anatomy.model.config.embed_dim
    scales, xavier = (scales_through_depth(times, depth, width, relu) for times in (gain, 1.0))
    series = {
        "activations, going up": scales.activations,
        "gradients, coming back": scales.gradients,
        "activations with Xavier's": xavier.activations,
        "gradients with Xavier's": xavier.gradients,
    }
    figure = lab_lines.lines(
        lab_lines.together(series),
        "Standard deviation after each layer",
        "layer",
        "standard deviation (log)",
        log=True,
        domain=(1e-6, 1e6),
        points=True,
    )
    components.draw(figure, key="depth-scales", stretch=True)
    st.caption(
        f"After {depth} layers the activations are {scales.activations[-1] / scales.activations[0]:.3g} times, and "
        f"back at the input the gradients {scales.gradients[0] / scales.gradients[-1]:.3g} times what they began as. "
        "Xavier's choice, a variance of 2 / (in + out), keeps both near 1"
        + (", but for the half that a ReLU takes away." if relu else ".")
    )


BENCH = Bench(
    key="linear",
    title="Linear",
    paragraph=(
        "Every output is a weighted sum of all inputs: a dot product of the input row with one column of W, plus a "
        "bias. In the backward pass the same matrix carries the gradient the other way, transposed. In the model "
        "shown here it is the read-out: the pooled row in, one logit for each token of the vocabulary out."
    ),
    forward=r"y = x W + b",
    backward=r"dx = dy\, W^\top, \quad dW = x^\top dy, \quad db = \textstyle\sum_n dy_n",
    source=(Linear,),
    place="read_out",
    hand=Hand(
        lambda: Linear(4, 3, np.random.default_rng(0), "float64"),
        'Linear(4, 3, np.random.default_rng(0), "float64")',
        "from tinyformer.layers import Linear",
        {"x": ((1, 0, -1, 0.5), (0, 2, 1, -1), (0.5, 0.5, 0.5, 0.5))},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
)
