"""Bench: the way past a layer."""

import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines
from dashboard.lab.bench import PARTS, Bench, Panel, flat, in_and_out, numbered
from tinyformer.laboratory import trials
from tinyformer.laboratory.causes import addition, result
from tinyformer.laboratory.residual import Residual, direct_path, residual_depth
from tinyformer.transformer_block import TransformerBlock


def panels(view):
    added = flat(view.run.y) - flat(view.trial.inputs[0])
    title = f"f(x), what {PARTS[view.stage.part]} adds"
    shown = Panel("f", title, added, view.labels(len(added)), numbered(added.shape[1]))
    return in_and_out(view, shown, x_title="x, what was known", y_title="y = x + f(x)")


def cause(view, name, i, j):
    x, y = flat(view.trial.inputs[0])[i, j], flat(view.run.y)[i, j]
    return addition(x, y - x, {"x": (i, j), "f": (i, j)})


@st.fragment
def experiment(stage):
    """The gradient's way back through a deep stack, with and without the paths; and in the model on the bench."""
    with st.container(horizontal=True, gap="medium"):
        depth = st.slider("Layers", 2, 40, 20, key="residual-depth", width=240)
        gain = st.slider("Weights, times Xavier's", 0.25, 1.5, 0.7, 0.05, key="residual-gain", width=240)
    plain, residual = (residual_depth(depth, gain, use) for use in (False, True))
    figure = lab_lines.lines(
        lab_lines.together({"x + f(x)": residual, "f(x) alone": plain}),
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
        "which is why a deep stack also needs norms to keep the sum from growing."
    )
    st.markdown(_in_this_model(stage.anatomy))


def _in_this_model(anatomy):
    share = direct_path(anatomy)
    if anatomy.model.config.norm == "pre":
        return "The model on the bench is **pre-norm**: on its direct path nothing is multiplied."
    return (
        "The model on the bench is **post-norm**: a norm stands behind each sum, and the direct path goes through all "
        f"of them. Of the gradient that the loss sends to the last layer, **{result(share)}** of its size comes back "
        "to the first along that path alone."
    )


BENCH = Bench(
    key="residual",
    title="Residual path",
    paragraph=(
        "A sublayer does not replace what it is given, it adds to it. What it has no opinion on passes unchanged, and "
        "so does the gradient on its way back: past the sums there is a path to the first layer on which nothing is "
        "multiplied, as long as no norm stands on it. He et al. (2016)."
    ),
    forward=r"y = x + f(x)",
    backward=r"dx = dy + f^{\,\prime}(x)^\top dy",
    source=(Residual, TransformerBlock),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=lambda stage: trials.residual(stage.anatomy, stage.block, stage.part),
    trial_code='residual(anatomy, block={block}, part="{part}")',
    controls=("block", "target"),
    parts=("attention", "feed_forward"),
)
