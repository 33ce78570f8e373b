"""Bench: several heads side by side, and the matrix that mixes them."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, in_and_out, numbered
from tinyformer import normalized_entropy
from tinyformer.laboratory.causes import products
from tinyformer.layers import MultiHeadAttention


def panels(view):
    tape, merged = view.run.tape, flat(view.run.tape.output.x)
    rows, heads = view.labels(len(merged)), range(view.trial.layer.num_heads) if view.by_hand else [view.head]
    names = {h: f"weights of head {h + 1}" for h in heads}
    weights = [Panel(name, name, tape.weights[0, h], rows, rows, weights=True) for h, name in names.items()]
    outputs = Panel("heads", "all heads' outputs, side by side", merged, rows, numbered(merged.shape[1]))
    return in_and_out(view, *weights, outputs, y_title="y = heads · Wₒ + bₒ")


def cause(view, name, i, j):
    output = view.trial.layer.output
    return products(
        flat(view.run.tape.output.x)[i],
        output.weight.value[:, j],
        {"heads": (i, slice(None))},
        bias=output.bias.value[j],
    )


@st.fragment
def experiment(stage):
    """How spread one token's weights are, head by head, in every layer."""
    words, passages = stage.words, stage.anatomy.passages
    asking = st.segmented_control(
        "The token that looks",
        range(len(words)),
        default=0,
        required=True,
        format_func=lambda t: words[t],
        key=f"heads-token-{len(words)}",
        help="The answer is read at the first one.",
    )
    layers = range(stage.anatomy.model.config.num_layers)
    spread = [normalized_entropy(passages[f"blocks.{i}.attention"][0].tape.weights[0, :, asking]) for i in layers]
    figure = lab_matrix.matrix(
        spread,
        [f"layer {i + 1}" for i in layers],
        [f"{h + 1}" for h in range(len(spread[0]))],
        "How many places each head looks at",
        weights=True,
        column_title="head",
    )
    components.draw(figure, key="heads-entropy")
    st.caption(
        "Normalized entropy of a row of weights. 0: one token gets all the weight; 1: all tokens get the same. Heads "
        "of one layer, given the same rows, do different things. Change the expression and compare."
    )


BENCH = Bench(
    key="multi_head_attention",
    title="Multi-head attention",
    paragraph=(
        "One head takes one weighted mean. Several heads, each on its own slice of the width, can look at several "
        "places for several reasons at once; a last matrix mixes what they bring. Here q, k and v are the three thirds "
        "of one projection, and the heads are slices of those. Vaswani et al. (2017), §3.2.2."
    ),
    forward=(
        r"\begin{gathered} (q, k, v)_h = \text{slices of } x W_{qkv} + b_{qkv} \\"
        r" y = [\,a_1 v_1 \mid \dots \mid a_H v_H\,]\, W_o + b_o \end{gathered}"
    ),
    backward=(
        r"\begin{gathered} [\,dy_1 \mid \dots \mid dy_H\,] = dy\, W_o^\top \\"
        r" dx = [\,dq \mid dk \mid dv\,]\, W_{qkv}^\top \quad (\text{all heads}) \\"
        r" dW_o = [\,a_1 v_1 \mid \dots\,]^\top dy, \quad dW_{qkv} = x^\top [\,dq \mid dk \mid dv\,] \\"
        r" db_o = \textstyle\sum dy, \quad db_{qkv} = \sum [\,dq \mid dk \mid dv\,] \end{gathered}"
    ),
    source=(MultiHeadAttention,),
    place="blocks.{block}.attention",
    hand=Hand(
        lambda: MultiHeadAttention(4, 2, np.random.default_rng(1), dtype="float64"),
        'MultiHeadAttention(4, 2, np.random.default_rng(1), dtype="float64")',
        "from tinyformer.layers import MultiHeadAttention",
        {"x": ((2, 0, -1, 0.5), (0, 2, 1, -1), (0.5, -2, 0.5, 1.5))},
        lead=1,
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    heads=True,
    controls=("block", "target"),
)
