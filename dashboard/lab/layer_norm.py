"""Bench: every row on the same scale, where it stands after (post) or before (pre) a sublayer."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, numbered
from tinyformer.laboratory.causes import normalization
from tinyformer.layers import LayerNorm
from tinyformer.transformer_block import TransformerBlock

EXAMPLE = ((1, 2, 3, 4), (10, 20, 30, 40), (5, 5, 5, 5.1))


def panels(view):
    x, y, layer = flat(view.trial.inputs[0]), flat(view.run.y), view.trial.layer
    rows = numbered(len(x)) if view.by_hand else view.rows
    columns = numbered(x.shape[1])
    means = [f"{word}   mean {row.mean():.2f}, std {row.std():.2f}" for word, row in zip(rows, x, strict=True)]
    return [
        Panel("x", "x", x, means if view.by_hand else rows, columns),
        Panel("x̂", "x̂: mean 0, standard deviation 1", flat(view.run.tape.normalized), rows, columns),
        Panel("γ, β", "γ and β", np.array([layer.gamma.value, layer.beta.value]), ["γ", "β"], columns),
        Panel("y", "y = γ x̂ + β", y, rows, columns, clickable=True),
    ]


def cause(view, name, i, j):
    layer = view.trial.layer
    made = normalization(flat(view.trial.inputs[0])[i], j, layer.gamma.value, layer.beta.value, layer.epsilon, i)
    return made._replace(lit=made.lit | {"x̂": (i, j), "γ, β": (slice(None), j)})


@st.fragment
def experiment(stage):
    """γ, β and ε moved by hand, on rows whose scales differ."""
    with st.container(horizontal=True, gap="medium"):
        gamma = st.slider("γ", -2.0, 3.0, 1.0, 0.1, key="gamma", width=170)
        beta = st.slider("β", -2.0, 2.0, 0.0, 0.1, key="beta", width=170)
        power = st.slider("ε = 10 to the", -8, 1, -5, key="epsilon", width=170)
    layer = LayerNorm(4, epsilon=10.0**power, dtype=np.float64)
    layer.gamma.value[:], layer.beta.value[:] = gamma, beta
    x = np.array(EXAMPLE, np.float64)
    y, tape = layer.forward(x)
    d_output = np.array([[1.0, 0, 0, 0]] * 3)
    dx = layer.backward(d_output, tape)
    labels, columns = ["small steps", "ten times", "nearly equal"], numbered(4)
    with st.container(horizontal=True, gap="medium"):
        for name, values in (("x", x), ("y", y), ("dx, for a gradient at y[·, 0] only", dx)):
            components.draw(lab_matrix.matrix(values, labels, columns, name), key=f"norm-try-{name[:2]}")
    st.caption(
        "Rows 1 and 2 come out alike: the scale is gone, and the gradient of the larger row is ten times smaller. Row "
        "3 hardly varies: below its variance of 0.0019, ε decides whether a tenth is blown up or left alone. γ and β "
        "give back any scale that the next layer would like."
    )
    config = stage.anatomy.model.config
    st.caption(
        f"This model is **{config.norm}**-norm: "
        + (
            "the norm stands after each sum, y = norm(x + f(x))."
            if config.norm == "post"
            else "the norm stands before each sublayer, y = x + f(norm(x)), and the residual path stays free."
        )
    )


BENCH = Bench(
    key="layer_norm",
    title="Layer norm",
    paragraph=(
        "Each row is shifted to mean 0 and scaled to standard deviation 1, then γ and β, one pair per dimension, give "
        "it the scale that training prefers. **Post-norm**, norm(x + f(x)), as in the original paper; **pre-norm**, "
        "x + f(norm(x)), leaves the residual path untouched and trains deep stacks without warm-up (Xiong et al. "
        "2020). Mean and variance are made of x, so the gradient goes through both: that is what the two means below "
        "are."
    ),
    forward=(
        r"\begin{gathered} \hat x = \frac{x - \mathrm{mean}(x)}{\sqrt{\mathrm{var}(x) + \varepsilon}} \\[4pt]"
        r" y = \gamma \odot \hat x + \beta \end{gathered}"
    ),
    backward=(
        r"\begin{gathered} g = \gamma \odot dy, \quad d\gamma = \textstyle\sum dy \odot \hat x, \quad "
        r"d\beta = \sum dy \\[4pt] dx = \frac{g - \mathrm{mean}(g) - \hat x\, \mathrm{mean}(g \odot \hat x)}"
        r"{\sqrt{\mathrm{var}(x) + \varepsilon}} \end{gathered}"
    ),
    source=(LayerNorm, TransformerBlock),
    place="blocks.{block}.attention_norm",
    hand=Hand(
        lambda: LayerNorm(4, dtype="float64"),
        'LayerNorm(4, dtype="float64")',
        "from tinyformer.layers import LayerNorm",
        {"x": EXAMPLE},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
)
