"""What the pooled first token looks at, square cells on the one scale of weights; and that scale, to be shown once."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, placed, upright, weight_color


def first_token(weights, tokens, cell=30, title="What the first token looks at"):
    """One row per head: what the pooled first token looks at. weights (L, H, T); cell is its side in pixels."""
    weights = np.asarray(weights)
    L, H, T = weights.shape
    layer, head, key = (index.ravel() for index in np.indices(weights.shape))
    words = np.array(placed(tokens))
    data = pd.DataFrame({
        "layer": [f"layer {i + 1}" for i in layer],
        "head": head + 1,
        "key": words[key],
        "to": np.asarray(tokens)[key],
        "weight": weights.ravel(),
    })  # fmt: skip
    most = weights.argmax(axis=2)
    description = "What the first token looks at most: " + "; ".join(
        f"layer {i + 1} head {j + 1} at {tokens[most[i, j]]} ({weights[i, j, most[i, j]]:.0%})"
        for i in range(L)
        for j in range(H)
    )
    return Figure(_first_token_spec(H, T, cell, title, upright(tokens, cell)), data, description)


@lru_cache
def _first_token_spec(num_heads, num_tokens, cell, title, angle):
    chart = (
        alt.Chart(ROWS)
        .mark_rect()
        .encode(
            x=alt.X(
                "key:O", title=None, axis=alt.Axis(labelExpr=LABEL_ONLY, labelAngle=angle, orient="top", labelPadding=4)
            ),
            y=alt.Y("head:O", title="head", axis=alt.Axis(titlePadding=4)),
            color=weight_color(),
            tooltip=[
                alt.Tooltip("layer:O"),
                alt.Tooltip("head:O"),
                alt.Tooltip("to:N", title="looks at"),
                alt.Tooltip("weight:Q", format=".4f"),
            ],
        )
        .properties(width=cell * num_tokens, height=cell * num_heads)
        .facet(
            row=alt.Row(
                "layer:O",
                title=None,
                header=alt.Header(labelAngle=-90, labelOrient="left", labelPadding=4),
            ),
            spacing=6,
            title=title,
        )
    )
    return to_spec(chart)


def scale():
    """The color scale itself, to be shown once on a page that has heatmaps."""
    steps = np.linspace(0, 1, 51)[:-1]
    data = pd.DataFrame({"weight": steps + 0.01, "low": steps, "high": steps + 0.03})  # they overlap, to leave no seam
    return Figure(_scale_spec(), data, "The color scale of all attention weights, from 0 to 1")


@lru_cache
def _scale_spec():
    chart = (
        alt.Chart(ROWS)
        .mark_rect(clip=True)
        .encode(
            x=alt.X(
                "low:Q",
                title="attention weight",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], grid=False, format=".2~f"),
            ),
            x2=alt.X2("high:Q"),
            color=weight_color(),
            tooltip=[alt.Tooltip("weight:Q", format=".2f")],
        )
        .properties(width=240, height=10)
    )
    return to_spec(chart, axis={"labelFontSize": 11, "labelFlush": True})
