"""Bench: from any numbers to shares of one whole."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, numbered
from tinyformer import normalized_entropy
from tinyformer.laboratory import trials
from tinyformer.laboratory.causes import exponential_share, probability, result
from tinyformer.layers import Softmax


def columns(view):
    return numbered(flat(view.run.y).shape[1]) if view.by_hand else view.stage.vocabulary


def panels(view):
    x, y = flat(view.trial.inputs[0]), flat(view.run.y)
    rows = numbered(len(x)) if view.by_hand else ["answer"]
    return [
        Panel("x", "x" if view.by_hand else "x: the logits", x, rows, columns(view)),
        Panel("y", "y = softmax(x)", y, rows, columns(view), weights=True, clickable=True),
    ]


def cause(view, name, i, j):
    return exponential_share(flat(view.trial.inputs[0])[i], j, i)


@st.fragment
def experiment(stage):
    """The temperature: the same logits, sharper or flatter, and the Jacobian."""
    temperature = st.slider("Temperature τ", 0.1, 20.0, 1.0, 0.1, key="temperature", width=320)
    logits = stage.anatomy.logits
    p, tape = Softmax().forward(logits / temperature)
    entropy = float(normalized_entropy(p)[0])
    title = "softmax(x / τ) of the logits"
    figure = lab_lines.bars(stage.vocabulary, p[0], title, "probability", domain=(0, 1), height=190, every_label=True)
    components.draw(figure, key="temperature-bars", stretch=True)
    st.caption(
        f"The largest is {probability(p.max())}; the spread over all tokens (normalized entropy, 0 to 1) is "
        f"{result(entropy)}. A small τ approaches the maximum, a large one an even guess. The order never changes."
    )
    top = np.sort(np.argsort(-logits[0])[:6])
    jacobian = np.array([Softmax().backward(row[None], tape)[0] for row in np.eye(logits.shape[1])[top]])[:, top]
    words = [stage.vocabulary[i] for i in top]
    components.draw(
        lab_matrix.matrix(jacobian, words, words, "Jacobian of the six largest", row_title="y", column_title="x / τ"),
        key="jacobian",
    )
    st.caption(
        "Row i, column j: how much y_i changes when x_j / τ does. Raising one share lowers the others, so the signs "
        "off the diagonal are negative, and each row sums to 0 over all tokens. Where the softmax is sure, hardly any "
        "gradient passes."
    )


BENCH = Bench(
    key="softmax",
    title="Softmax",
    paragraph=(
        "Exponentials make every number positive, dividing by their sum makes them shares. Adding the same to all "
        "changes nothing, so the largest is taken off first and nothing can overflow. All outputs share one sum, so "
        "the derivative is a full matrix, never only its diagonal."
    ),
    forward=r"y_i = \frac{e^{x_i / \tau}}{\sum_j e^{x_j / \tau}}",
    backward=(
        r"\begin{gathered} \frac{\partial y_i}{\partial x_j} = y_i\,(\delta_{ij} - y_j) \quad (\tau = 1) \\[4pt]"
        r" dx = y \odot \bigl(dy - \textstyle\sum_j dy_j\, y_j\bigr) \end{gathered}"
    ),
    source=(Softmax,),
    hand=Hand(
        Softmax,
        "Softmax()",
        "from tinyformer.layers import Softmax",
        {"x": ((1, 2, 3, 4), (0, 0, 0, 0), (5, 5, -5, 0))},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=lambda stage: trials.softmax(stage.anatomy),
    trial_code="softmax(anatomy)",
    softened=True,
)
