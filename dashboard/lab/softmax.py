"""Bench: from any numbers to shares of one whole."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, numbered
from tinyformer import normalized_entropy
from tinyformer.laboratory.anatomy import Trial
from tinyformer.laboratory.causes import exponential_share
from tinyformer.layers import Softmax
from tinyformer.vocabulary import VOCABULARY

REACH = 6.0  # between the largest and the smallest logit of a check


def trial(stage):
    """The logits, and the gradient that the loss, −ln p of the asked token, sends to the probabilities."""
    asked, p = stage.anatomy.target, stage.anatomy.probabilities
    return Trial(Softmax(), (stage.anatomy.logits,), {}, -np.eye(p.shape[1])[[asked]] / p[0, asked])


def softened(trial):
    """Logits so far apart that hardly any gradient passes are brought nearer, for the check only."""
    x = trial.inputs[0]
    factor = float(np.ptp(x, axis=-1).max()) / REACH
    if factor <= 1:
        return trial, ""
    why = (
        f" Checked at x / {factor:.1f}: at x itself the model is so sure that its gradients are lost in the rounding "
        f"of a "
        "numerical difference."
    )
    return trial._replace(inputs=(x / factor,)), why


def columns(view):
    return numbered(flat(view.run.y).shape[1]) if view.by_hand else list(VOCABULARY)


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
    figure = lab_lines.bars(VOCABULARY, p[0], "softmax(x / τ) of the logits", "probability", domain=(0, 1), height=190)
    components.draw(figure, key="temperature-bars", stretch=True)
    st.caption(
        f"The largest is {p.max():.4f}; the spread over all tokens (normalized entropy) {entropy:.3f}. A small τ "
        f"approaches "
        "the maximum, a large one an even guess. The order never changes."
    )
    top = np.sort(np.argsort(-logits[0])[:6])
    jacobian = np.array([Softmax().backward(row[None], tape)[0] for row in np.eye(logits.shape[1])[top]])[:, top]
    words = [VOCABULARY[i] for i in top]
    components.draw(
        lab_matrix.matrix(jacobian, words, words, "Jacobian of the six largest", row_title="y", column_title="x / τ"),
        key="jacobian",
    )
    st.caption(
        "Row i, column j: how much y_i changes when x_j does. Raising one share lowers the others, so the signs off "
        "the diagonal are negative, and each row sums to 0 over all tokens. Where the softmax is sure, hardly any "
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
    trial=trial,
    check_at=softened,
    recipe=(
        "from tinyformer import gradient_check, load_checkpoint, parse_expression\n"
        "from tinyformer.laboratory.anatomy import dissect\n"
        "from tinyformer.layers import Softmax\n"
        'anatomy = dissect(load_checkpoint("{path}").model, parse_expression("{expression}"))\n'
        "print(Softmax().forward(anatomy.logits)[0].round(3), gradient_check(Softmax(), anatomy.logits / 6))"
    ),
)
