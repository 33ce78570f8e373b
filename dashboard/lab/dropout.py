"""Bench: noise on purpose, and why it changes nothing on average."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, in_and_out, numbered
from tinyformer.laboratory import trials
from tinyformer.laboratory.causes import products
from tinyformer.laboratory.dropout_average import SeededDropout, running_means
from tinyformer.layers import Dropout


def panels(view):
    scale = flat(view.run.tape.scale)
    title = f"s: 0 or 1 / (1 − {view.trial.layer.rate:g})"
    shown = Panel("s", title, scale, view.labels(len(scale)), numbered(scale.shape[1]))
    return in_and_out(view, shown, y_title="y = x · s")


def cause(view, name, i, j):
    x, scale = flat(view.trial.inputs[0])[i, j], flat(view.run.tape.scale)[i, j]
    return products([x], [scale], {"x": (i, j), "s": (i, j)})


@st.fragment
def experiment(stage):
    """The rate moved, and the mean over many draws."""
    with st.container(horizontal=True, gap="medium"):
        rate = st.slider("Rate", 0.0, 0.9, 0.3, 0.05, key="dropout-rate", width=240)
        draws = st.slider("Draws", 20, 400, 200, 20, key="dropout-draws", width=240)
    x = stage.anatomy.passages[f"blocks.{stage.block}.feed_forward"][0].y.ravel()
    once, _ = Dropout(rate).forward(np.abs(x), np.random.default_rng(0))
    means = running_means(np.abs(x), rate, draws)
    true = float(np.abs(x).mean())
    series = {"mean over the draws so far": means, "without dropout": np.full(draws, true)}
    frame = lab_lines.together(series, first=1)
    spread = (0.8 * true, 1.2 * true)
    figure = lab_lines.lines(
        frame, "Mean absolute value of the activations", "draws", "mean of |x|", domain=spread, height=190
    )
    components.draw(figure, key="dropout-mean", stretch=True)
    first = once[: x.size // len(stage.words)][:16][None, :]
    components.draw(
        lab_matrix.matrix(first, ["one draw"], numbered(16), "Sixteen activations of the first token, one draw"),
        key="dropout-draw",
    )
    st.caption(
        f"Each is 0 with probability {rate:.2f}, else multiplied by 1 / (1 − {rate:.2f}) = {1 / (1 - rate):.2f}. The "
        f"mean of |x| over {draws} draws is {means[-1]:.4f}; without dropout it is {true:.4f}. So nothing has to "
        "change when training is over: dropout is simply left out."
    )


BENCH = Bench(
    key="dropout",
    title="Dropout",
    paragraph=(
        "During training each activation is set to 0 with some probability, so that no unit can rely on another one "
        "being there. What is kept is scaled up by 1 / (1 − rate), which preserves the expectation. The backward pass "
        "uses the mask of the forward pass. The models that ship were trained without it; here it is applied to their "
        "values."
    ),
    forward=(
        r"y = x \odot s, \quad s_i = "
        r"\begin{cases} 0 & \text{with probability } p \\ 1/(1-p) & \text{otherwise} \end{cases}"
    ),
    backward=r"dx = dy \odot s \quad (\text{the same } s)",
    source=(Dropout,),
    hand=Hand(
        lambda: SeededDropout(0.3),
        "SeededDropout(0.3)",
        "from tinyformer.laboratory.dropout_average import SeededDropout",
        {"x": ((1, 1, 1, 1), (1, 1, 1, 1), (2, -2, 0.5, -0.5))},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=lambda stage: trials.dropout(stage.anatomy, stage.block),
    trial_code="dropout(anatomy, block={block})",
    controls=("block", "target"),
)
