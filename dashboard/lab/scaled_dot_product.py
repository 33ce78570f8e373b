"""Bench: the core of attention, on one head."""

import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, numbered
from tinyformer.laboratory import trials
from tinyformer.laboratory.causes import exponential_share, products
from tinyformer.laboratory.initialization import attention_sharpness
from tinyformer.layers import (
    ScaledDotProductAttention,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)

HEAD_DIMS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def matrices(view):
    """q, k, v, scores, weights, y of the head that is looked at, each (T, ·)."""
    core = view.run.tape
    parts = [core.q, core.k, core.v, core.q @ core.k.swapaxes(-1, -2) * core.scale, core.weights, view.run.y]
    return [part if part.ndim == 2 else part[0, view.head] for part in parts]


def panels(view):
    q, k, v, scores, weights, y = matrices(view)
    rows, keys = view.labels(len(q)), view.labels(len(k))
    inner, out = numbered(q.shape[1]), numbered(v.shape[1])
    return [
        Panel("q", "q, what each token asks", q, rows, inner),
        Panel("k", "k, what each token offers", k, keys, inner),
        Panel("v", "v, what each token says", v, keys, out),
        Panel("scores", "scores = q kᵀ / √K", scores, rows, keys, False, True, "query", "key"),
        Panel("weights", "weights = softmax of each row", weights, rows, keys, True, True, "query", "key"),
        Panel("y", "y = weights · v", y, rows, out, clickable=True),
    ]


def cause(view, name, i, j):
    q, k, v, scores, weights, _ = matrices(view)
    every = slice(None)
    if name == "scores":
        return products(q[i], k[j], {"q": (i, every), "k": (j, every)}, factor=float(view.run.tape.scale))
    if name == "weights":
        return exponential_share(scores[i], j, i, "scores")
    return products(weights[i], v[:, j], {"weights": (i, every), "v": (every, j)})


@st.fragment
def experiment(stage):
    """The same q, k and v with and without √K, and what K does to random ones."""
    st.markdown("**Why divide by √K?** The same queries and keys, with the division and without.")
    own = trials.attention(stage.anatomy, stage.block)
    H = own.inputs[0].shape[1]
    head = st.slider("Head", 1, H, 1, key="root-head", width=240) - 1 if H > 1 else 0
    with st.container(horizontal=True, gap="medium"):
        for scaled, title in ((True, "with √K"), (False, "without √K")):
            _, tape = scaled_dot_product_attention(*own.inputs, scaled=scaled)
            figure = lab_matrix.matrix(tape.weights[0, head], stage.words, stage.words, title, weights=True)
            components.draw(figure, key=f"root-{scaled}")
    (_, divided), (_, whole) = attention_sharpness(HEAD_DIMS), attention_sharpness(HEAD_DIMS, scaled=False)
    figure = lab_lines.lines(
        lab_lines.together({"with √K": divided, "without": whole}, HEAD_DIMS),
        "What comes through the softmax of a gradient, random q and k, 6 tokens",
        "width K of the head",
        "size of its Jacobian",
        domain=(0, 0.5),
        height=180,
        points=True,
    )
    components.draw(figure, key="root-sharpness", stretch=True)
    st.caption(
        "A dot product of K random numbers grows like √K. Undivided, the wider a head, the more of its weight lies on "
        f"one token, where the softmax is flat: at K = {HEAD_DIMS[-1]}, {whole[-1]:.2g} of a gradient comes through "
        f"instead of {divided[-1]:.2g}; at the 16 of these models' heads, {whole[4]:.2g} instead of {divided[4]:.2g}."
    )


BENCH = Bench(
    key="attention",
    title="Scaled dot-product attention",
    paragraph=(
        "Each token asks a question (q), offers a label (k) and has something to say (v). The better a question fits a "
        "label, the more of that token's v is taken. The weights of a row sum to 1: attention is a weighted mean. It "
        "is the only place where tokens learn of each other. Vaswani et al. (2017), §3.2.1."
    ),
    forward=r"a = \mathrm{softmax}\!\left( \frac{q k^\top}{\sqrt K} \right), \qquad y = a\, v",
    backward=(
        r"\begin{gathered} dv = a^\top dy, \qquad da = dy\, v^\top \\"
        r" ds = a \odot (da - \textstyle\sum da \odot a) \\"
        r" dq = ds\, k / \sqrt K, \qquad dk = ds^\top q / \sqrt K \end{gathered}"
    ),
    source=(scaled_dot_product_attention, scaled_dot_product_attention_backward, ScaledDotProductAttention),
    hand=Hand(
        ScaledDotProductAttention,
        "ScaledDotProductAttention()",
        "from tinyformer.layers import ScaledDotProductAttention",
        {
            "q": ((2, 0), (0, 2), (1, 1)),
            "k": ((2, 0), (0, 2), (-1, -1)),
            "v": ((1, 0), (0, 1), (0.5, -0.5)),
        },
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=lambda stage: trials.attention(stage.anatomy, stage.block),
    heads=True,
    trial_code="attention(anatomy, block={block})",
    controls=("block", "target"),
)
