"""Bench: how wrong, in one number."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines
from dashboard.lab.bench import Bench, Hand, Panel, flat, numbered
from tinyformer import CrossEntropyLoss
from tinyformer.gradient_cases import LossLayer
from tinyformer.laboratory import trials
from tinyformer.laboratory.causes import probability, result, surprise


def panels(view):
    x, tape = flat(view.trial.inputs[0]), view.run.tape
    rows = numbered(len(x)) if view.by_hand else ["answer"]
    columns = numbered(x.shape[1]) if view.by_hand else view.stage.vocabulary
    asked = np.eye(x.shape[1])[tape.targets]
    return [
        Panel("x", "x: the logits", x, rows, columns),
        Panel("p", "p = softmax(x)", tape.probabilities, rows, columns, True),
        Panel("target", "what the loss asks for", asked, rows, columns, True),
        Panel("y", "the loss", flat(view.run.y), ["mean"], ["loss"], clickable=True),
    ]


def cause(view, name, i, j):
    p, targets = view.run.tape.probabilities, view.run.tape.targets
    rows = np.arange(len(targets))
    return surprise(p[rows, targets], view.run.y, {"p": (rows, targets), "target": (rows, targets)})


@st.fragment
def experiment(stage):
    """The loss and its gradient as a function of the right token's logit."""
    shift = st.slider("Add to the logit of the asked token", -20.0, 20.0, 0.0, 0.5, key="logit-shift", width=320)
    target, loss_fn, V = stage.anatomy.target, CrossEntropyLoss(), len(stage.vocabulary)
    shifts = np.linspace(-20, 20, 81)
    one_hot = np.eye(V)[target]
    losses, slopes = [], []
    for s in (*shifts, shift):
        loss, tape = loss_fn.forward(stage.anatomy.logits + s * one_hot, np.array([target]))
        losses.append(loss)
        slopes.append(loss_fn.backward(tape)[0, target])
    frame = {"x": shifts, "y": losses[:-1], "series": "loss"}
    figure = lab_lines.lines(
        frame,
        f"The loss that asks for {stage.vocabulary[target]}",
        "added to its logit",
        "nats",
        height=190,
        here=(shift, losses[-1]),
    )
    components.draw(figure, key="loss-curve", stretch=True)
    st.markdown(
        f"At {shift:+.1f}: loss **{result(losses[-1])}**, p = **{probability(np.exp(-losses[-1])).strip('()')}**, "
        f"gradient at this logit p − 1 = **{result(slopes[-1])}**."
    )
    st.caption(
        "Far too low, the gradient is −1: a straight push, however wrong the answer. As p nears 1 it fades. "
        f"An even guess among {V} tokens costs ln {V} = {np.log(V):.3f} nats."
    )


BENCH = Bench(
    key="cross_entropy",
    title="Cross-entropy",
    paragraph=(
        "The loss is the surprise: minus the logarithm of the probability that the model gave to the right answer. "
        "Fused with the softmax, its gradient is the simplest there is: what was said minus what was right. Every "
        "gradient in the model begins here. Choose above what the loss asks for, and see the gradient of a wrong "
        "demand."
    ),
    forward=(
        r"\begin{gathered} \ell = \frac1B \sum_b \Bigl( \log \sum_j e^{x_{bj}} - x_{b, t_b} \Bigr) \\"
        r" = -\frac1B \sum_b \ln p_{b, t_b} \end{gathered}"
    ),
    backward=r"dx = \frac{p - \mathrm{onehot}(t)}{B}",
    source=(CrossEntropyLoss,),
    hand=Hand(
        lambda: LossLayer(CrossEntropyLoss(), np.array([3, 0])),
        "LossLayer(CrossEntropyLoss(), np.array([3, 0]))",
        "from tinyformer import CrossEntropyLoss; from tinyformer.gradient_cases import LossLayer",
        {"x": ((1, 2, 3, 4), (0, 0, 0, 0))},
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    trial=lambda stage: trials.cross_entropy(stage.anatomy),
    trial_code="cross_entropy(anatomy)",
    softened=True,
)
