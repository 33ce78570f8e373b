"""Bench: the way past a layer."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines
from dashboard.lab.bench import Bench, Panel, flat, numbered
from tinyformer.laboratory.anatomy import Trial
from tinyformer.laboratory.causes import Cause, number, result
from tinyformer.laboratory.residual import Residual, residual_depth
from tinyformer.transformer_block import TransformerBlock


def trial(stage):
    """x + attention(x), or with the norm before it, as this model's block computes it."""
    block, name = stage.anatomy.layer(f"blocks.{stage.block}"), f"blocks.{stage.block}"
    x = stage.anatomy.passages[name][0].x
    first = (block.attention_norm,) if block.norm_first else ()
    passages = stage.anatomy.passages
    after = passages[f"{name}.attention"][0].dy if block.norm_first else passages[f"{name}.attention_norm"][0].dx
    return Trial(Residual(*first, block.attention), (x,), {}, after)


def panels(view):
    x, y = flat(view.trial.inputs[0]), flat(view.run.y)
    columns = numbered(x.shape[1])
    return [
        Panel("x", "x, what was known", x, view.rows, columns),
        Panel("f", "f(x), what attention adds", y - x, view.rows, columns),
        Panel("y", "y = x + f(x)", y, view.rows, columns, clickable=True),
    ]


def cause(view, name, i, j):
    x, y = flat(view.trial.inputs[0])[i, j], flat(view.run.y)[i, j]
    return Cause(float(y), f"{number(x)} + {number(y - x)} = {result(y)}", {"x": (i, j), "f": (i, j)})


@st.fragment
def experiment(stage):
    """The gradient's way back through a deep stack, with and without the paths."""
    with st.container(horizontal=True, gap="medium"):
        depth = st.slider("Layers", 2, 40, 20, key="residual-depth", width=240)
        gain = st.slider("Weights, times Xavier's", 0.25, 1.5, 0.7, 0.05, key="residual-gain", width=240)
    places = np.arange(depth + 1)
    plain, residual = (residual_depth(depth, gain, use) for use in (False, True))
    frame = {
        "x": np.tile(places, 2),
        "y": np.concatenate([residual, plain]),
        "series": ["x + f(x)"] * (depth + 1) + ["f(x) alone"] * (depth + 1),
    }
    figure = lab_lines.lines(
        frame,
        "Size of the gradient at each layer, 1 at the end",
        "layer",
        "gradient (log)",
        log=True,
        domain=(1e-9, 1e9),
        points=True,
    )
    components.draw(figure, key="residual-scales", stretch=True)
    st.caption(
        f"At the first of {depth} layers (each a linear map and a ReLU), {residual[0]:.2g} with residual paths and "
        f"{plain[0]:.2g} without. The direct way back never shrinks; what comes through the layers is added to it, "
        f"which "
        "is why a deep stack also needs norms to keep the sum from growing."
    )


BENCH = Bench(
    key="residual",
    title="Residual path",
    paragraph=(
        "A sublayer does not replace what it is given, it adds to it. What it has no opinion on passes unchanged, and "
        "so does the gradient on its way back: whatever the layers do, there is a path to the first one on which "
        "nothing is multiplied. He et al. (2016)."
    ),
    forward=r"y = x + f(x)",
    backward=r"dx = dy + f^{\,\prime}(x)^\top dy",
    source=(Residual, TransformerBlock),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=trial,
    recipe=(
        "from tinyformer import gradient_check, load_checkpoint, parse_expression\n"
        "from tinyformer.laboratory.anatomy import dissect\n"
        "from tinyformer.laboratory.residual import Residual\n"
        'anatomy = dissect(load_checkpoint("{path}").model, parse_expression("{expression}"))\n'
        'block, x = anatomy.layer("blocks.{block}"), anatomy.passages["blocks.{block}"][0].x\n'
        "print(gradient_check(Residual(block.attention), x, sample=24))"
    ),
)
