"""The expression as a line of tokens, with arcs from the chosen token to those it looks at; width is weight."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_LINES, placed

POINTS = 25  # of each arc
WIDEST = 9  # pixels, for a weight of 1
SMALLEST = 0.02  # weights below are not drawn


def arcs(weights, tokens, query, color, width=130, columns=2):
    """weights (L, H, T) of the chosen token's row; query its place; color is the model's."""
    weights = np.asarray(weights, np.float64)
    L, H, T = weights.shape
    layer, head, key = (index.ravel() for index in np.nonzero(np.ones(weights.shape)))
    turn = np.linspace(0, np.pi, POINTS)
    middle, radius = (query + key) / 2, (key - query) / 2
    self_loop = radius == 0
    reach = np.where(self_loop, 0.3, radius)[:, None]
    x = np.where(self_loop, query, middle)[:, None] - reach * np.cos(turn)
    y = np.where(self_loop, 0.45, np.abs(radius))[:, None] * np.sin(turn)
    labels = np.array(placed([f"Layer {i // H + 1} · head {i % H + 1}" for i in range(L * H)]))
    arc = pd.DataFrame({
        "panel": labels[layer * H + head].repeat(POINTS),
        "arc": np.arange(len(key)).repeat(POINTS),
        "x": x.ravel().round(3),
        "y": y.ravel().round(3),
        "place": np.tile(np.arange(POINTS), len(key)),
        "looks at": np.array(tokens)[key].repeat(POINTS),
        "weight": weights.ravel().round(4).repeat(POINTS),
        "word": None,
    })  # fmt: skip
    arc = arc[arc["weight"] >= SMALLEST]
    words = pd.DataFrame({
        "panel": labels.repeat(T), "x": np.tile(np.arange(T), L * H).astype(float), "y": -0.45,
        "word": np.tile(tokens, L * H), "weight": weights.ravel().round(4), "looks at": np.tile(tokens, L * H),
        "chosen": np.tile(np.arange(T) == query, L * H),
    })  # fmt: skip
    most = weights.argmax(axis=2)
    description = f"What “{tokens[query]}” looks at most: " + "; ".join(
        f"layer {i + 1} head {j + 1} at {tokens[most[i, j]]} ({weights[i, j, most[i, j]]:.0%})"
        for i in range(L)
        for j in range(H)
    )
    return Figure(_spec(T, color, width, columns), pd.concat([arc, words]), description)


@lru_cache
def _spec(num_tokens, color, width, columns):
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.6, num_tokens - 0.4]))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-0.9, (num_tokens - 1) / 2 + 0.4]))
    told = [alt.Tooltip("looks at:N"), alt.Tooltip("weight:Q", format=".4f")]
    # One width along an arc: grouped by `arc`, drawn as a line.
    lines = (
        alt.Chart(ROWS)
        .transform_filter("datum.word === null")
        .mark_line(color=color, strokeCap="round", opacity=0.75, clip=True)
        .encode(
            x=x,
            y=y,
            detail="arc:N",
            order="place:Q",
            strokeWidth=alt.StrokeWidth("weight:Q", scale=alt.Scale(domain=[0, 1], range=[0.3, WIDEST]), legend=None),
            tooltip=told,
        )
    )
    words = alt.Chart(ROWS).transform_filter("datum.word !== null").encode(x=x, y=y, text="word:N", tooltip=told)
    size = max(7, min(13, width // num_tokens - 6))
    # No color of its own: text has the page's in light and dark.
    plain = words.transform_filter("!datum.chosen").mark_text(fontSize=size)
    chosen = words.transform_filter("datum.chosen").mark_text(fontSize=size, fontWeight="bold", color=color)
    chart = (
        alt.layer(lines, plain, chosen, data=ROWS)
        .properties(width=width, height=int(width * 0.62))
        .facet(
            facet=alt.Facet("panel:N", title=None, header=alt.Header(labelExpr=LABEL_LINES, labelAnchor="start")),
            columns=columns,
            spacing={"row": 6, "column": 12},
        )
    )
    return to_spec(chart)
