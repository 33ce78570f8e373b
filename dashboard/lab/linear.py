"""Bench: the one layer that multiplies by a matrix. All others are built around it."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines
from dashboard.lab.bench import Bench, Hand, Panel, flat, numbered
from tinyformer.laboratory.causes import products
from tinyformer.laboratory.initialization import scales_through_depth
from tinyformer.layers import Linear
from tinyformer.vocabulary import VOCABULARY


def columns(view):
    out = view.trial.layer.weight.value.shape[1]
    return numbered(out) if view.by_hand else list(VOCABULARY)


def panels(view):
    x, y, layer = flat(view.trial.inputs[0]), flat(view.run.y), view.trial.layer
    rows = numbered(len(x)) if view.by_hand else ["pooled"]
    inner, out = numbered(x.shape[1]), columns(view)
    return [
        Panel("x", "x" if view.by_hand else "x: the first token's row", x, rows, inner),
        Panel("W", "W", layer.weight.value, inner, out),
        Panel("b", "b", flat(layer.bias.value), ["b"], out),
        Panel("y", "y = x W + b" if view.by_hand else "y = x W + b: the logits", y, rows, out, clickable=True),
    ]


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
    scales = scales_through_depth(gain, depth, relu=relu)
    places = np.arange(depth + 1)
    frame = {
        "x": np.concatenate([places, places]),
        "y": np.concatenate([scales.activations, scales.gradients]),
        "series": ["activations, going up"] * (depth + 1) + ["gradients, coming back"] * (depth + 1),
    }
    figure = lab_lines.lines(
        frame,
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
        "Xavier's choice, a variance of 2 / (in + out), keeps both near 1."
    )


BENCH = Bench(
    key="linear",
    title="Linear",
    paragraph=(
        "Every output is a weighted sum of all inputs: a dot product of the input row with one column of W, plus a "
        "bias. In the backward pass the same matrix carries the gradient the other way, transposed. In the model "
        "shown here it is the read-out: the pooled row in, one logit for each of the twenty tokens out."
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
