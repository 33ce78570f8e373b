"""The numbers of a bench: an input from the model or by hand, forward, a cell and its cause, backward, the check."""

import numpy as np
import streamlit as st

from dashboard.charts import lab_matrix
from dashboard.lab import backward, inputs, place, proof
from dashboard.lab.bench import View, flat, in_and_out
from dashboard.plain_text import plain

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
        st.warning(f"This input does not fit: {plain(error)}")
        return
    view = View(trial, run, stage.words, by_hand, head, stage)
    panels = bench.panels(view) if bench.panels else in_and_out(view)
    clickable = " or ".join(f"*{panel.name}*" for panel in panels if panel.clickable)
    st.markdown(f"**Forward.** Click a cell of {clickable} to see the sum that makes it.")
    chosen = _forward(bench, view, panels, f"{bench.key}-{origin}")
    backward.draw(bench, view, kind, chosen, {panel.name: panel for panel in panels})
    proof.draw(bench, trial, cache_key)
    if by_hand:
        st.code(inputs.hand_recipe(bench, {n: flat(x) for n, x in zip(bench.hand.arrays, trial.inputs, strict=True)}))


def _forward(bench, view, panels, key):
    """Draw the panels; return a cell of y, (row, column). What makes the chosen cell stands out."""
    remembered = f"cell-{key}"
    shown = {panel.name: panel for panel in panels if panel.clickable}
    largest = np.unravel_index(np.argmax(np.abs(shown["y"].values)), shown["y"].values.shape)
    chosen_y = _if_there(st.session_state.get(f"{remembered}-y"), shown["y"]) or tuple(map(int, largest))
    name, *cell = st.session_state.get(remembered, ("y", *chosen_y))
    if name not in shown or not _if_there(cell, shown[name]):
        name, cell = "y", chosen_y
    i, j = cell
    cause = bench.cause(view, name, i, j) if bench.cause else None
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        for panel in panels:
            lit = None
            if cause and panel.name in cause.lit:
                lit = np.zeros(panel.values.shape, bool)
                lit[cause.lit[panel.name]] = True
            framed = (i, j) if cause and panel.name == name else None
            clickable = panel.clickable and bench.cause is not None
            event = place.panel(panel, f"{key}-{panel.name}", lit, framed, clickable)
            if clickable:
                _remember(remembered, panel, event, (name, i, j))
    if cause:
        st.markdown(f"**{name}[{i}, {j}]**{_in_words(shown[name], i, j)} = {cause.text}")
    return chosen_y


def _if_there(cell, panel):
    """The cell, if this panel has one at that place."""
    return cell if cell and all(k < size for k, size in zip(cell, panel.values.shape, strict=True)) else None


def _in_words(panel, i, j):
    """What row and column are called, where they have more than their number."""
    names = panel.rows[i], panel.columns[j]
    return "" if names == (str(i), str(j)) else f" (row `{names[0]}`, column `{names[1]}`)"


def _remember(remembered, panel, event, now):
    """A new click: keep it, and draw this fragment again with the frames in their places."""
    cell = lab_matrix.clicked(event, panel.rows, panel.columns)
    if cell and st.session_state.get(f"{remembered}-{panel.name}") != cell:
        st.session_state[f"{remembered}-{panel.name}"] = cell
        st.session_state[remembered] = (panel.name, *cell)
        if (panel.name, *cell) != now:
            st.rerun(scope="fragment")
