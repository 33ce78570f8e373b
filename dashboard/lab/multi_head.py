"""Bench: several heads side by side, and the matrix that mixes them."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines
from dashboard.lab.bench import Bench, Hand, Panel, flat, numbered
from tinyformer import normalized_entropy
from tinyformer.laboratory.causes import products
from tinyformer.layers import MultiHeadAttention


def panels(view):
    x, y, tape = flat(view.trial.inputs[0]), flat(view.run.y), view.run.tape
    rows = numbered(len(x)) if view.by_hand else view.rows
    columns = numbered(x.shape[1])
    shown = [Panel("x", "x", x, rows, columns)]
    heads = range(view.trial.layer.num_heads) if view.by_hand else [view.head]
    for h in heads:
        shown.append(Panel(f"weights {h + 1}", f"weights of head {h + 1}", tape.weights[0, h], rows, rows, True))
    shown.append(Panel("heads", "all heads' outputs, side by side", flat(tape.output.x), rows, columns))
    return [*shown, Panel("y", "y = heads · W + b", y, rows, columns, clickable=True)]


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
    """How focused the first token's row of each head is, in every block."""
    passages, L = stage.anatomy.passages, stage.anatomy.model.config.num_layers
    first_rows = [passages[f"blocks.{i}.attention"][0].tape.weights[0, :, 0] for i in range(L)]
    frame = {"x": [], "y": [], "series": []}
    for i, rows in enumerate(first_rows):
        frame["x"] += list(range(1, len(rows) + 1))
        frame["y"] += list(normalized_entropy(rows))
        frame["series"] += [f"block {i + 1}"] * len(rows)
    figure = lab_lines.lines(
        frame,
        "How spread each head's first row is",
        "head",
        "normalized entropy",
        domain=(0, 1),
        height=180,
        points=True,
    )
    components.draw(figure, key="heads-entropy", stretch=True)
    st.caption("0: one token gets all the weight; 1: all tokens get the same. Change the expression and compare.")


BENCH = Bench(
    key="multi_head_attention",
    title="Multi-head attention",
    paragraph=(
        "One head takes one weighted mean. Several heads, each on its own slice of the width, can look at several "
        "places for several reasons at once; a last matrix mixes what they bring. Here the three projections are one "
        "matrix product, and the heads are views into its result. Vaswani et al. (2017), §3.2.2."
    ),
    forward=(
        r"\begin{gathered} (q, k, v)_h = \text{slices of } x W_{qkv} + b_{qkv} \\"
        r" y = [\,a_1 v_1 \mid \dots \mid a_H v_H\,]\, W_o + b_o \end{gathered}"
    ),
    backward=(
        r"\begin{gathered} [\,dy_1 \mid \dots \mid dy_H\,] = dy\, W_o^\top \\"
        r" dx = [\,dq \mid dk \mid dv\,]\, W_{qkv}^\top \quad (\text{all heads}) \end{gathered}"
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
)
