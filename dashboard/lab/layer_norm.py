"""Bench: every row on the same scale, where it stands after (post) or before (pre) a sublayer."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, in_and_out, numbered
from tinyformer.laboratory import trials
from tinyformer.laboratory.causes import normalization, result
from tinyformer.laboratory.residual import norm_placement
from tinyformer.layers import LayerNorm
from tinyformer.transformer_block import TransformerBlock

EXAMPLE = ((1, 2, 3, 4), (10, 20, 30, 40), (5, 5, 5, 5.1))


def panels(view):
    normalized, layer = flat(view.run.tape.normalized), view.trial.layer
    rows, columns = view.labels(len(normalized)), numbered(normalized.shape[1])
    return in_and_out(
        view,
        Panel("x̂", "x̂: mean 0, standard deviation 1", normalized, rows, columns),
        Panel("γ, β", "γ and β", np.array([layer.gamma.value, layer.beta.value]), ["γ", "β"], columns),
        y_title="y = γ x̂ + β",
    )


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
        "3 hardly varies, with a variance of 0.0019: an ε far below that lets its one tenth be blown up to full size, "
        "an ε above leaves it small. γ and β give back any scale that the next layer would like."
    )
    _post_or_pre(stage)


@st.fragment
def _post_or_pre(stage):
    """Where the norm stands, and what that does to the first gradients of a deep stack."""
    st.markdown("**Post or pre?** A stack of feed-forward sublayers before any training; a gradient of size 1 arrives.")
    depth = st.slider("Sublayers", 4, 40, 24, 2, key="norm-depth", width=240)
    post, pre = (norm_placement(norm, depth) for norm in ("post", "pre"))
    shallow = norm_placement("pre", 4)[-1]
    figure = lab_lines.lines(
        lab_lines.together({"post: norm(x + f(x))": post, "pre: x + f(norm(x))": pre}, first=1),
        "Size of the gradient at each sublayer's last weights",
        "sublayer",
        "gradient",
        domain=(0, 10),
        height=190,
        points=True,
    )
    components.draw(figure, key="norm-placement", stretch=True)
    norm = stage.anatomy.model.config.norm
    st.caption(
        f"At the last of {depth} sublayers: {result(post[-1])} with the norm after each sum, {result(pre[-1])} with "
        f"the norm before. The first stays large however deep the stack; the second was {result(shallow)} in a stack "
        "of 4. So post-norm wants small first steps (a warm-up), and pre-norm can do without (Xiong et al. 2020). The "
        f"model on the bench is **{norm}**-norm."
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
    hand=Hand(
        lambda: LayerNorm(4, dtype="float64"),
        'LayerNorm(4, dtype="float64")',
        "from tinyformer.layers import LayerNorm",
        {"x": EXAMPLE},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=lambda stage: trials.layer_norm(stage.anatomy, stage.block, stage.part),
    trial_code='layer_norm(anatomy, block={block}, part="{part}")',
    controls=("block", "target"),
    parts=("attention", "feed_forward", "final"),
)
