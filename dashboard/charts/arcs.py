"""The expression as a line of tokens, with arcs from the chosen token to those it looks at; width is weight."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_LINES, SMALLEST_TYPE, placed, upright

POINTS = 25  # of each arc
WIDEST = 9  # pixels, for a weight of 1
SMALLEST = 0.02  # weights below are not drawn
ROOM = 9  # pixels that a token needs to be written; with less, only those looked at with NOTICED are
NOTICED = 0.1
EDGE = 14  # pixels beyond the first and the last token


def arcs(weights, tokens, query, color, width=130, columns=2, first_layer=0):
    """weights (L, H, T) of the chosen token's row; query its place; color is the model's.

    `first_layer` is the number of the first of the L layers, from 0, where not all are drawn.
    """
    weights = np.asarray(weights, np.float64)
    L, H, T = weights.shape
    layer, head, key = (index.ravel() for index in np.indices(weights.shape))
    names = [f"head {first_layer + i + 1}.{j + 1}" for i in range(L) for j in range(H)]
    words = np.array(tokens)
    data = pd.DataFrame({
        "panel": np.array(placed(names))[layer * H + head],
        "layer": first_layer + layer + 1,
        "head": head + 1,
        "from": query,
        "to": key,
        "looks at": words[key],
        "weight": weights.ravel().round(4),
    })  # fmt: skip
    crowded = (width - 2 * EDGE) / max(T - 1, 1) < ROOM
    letters = 1 if crowded else 3 if upright(tokens, (width - 2 * EDGE) / max(T - 1, 1), _type(T, width)) else None
    short = np.array([word[:letters] for word in tokens])  # whole in the tooltip
    data["word"] = np.where((data["weight"] >= NOTICED) | (key == query) | (not crowded), short[key], "")
    most = weights.argmax(axis=2)
    description = f"What “{tokens[query]}” looks at most: " + "; ".join(
        f"{names[i * H + j]} at {tokens[most[i, j]]} ({weights[i, j, most[i, j]]:.0%})"
        for i in range(L)
        for j in range(H)
    )
    return Figure(_spec(T, color, width, columns), data, description)


def _type(num_tokens, width):
    return max(SMALLEST_TYPE, min(13, (width - 2 * EDGE) // num_tokens - 3))


@lru_cache
def _spec(num_tokens, color, width, columns):
    edge = EDGE * (num_tokens - 1) / (width - 2 * EDGE)  # in tokens
    x_scale = alt.Scale(domain=[-edge, num_tokens - 1 + edge], nice=False)
    y_scale = alt.Scale(domain=[-0.45 * num_tokens / 3, (num_tokens - 1) / 2 + 0.1 * num_tokens], nice=False)
    told = [alt.Tooltip("looks at:N"), alt.Tooltip("weight:Q", format=".4f")]
    arc = {  # half a circle from one token to the other, or a small loop; a row of the data becomes POINTS rows
        "turn": f"datum.place * PI / {POINTS - 1}",
        "radius": "(datum.to - datum.from) / 2",
        "x": f"(datum.to + datum.from) / 2 - (datum.radius || {edge / 2}) * cos(datum.turn)",
        "y": f"(datum.radius ? abs(datum.radius) : {0.08 * num_tokens}) * sin(datum.turn)",
    }
    lines = alt.Chart(ROWS).transform_filter(f"datum.weight >= {SMALLEST}")
    lines = lines.transform_calculate(place=f"sequence({POINTS})").transform_flatten(["place"])
    lines = lines.transform_calculate(**arc)
    lines = lines.mark_line(color=color, strokeCap="round", opacity=0.75, clip=True).encode(
        x=alt.X("x:Q", axis=None, scale=x_scale),
        y=alt.Y("y:Q", axis=None, scale=y_scale),
        detail=alt.Detail("to:N"),
        order=alt.Order("place:Q"),
        strokeWidth=alt.StrokeWidth("weight:Q", scale=alt.Scale(domain=[0, 1], range=[0.3, WIDEST]), legend=None),
        tooltip=told,
    )
    words = (
        alt.Chart(ROWS)
        .transform_calculate(y="0")
        .encode(
            x=alt.X("to:Q", axis=None, scale=x_scale),
            y=alt.Y("y:Q", axis=None, scale=y_scale),
            text=alt.Text("word:N"),
            tooltip=told,
        )
    )
    # Text without a color is black on a dark page: the loud end of the scale of weights can be read on both.
    ink = alt.Color("one:Q", scale=alt.Scale(domain=[0, 1], range="ramp"), legend=None)
    place = {"baseline": "top", "dy": 6, "fontSize": _type(num_tokens, width)}
    plain = words.transform_filter("datum.to !== datum.from").transform_calculate(one="1")
    plain = plain.mark_text(**place).encode(color=ink)
    chosen = words.transform_filter("datum.to === datum.from").mark_text(**place, fontWeight="bold", color=color)
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
