"""Bench: from gradients to steps."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_map
from dashboard.lab.bench import Bench, Hand, Panel, flat
from tinyformer.laboratory.causes import Cause, number, result
from tinyformer.laboratory.optimizer_paths import LANDSCAPES, METHODS, adam_steps, descend, heights
from tinyformer.optimizer import SGD, Adam

VALLEY = LANDSCAPES["long valley"]
ROWS = ("gradient g", "m", "v", "m / (1 − β₁ᵗ)", "v / (1 − β₂ᵗ)", "change of p")  # of an AdamStep


def panels(view):
    return [
        Panel("x", "the point", flat(view.trial.inputs[0]), ["point"], ["first", "second"]),
        Panel("y", "its loss", flat(view.run.y), ["loss"], ["f"], clickable=True),
    ]


def cause(view, name, i, j):
    x, y = view.trial.inputs[0].ravel()
    value = float(view.run.y)
    return Cause(value, f"({number(x)}² + 20 · {number(y)}²) / 2 = {result(value)}", {"x": (0, slice(None))})


@st.fragment
def experiment(stage):
    """Paths of the optimizers on a loss of two parameters."""
    with st.container(horizontal=True, gap="medium"):
        name = st.selectbox("The loss", list(LANDSCAPES), key="landscape", width=200)
        rate = st.select_slider(
            "Learning rate",
            (0.001, 0.003, 0.01, 0.03, 0.05, 0.09, 0.1, 0.2, 0.3, 1.0),
            0.09,
            key="path-rate",
            width=200,
        )
        steps = st.slider("Steps", 5, 150, 60, 5, key="path-steps", width=160)
    with st.container(horizontal=True, gap="medium"):
        momentum = st.slider("Momentum", 0.0, 0.99, 0.9, 0.01, key="path-momentum", width=200)
        chosen = st.pills("Optimizers", METHODS, selection_mode="multi", default=METHODS, key="path-methods")
    place = LANDSCAPES[name]
    walks = {method: descend(place, method, rate, steps, momentum) for method in METHODS if method in chosen}
    if not walks:
        st.info("Choose at least one optimizer.")
        return
    with st.container(horizontal=True, gap="medium"):
        x, y, ground = heights(place)
        components.draw(
            lab_map.paths(x, y, ground, walks, place.minimum, "Seen from above; the cross is the minimum"),
            key=f"paths-{name}",
        )
        losses = {method: np.maximum(place.landscape.loss(*path.T), 1e-9) for method, path in walks.items()}
        with st.container(width=400):
            frame = lab_lines.together(losses)
            figure = lab_lines.lines(frame, "Loss along the path", "step", "loss (log)", log=True, domain=(1e-6, 1e3))
            components.draw(figure, key="path-losses", stretch=True)
    st.caption(
        "SGD follows the steepest way, across the valley instead of along it. With more learning rate it jumps out "
        "(from 0.1 on in the long valley). Momentum adds up what agrees and cancels what alternates. Adam "
        "divides each parameter's step by the size of its gradients, so every step is about one learning rate long. "
        "Without the correction its first step is (1 − β₁) / √(1 − β₂) = 3.2 times as long: m and v both start at 0, "
        "and v is slower to leave it."
    )
    _one_step(place, rate, steps)


def _one_step(place, rate, steps):
    """The numbers of one step of Adam, and the update written out."""
    t = st.slider("Adam's step in numbers", 1, steps, 1, key="adam-step", width=240)
    step = adam_steps(place, rate, steps)[t - 1]
    lines = [
        f"| {name} | {result(first)} | {result(second)} |" for name, (first, second) in zip(ROWS, step, strict=True)
    ]
    written = f"−{number(rate)} · {number(step.m_corrected[0])} / (√{number(step.v_corrected[0])} + ε)"
    with st.container(horizontal=True, gap="large"):
        with st.container(width=400):
            st.markdown("\n".join([f"| step {t} | first | second |", "|:--|--:|--:|", *lines]))
        with st.container(width=420):
            st.markdown(
                f"The first parameter's change: **{written} = {result(step.change[0])}**.\n\nAt step 1, once "
                "corrected, m is the gradient itself and v its square, so that every parameter moves by one learning "
                "rate, however large its gradient. Without the correction they would still lie near 0."
            )


BENCH = Bench(
    key="adam",
    title="Adam and its ancestors",
    paragraph=(
        "The gradient says which way is down, not how far to go. SGD goes a fixed share of it; momentum keeps a "
        "running sum; Adam keeps a running mean m of the gradient and v of its square, and goes m / √v: about one "
        "learning rate per parameter, whatever the scale. Both means start at 0, and the bias correction makes up for "
        "that. Kingma & Ba (2015)."
    ),
    forward=(
        r"\begin{gathered} m \leftarrow \beta_1 m + (1-\beta_1)\, g \\"
        r" v \leftarrow \beta_2 v + (1-\beta_2)\, g^2 \\[2pt]"
        r" p \leftarrow p - \eta\, \frac{m / (1-\beta_1^t)}{\sqrt{v / (1-\beta_2^t)} + \epsilon} \end{gathered}"
    ),
    backward=(
        r"\begin{gathered} \text{none of its own: its input is the gradient} \\"
        r" f = \tfrac12 (x^2 + 20 y^2), \quad \nabla f = (x,\, 20 y) \end{gathered}"
    ),
    source=(Adam, SGD),
    hand=Hand(
        lambda: VALLEY.landscape,
        'LANDSCAPES["long valley"].landscape',
        "from tinyformer.laboratory.optimizer_paths import LANDSCAPES",
        {"point": ((-4.0, 1.5),)},
        lead=-1,
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
    controls=(),
    recipe=(
        "from tinyformer.laboratory.optimizer_paths import LANDSCAPES, descend\n"
        'valley = LANDSCAPES["long valley"]\n'
        'for method in ("SGD", "SGD with momentum", "Adam", "Adam without bias correction"):\n'
        "    path = descend(valley, method, learning_rate=0.09, steps=60)\n"
        "    print(method, path[-1].round(4), valley.landscape.loss(*path[-1]))"
    ),
)
