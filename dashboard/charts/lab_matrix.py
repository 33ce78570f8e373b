"""A matrix of any signed numbers, or of weights, as a heatmap; small ones carry their numbers, cells can be clicked."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, placed

WIDEST, TALLEST = 390, 300  # pixels for the cells, so that it fits beside the sidebar at 800
READABLE_WIDTH, READABLE_HEIGHT = 34, 17  # of a cell that holds a number
CELL = "cell"  # the selection's name


def matrix(values, rows, columns, title, weights=False, lit=None, clickable=False, row_title=None, column_title=None):
    """values (R, C), with a label for each row and column. weights: in [0, 1], always the same scale.

    Signed values are colored by their share of the largest size in this matrix, which the title says. lit: a bool
    (R, C), cells to be framed.
    """
    values = np.asarray(values, np.float64)
    limit = 1.0 if weights else max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-300)
    r, c = (index.ravel() for index in np.indices(values.shape))
    data = pd.DataFrame(
        {
            "row": np.array(placed(rows))[r],
            "column": np.array(placed(columns))[c],
            "value": values.ravel(),
            "shade": values.ravel() / limit,
            "number": [_in_cell(value, weights) for value in values.ravel()] if has_numbers(values.shape) else "",
            "lit": np.zeros(values.size, bool) if lit is None else np.broadcast_to(lit, values.shape).ravel(),
        }
    )
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    description = f"{title}: {values.shape[0]} rows, {values.shape[1]} columns, from {low:.4g} to {high:.4g}"
    heading = title if weights else f"{title}   ±{short(limit)}"
    return Figure(_spec(*values.shape, heading, weights, clickable, row_title, column_title), data, description)


def clicked(event, rows, columns):
    """What a click has chosen, as (row, column), or None: from the event that `components.draw` returns."""
    points = (event or {}).get("selection", {}).get(CELL, [])
    for point in points:
        if "row" in point and "column" in point:
            i, j = (int(str(point[name]).split("|")[0]) for name in ("row", "column"))
            if i < len(rows) and j < len(columns):
                return i, j
    return None


def cell_size(shape):
    """(width, height) of a cell in pixels."""
    return min(46.0, WIDEST / shape[1]), min(30.0, max(5.0, TALLEST / shape[0]))


def has_numbers(shape):
    width, height = cell_size(shape)
    return width >= READABLE_WIDTH and height >= READABLE_HEIGHT


def short(value):
    """At most five characters or so, with a real minus."""
    size = abs(float(value))
    if size == 0:
        return "0"
    text = f"{size:.2f}" if 0.01 <= size < 10 else f"{size:.1f}" if 10 <= size < 1000 else f"{size:.0e}"
    return f"−{text}" if value < 0 else text


def _in_cell(value, weights):
    return f"{value:.2f}" if weights else short(value)


@lru_cache(maxsize=512)
def _spec(num_rows, num_columns, title, weights, clickable, row_title, column_title):
    width, height = cell_size((num_rows, num_columns))
    numbers = has_numbers((num_rows, num_columns))
    base = alt.Chart(ROWS).encode(
        x=alt.X("column:N", title=column_title, axis=_axis(num_columns, width, 11, labelAngle=0, orient="top")),
        y=alt.Y("row:N", title=row_title, axis=_axis(num_rows, height, 9)),
    )
    scale = alt.Scale(domain=[0, 1], clamp=True) if weights else alt.Scale(domain=[-1, 1], domainMid=0, clamp=True)
    gap = {"stroke": None} if min(width, height) < 9 else {"cornerRadius": 2, "xOffset": 0.5, "width": width - 1.5}
    cells = base.mark_rect(**gap).encode(color=alt.Color("shade:Q", scale=scale, legend=None))
    layers = [cells]
    if numbers:
        dark = "luminance(scale('color', datum.shade)) < 0.3"
        color = alt.condition(dark, alt.value("#FFFFFF"), alt.value("#15141A"))
        layers.append(base.mark_text(fontSize=11).encode(text="number:N", color=color))
    frame = base.mark_rect(filled=False, stroke="#E8590C", strokeWidth=1.6).transform_filter("datum.lit")
    # On top of the numbers, so that a click on one is a click on its cell.
    touch = (
        base.mark_rect(fillOpacity=0.001, fill="gray", **({"cursor": "pointer"} if clickable else {}))
        .encode(tooltip=[alt.Tooltip("place:N", title="cell"), alt.Tooltip("value:Q", format=".6g")])
        .transform_calculate(place="split(datum.row, '|')[1] + ', ' + split(datum.column, '|')[1]")
    )
    if clickable:
        touch = touch.add_params(alt.selection_point(name=CELL, fields=["row", "column"], empty=False))
    layers += [frame, touch]
    chart = alt.layer(*layers, data=ROWS, title=title).properties(
        width=round(width * num_columns), height=round(height * num_rows)
    )
    return to_spec(chart)


def _axis(count, size, needed, **kwargs):
    """An axis with its labels, or none where they would not fit."""
    if size < needed:
        return alt.Axis(labels=False, ticks=False, domain=False, **kwargs)
    return alt.Axis(labelExpr=LABEL_ONLY, ticks=False, domain=False, labelOverlap=False, labelLimit=70, **kwargs)
