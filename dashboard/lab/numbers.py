"""The numbers of a bench: an input from the model or by hand, forward, a cell and its cause, backward, the check."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_matrix
from dashboard.lab import inputs, proof
from dashboard.lab.bench import Panel, View, flat, in_and_out, numbered

FROM_MODEL, BY_HAND = "model", "hand"
SOURCES = {FROM_MODEL: "from the model", BY_HAND: "by hand"}
OUTPUT_GRADIENTS = {"loss": "from the loss", "ones": "all ones", "cell": "1 at the chosen cell", "random": "random"}


@st.fragment
def draw(bench, stage):
    """Everything below is computed anew at each click: it takes milliseconds."""
    with st.container(horizontal=True, gap="medium"):
        sources = [name for name, there in ((FROM_MODEL, bench.place or bench.trial), (BY_HAND, bench.hand)) if there]
        origin = st.segmented_control(
            "Input",
            sources,
            default=sources[0],
            required=True,
            format_func=SOURCES.get,
            key=f"input-{bench.key}",
            help="The values that flow here for the expression in the sidebar, or a small array to edit.",
        )
        by_hand = origin == BY_HAND
        kinds = [name for name in OUTPUT_GRADIENTS if not (by_hand and name == "loss")]
        kind = st.segmented_control(
            "Gradient at the output",
            kinds,
            default=kinds[0],
            required=True,
            format_func=OUTPUT_GRADIENTS.get,
            key=f"output-gradient-{bench.key}-{by_hand}",
            help="What the backward pass starts from. A 1 at one cell asks: what moves this cell, and by how much?",
        )
        config = stage.anatomy.model.config
        head = 0
        if bench.heads and not by_hand and config.num_heads > 1:
            head = st.segmented_control(
                "Head", range(config.num_heads), default=0, required=True, format_func=lambda h: f"{h + 1}", key="head"
            )
    trial, cache_key = inputs.trial(bench, stage, by_hand)
    try:
        run = trial.run()
    except ValueError as error:
        st.warning(f"This input does not fit: {error}")
        return
    view = View(trial, run, stage.words, by_hand, head, stage)
    panels = bench.panels(view) if bench.panels else in_and_out(view)
    clickable = " or ".join(f"*{panel.name}*" for panel in panels if panel.clickable)
    st.markdown(f"**Forward.** Click a cell of {clickable} to see the sum that makes it.")
    chosen = _forward(bench, view, panels, f"{bench.key}-{origin}")
    _backward(bench, view, kind, chosen, {panel.name: panel for panel in panels})
    proof.draw(bench, trial, cache_key)
    if by_hand:
        st.code(inputs.hand_recipe(bench, {n: flat(x) for n, x in zip(bench.hand.arrays, trial.inputs, strict=True)}))


def _forward(bench, view, panels, key):
    """Draw the panels; return the chosen cell of y (row, column). What makes the chosen cell stands out."""
    remembered = f"cell-{key}"
    shapes = {panel.name: panel.values.shape for panel in panels if panel.clickable}
    output = next(panel.values for panel in panels if panel.name == "y")
    largest = np.unravel_index(np.argmax(np.abs(output)), output.shape)
    name, i, j = st.session_state.get(remembered, ("y", *map(int, largest)))
    if name not in shapes or i >= shapes[name][0] or j >= shapes[name][1]:
        name, i, j = "y", *map(int, largest)
    cause = bench.cause(view, name, i, j) if bench.cause and name in shapes else None
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for panel in panels:
            lit = None
            if cause and panel.name in cause.lit:
                lit = np.zeros(panel.values.shape, bool)
                lit[cause.lit[panel.name]] = True
            framed = (i, j) if cause and panel.name == name else None
            clickable = panel.clickable and bench.cause is not None
            event = _place(panel, f"{key}-{panel.name}", lit, framed, clickable)
            if clickable:
                _remember(remembered, panel, event, (name, i, j))
    if cause:
        st.markdown(f"**{name}[{i}, {j}]** = {cause.text}")
    return (i, j) if name == "y" else (0, 0)


def _remember(remembered, panel, event, now):
    """A new click: keep it, and draw this fragment again with the frames in their places."""
    cell = lab_matrix.clicked(event, panel.rows, panel.columns)
    if cell and st.session_state.get(f"{remembered}-{panel.name}") != cell:
        st.session_state[f"{remembered}-{panel.name}"] = cell
        st.session_state[remembered] = (panel.name, *cell)
        if (panel.name, *cell) != now:
            st.rerun(scope="fragment")


def _place(panel, key, lit=None, framed=None, clickable=False):
    figure = lab_matrix.matrix(
        panel.values,
        panel.rows,
        panel.columns,
        panel.title,
        panel.weights,
        lit,
        framed,
        clickable,
        panel.row_title,
        panel.column_title,
    )
    selecting = {"on_select": "rerun", "selection_mode": [lab_matrix.CELL]} if clickable else {}
    return components.draw(figure, key=f"matrix-{key}", **selecting)


def _backward(bench, view, kind, chosen, panels):
    """The gradient at the output, and what the layer makes of it."""
    y = np.asarray(view.run.y)
    d_output = {"loss": view.trial.d_output, "ones": np.ones(y.shape)}.get(kind)
    if kind == "cell":
        d_output = np.zeros(y.shape)
        d_output.reshape(flat(y).shape)[chosen] = 1
    elif kind == "random":
        d_output = np.random.default_rng(0).standard_normal(y.shape)
    run = view.trial.run(d_output)
    st.markdown("**Backward.** From the gradient at the output, the gradient at the input and at each parameter.")
    names = list(bench.hand.arrays) if bench.hand and len(run.d_inputs) > 1 else ["x"]
    found = [("dy", run.d_output)] + [(f"d{n}", d) for n, d in zip(names, run.d_inputs, strict=False) if d is not None]
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for name, values in found:
            values = flat(values if np.ndim(values) < 4 or len(values[0]) == 1 else values[:, view.head])
            like = panels.get(name[1:])  # dy is labeled as y
            fits = like is not None and like.values.shape == values.shape
            rows, columns = (like.rows, like.columns) if fits else map(numbered, values.shape)
            _place(Panel(name, name, values, rows, columns), f"{bench.key}-{name}")
    if run.gradients:
        st.caption(
            "Size of the gradient of each parameter: "
            + " · ".join(f"{name} {tuple(g.shape)}: {np.linalg.norm(g):.3g}" for name, g in run.gradients.items())
        )
