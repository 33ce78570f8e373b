"""A matrix of any signed numbers, or of weights, as a heatmap; small ones carry their numbers, cells can be clicked."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL, placed

WIDEST, TALLEST = 390, 330  # pixels for the cells, so that it fits beside the sidebar at 800
LARGEST, SMALLEST = 40.0, 9.0  # side of a square cell
READABLE_WIDTH, READABLE_HEIGHT = 31, 17  # of a cell that holds a number
CELL = "cell"  # the selection's name
MANY = 400  # cells: more than that are painted several times faster as pixels than as elements of the page
LIKE_ALL_LARGE = {True: (30, 30), False: (30, 64)}  # one size, square or not: a slider then moves cells of one chart
FRAME = "#E8590C"


def matrix(
    values,
    rows,
    columns,
    title,
    weights=False,
    lit=None,
    framed=None,
    clickable=False,
    row_title=None,
    column_title=None,
):
    """values (R, C), with a label for each row and column. weights: in [0, 1], always the same scale.

    Signed values are colored by their share of the largest size in this matrix, which stands below it. lit: a bool
    (R, C), cells that stand out from the others. framed: one cell, (row, column).
    """
    values = np.asarray(values, np.float64)
    limit = 1.0 if weights else max(float(np.nanmax(np.abs(values), initial=0.0)), 1e-300)
    r, c = (index.ravel() for index in np.indices(values.shape))
    numbers = has_numbers(values.shape)
    data = pd.DataFrame(
        {
            "row": np.array(placed(rows))[r],
            "column": np.array(placed(columns))[c],
            "value": values.ravel(),
            "told": [
                f"{row}, {column}: {value:.6g}"
                for row, line in zip(rows, values, strict=True)
                for column, value in zip(columns, line, strict=True)
            ],
            "shade": values.ravel() / limit,
            "number": [_in_cell(value, limit) for value in values.ravel()] if numbers else "",
            "opacity": 1.0 if lit is None else np.where(np.broadcast_to(lit, values.shape).ravel(), 1.0, 0.3),
            "framed": False if framed is None else (r == framed[0]) & (c == framed[1]),
        }
    )
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    description = f"{title}: {values.shape[0]} rows, {values.shape[1]} columns, from {low:.4g} to {high:.4g}"
    data["reach"] = f"largest {short(max(-low, high))}"
    longest = max(map(len, map(str, columns)))
    shape = values.shape if values.size <= MANY else LIKE_ALL_LARGE[values.shape[0] == values.shape[1]]
    marked = values.size <= MANY or not (lit is framed is None)
    spec = _titled(title, *shape, longest, weights, clickable, row_title, column_title, marked)
    return Figure(spec, data, description)


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
    """(width, height) of a cell in pixels: square, unless that would leave a line of dust."""
    side = min(LARGEST, WIDEST / shape[1], TALLEST / shape[0])
    return (side, side) if side >= SMALLEST else (min(LARGEST, WIDEST / shape[1]), min(22.0, max(5.0, 300 / shape[0])))


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


def _in_cell(value, limit):
    """Two decimals in the whole matrix, unless all of it is smaller than that shows."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−") if 0.1 <= limit < 100 else short(value)


@lru_cache(maxsize=512)
def _titled(title, *structure):
    """A bench has a dozen matrices of two or three structures."""
    return {**_spec(*structure), "title": title}


@lru_cache(maxsize=512)
def _spec(num_rows, num_columns, longest, weights, clickable, row_title, column_title, marked):
    width, height = cell_size((num_rows, num_columns))
    numbers, many = has_numbers((num_rows, num_columns)), num_rows * num_columns > MANY
    base = alt.Chart(ROWS).encode(
        x=alt.X("column:N", title=column_title, axis=_axis(width, longest, many, across=True, orient="top")),
        y=alt.Y("row:N", title=row_title, axis=_axis(height, 0, many)),
    )
    scale = (
        alt.Scale(domain=[0, 1], clamp=True)
        if weights
        else alt.Scale(domain=[-1, 1], domainMid=0, clamp=True, interpolate="rgb")
    )
    gap = {"stroke": None} if min(width, height) < 9 else {"cornerRadius": 2, "xOffset": 0.5, "width": width - 1.5}
    # Of a large matrix that has nothing to point out, each cell is as cheap as it can be.
    opacity = {"opacity": alt.Opacity("opacity:Q", scale=None)} if marked else {}
    pointer = {"cursor": "pointer"} if clickable else {}
    layers = [base.mark_rect(**gap, **pointer).encode(color=alt.Color("shade:Q", scale=scale, legend=None), **opacity)]
    if numbers:
        dark = "luminance(scale('color', datum.shade)) < 0.3 && datum.opacity == 1"
        # Faded cells let the page shine through: gray is readable on any of them.
        color = alt.ColorValue(
            "#15141A",
            condition=[{"test": dark, "value": "#FFFFFF"}, {"test": "datum.opacity < 1", "value": "#85828F"}],
        )
        layers.append(base.mark_text(fontSize=11 if width >= 36 else 10).encode(text=alt.Text("number:N"), color=color))
    if marked:
        layers.append(base.mark_rect(filled=False, stroke=FRAME, strokeWidth=2.5).transform_filter("datum.framed"))
    # In the data, not in the title: a new title would be a new chart, and slow.
    if not weights:
        corner = {"x": alt.XValue(round(width * num_columns)), "y": alt.YValue(round(height * num_rows) + 4)}
        reach = alt.Chart(ROWS).transform_aggregate(reach="max(reach)")
        layers.append(
            reach.mark_text(align="right", baseline="top", fontSize=10, color=NEUTRAL).encode(
                text=alt.Text("reach:N"), **corner
            )
        )
    # Where there are numbers, what is touched lies on top, so that a click on one is a click on its cell.
    touched = base.mark_rect(fillOpacity=0.001, fill="gray", **pointer) if numbers else layers.pop(0)
    touched = touched.encode(tooltip=alt.Tooltip("told:N"))
    if clickable:
        touched = touched.add_params(alt.selection_point(name=CELL, fields=["row", "column"], empty=False))
    layers = [*layers, touched] if numbers else [touched, *layers]
    chart = alt.layer(*layers, data=ROWS).properties(width=round(width * num_columns), height=round(height * num_rows))
    if many:
        chart.usermeta = {"embedOptions": {"renderer": "canvas"}}
    return to_spec(chart)


def _axis(size, longest, many, across=False, **kwargs):
    """Labels, as many as fit: all, or turned, or every second, fifth or tenth."""
    needed = 6.8 * longest + 2 if across else 12
    if across and size < needed and longest > 2 and size >= 11:
        kwargs["labelAngle"], needed = -90, 11
    step = next((step for step in (1, 2, 5, 10, 20, 50) if size * step >= needed), 100)
    label = LABEL_ONLY if step == 1 else f"toNumber(split(datum.label, '|')[0]) % {step} == 0 ? {LABEL_ONLY} : ''"
    kwargs.setdefault("labelAngle", 0)
    return alt.Axis(labelExpr=label, ticks=False, domain=False, labelOverlap=many, labelLimit=200, **kwargs)
