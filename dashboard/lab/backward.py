"""The backward half of a bench: from a gradient at the output to those at the inputs and the parameters."""

import numpy as np
import streamlit as st

from dashboard.lab import place
from dashboard.lab.bench import Panel, flat, numbered
from tinyformer.laboratory.trials import output_gradient

DRAWN = 1300  # cells; of larger parameters the size of the gradient is said, not drawn


def draw(bench, view, kind, chosen, panels):
    """kind: what to start from, as `output_gradient` knows it; chosen: a cell of y; panels of the forward half."""
    run = view.trial.run(output_gradient(view.trial, view.run.y, kind, chosen, view.head))
    st.markdown("**Backward.** From the gradient at the output, the gradient at the input and at each parameter.")
    names = list(bench.hand.arrays) if bench.hand and len(run.d_inputs) > 1 else ["x"]
    found = {"dy": run.d_output} | {f"d{n}": d for n, d in zip(names, run.d_inputs, strict=False) if d is not None}
    small = {name: g for name, g in run.gradients.items() if g.size <= DRAWN}
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        for name, values in (found | {f"d {name}": g for name, g in small.items()}).items():
            values = flat(values if np.ndim(values) < 4 or len(values[0]) == 1 else values[:, view.head])
            place.panel(_labeled(name, values, panels), f"{bench.key}-{name}")
    large = {name: g for name, g in run.gradients.items() if name not in small}
    if large:
        sizes = (f"{name} {'×'.join(map(str, g.shape))}: {np.linalg.norm(g):.3g}" for name, g in large.items())
        st.caption("Too large to be drawn, the size (norm) of the gradient of " + " · ".join(sizes))


def _labeled(name, values, panels):
    """A gradient is labeled as what it is the gradient of, or as anything of its shape."""
    by_name = panels.get(name[1:])
    alike = [panel for panel in (by_name, *panels.values()) if panel and panel.values.shape == values.shape]
    rows, columns = (alike[0].rows, alike[0].columns) if alike else map(numbered, values.shape)
    return Panel(name, name, values, rows, columns)
