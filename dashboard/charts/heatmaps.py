"""Every head of a model as a clickable heatmap, query → key, on the one scale of weights: one chart, facetted.

Another expression must be on the screen at once: cells keep their places (`key`), so that the browser colors them anew
instead of making them anew, and what a tooltip says is written here. Together a third of the time.
"""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import FRAME, LABEL_LINES, LABEL_ONLY, SMALLEST_TYPE, placed, upright, weight_color

CELL = "cell"  # the name of the selection: layer, head, query and key from 0
FIELDS = ("layer", "head", "query", "key")


def heatmaps(weights, tokens, notes, size=128, columns=2, chosen=None, pooled_row=True, first_layer=0):
    """weights (L, H, T, T); tokens T words; notes (L, H) a short text under each head's name; size of a head in pixels,
    or as many as it takes to read its words.

    `chosen` = (layer, head, query, key) gets a frame. `pooled_row` frames the first row of the last layer. The first of
    the L layers is number `first_layer`, from 0, of its model.
    """
    weights = np.asarray(weights)
    L, H, T, _ = weights.shape
    data = _places(L, H, tuple(tokens), first_layer).copy(deep=False)
    names = [f"head {first_layer + i + 1}.{j + 1}|{notes[i][j]}" for i in range(L) for j in range(H)]
    data["panel"] = np.array(placed(names)).repeat(T * T)
    data["weight"] = weights.ravel().astype(np.float64).round(6)
    sides = zip(data["from"], data["to"], data["weight"], strict=True)
    data["told"] = [f"{query} looks at {key}: {weight:.4f}" for query, key, weight in sides]
    mark = np.zeros(weights.shape, np.int8)
    if pooled_row:
        mark[-1, :, 0, 0] = 1
    if chosen is not None:
        place = (chosen[0] - first_layer, *chosen[1:])
        if all(0 <= index < end for index, end in zip(place, weights.shape, strict=True)):
            mark[place] += 2
    data["mark"] = mark.ravel()
    description = f"Attention of {L * H} heads over “{' '.join(tokens)}”: " + "; ".join(
        name.replace("|", " ") for name in names
    )
    size = max(size, (SMALLEST_TYPE + 1) * T)
    font = min(12, max(SMALLEST_TYPE, size // T))
    return Figure(
        _spec(size, columns, font, min(2.5, size / T / 4), upright(tokens, size / T, font)), data, description
    )


@lru_cache(maxsize=64)
def _places(L, H, tokens, first_layer):
    """The columns that depend on the expression only."""
    layer, head, query, key = (index.ravel() for index in np.indices((L, H, len(tokens), len(tokens))))
    words, labels = np.array(tokens), np.array(placed(tokens))
    return pd.DataFrame({
        "place": np.arange(layer.size), "layer": first_layer + layer, "head": head, "query": query, "key": key,
        "row": labels[query], "column": labels[key], "from": words[query], "to": words[key],
    })  # fmt: skip


@lru_cache
def _spec(size, columns, font, stroke, angle):
    axis = {"labelExpr": LABEL_ONLY, "labelFontSize": font, "labelPadding": 3, "title": None}
    y = alt.Y("row:O", axis=alt.Axis(**axis))
    cells = (
        alt.Chart(ROWS)
        .mark_rect(cursor="pointer", aria=False)  # the chart is described as a whole
        .encode(
            x=alt.X("column:O", axis=alt.Axis(**axis, labelAngle=angle)),
            y=y,
            color=weight_color(),
            tooltip=alt.Tooltip("told:N"),
            key=alt.Key("place:N"),
        )
        .add_params(alt.selection_point(name=CELL, fields=list(FIELDS), empty=False, on="click", clear=False))
    )
    frame = {"fillOpacity": 0, "clip": True}  # nothing reaches beyond the cells: sizes stay the same
    ink = alt.StrokeValue(FRAME)
    pooled = (
        alt.Chart(ROWS)
        .transform_filter("datum.mark % 2 === 1")
        .mark_rect(**frame, strokeWidth=stroke, tooltip=None)
        .encode(y=y, x=alt.XValue(0), x2=alt.X2Value(size), stroke=ink)
    )
    chosen = (
        alt.Chart(ROWS)
        .transform_filter("datum.mark > 1")
        .mark_rect(**frame, strokeWidth=4, tooltip=None)
        .encode(x=alt.X("column:O", axis=alt.Axis(**axis, labelAngle=angle)), y=y, stroke=ink)
    )
    chart = (
        alt.layer(cells, pooled, chosen, data=ROWS)
        .properties(width=size, height=size)
        .facet(
            facet=alt.Facet(
                "panel:N",
                title=None,
                header=alt.Header(labelExpr=LABEL_LINES, labelAnchor="start", labelFontSize=11, labelLineHeight=14),
            ),
            columns=columns,
            spacing={"row": 10, "column": 12},
        )
    )
    return to_spec(chart)
