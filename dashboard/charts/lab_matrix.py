"""A matrix of any signed numbers, or of weights, as a heatmap; small ones carry their numbers, cells can be clicked."""

import numpy as np
import pandas as pd

from dashboard.charts.figure import Figure
from dashboard.charts.lab_matrix_spec import CELL, MANY, has_numbers, titled_spec
from dashboard.charts.theme import placed

LIKE_ALL_LARGE = {True: (30, 30), False: (30, 64)}  # one size, square or not: a slider then moves cells of one chart
TALL = 8  # rows: a matrix with fewer would be stretched to that size


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
    large = values.size > MANY and values.shape[0] >= TALL
    shape = LIKE_ALL_LARGE[values.shape[0] == values.shape[1]] if large else values.shape
    marked = values.size <= MANY or not (lit is framed is None)
    spec = titled_spec(title, *shape, longest, weights, clickable, row_title, column_title, marked)
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
