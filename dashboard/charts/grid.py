"""A matrix of numbers as square cells with the numbers in them: shares on the scale of weights, or signed around 0."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import FRAME, LABEL_ONLY, NEUTRAL, SMALLEST_TYPE, ink_color, placed, upright


def grid(
    values, rows, columns, *, title="", names=("row", "column", "value"), cell=34, height=None, form=".2f", reach=1.0,
    signed=False, told_rows=None, told_columns=None, framed=None, titles=None,
):  # fmt: skip
    """values (R, C), nan where undefined, with labels for rows and columns.

    `names` of row, column and value are for tooltips and the data, where `told_rows` and `told_columns` say in full
    what the labels have no room for; tooltips have `titles` instead where these are not our own words. `form` is how
    numbers are written in the cells: not at all if "", or where the cells are too small to read them. Colors cover
    [0, reach], or [-reach, reach] if `signed`. `framed` (R, C) of bool points out cells.
    """
    values = np.asarray(values, np.float64)
    row, column = (index.ravel() for index in np.indices(values.shape))
    loud = np.abs(np.nan_to_num(values.ravel())) / reach > 0.58  # where both inks read alike, in light and in dark
    data = pd.DataFrame({
        "row": np.array(placed(rows))[row],
        "column": np.array(placed(columns))[column],
        names[0]: np.array(list(told_rows or rows))[row],
        names[1]: np.array(list(told_columns or columns))[column],
        names[2]: values.ravel().round(6),
        "ink": np.where(loud, 0, 1),
    })  # fmt: skip
    if framed is not None:
        data["framed"] = np.ravel(framed)
    largest = "" if np.isnan(values).all() else _extreme(values, rows, columns)
    description = f"{title or names[2]}: {values.shape[0]} × {values.shape[1]} values{largest}"
    label = min(11, max(SMALLEST_TYPE, _fitting(columns, cell)))
    label = label, upright(list(map(str, columns)), cell, label)
    written = [format(value, form) for value in values.ravel()]
    number = min(12, max(SMALLEST_TYPE, int(cell * 0.34)), _fitting(written, cell))
    spec = _spec(
        *values.shape, title, tuple(names), tuple(titles or names), cell, height or cell,
        form if number >= SMALLEST_TYPE else "", float(reach), signed, label, number, framed is not None,
    )  # fmt: skip
    return Figure(spec, data, description)


def _fitting(texts, cell):
    """The largest type in which the longest of the texts stands within a cell: a character is about half as wide."""
    return int((cell - 2) / (0.52 * max(len(str(text)) for text in texts)))


def _extreme(values, rows, columns):
    r, c = np.unravel_index(np.nanargmax(np.abs(values)), values.shape)
    return f", the largest {values[r, c]:.2f} at {rows[r]}, {columns[c]}"


@lru_cache(maxsize=128)
def _spec(num_rows, num_columns, title, names, titles, cell, height, form, reach, signed, label, number, framed):
    labels = {
        "labelExpr": LABEL_ONLY,
        "title": None,
        "labelLimit": 260,
        "domain": False,
        "ticks": False,
    }
    value = f"{names[2]}:Q"
    if signed:
        scale = alt.Scale(domain=[-reach, reach], domainMid=0, clamp=True, interpolate="rgb")
    else:
        scale = alt.Scale(domain=[0, reach], clamp=True)
    base = alt.Chart(ROWS).encode(
        x=alt.X("column:O", axis=alt.Axis(**labels, orient="top", labelFontSize=label[0], labelAngle=label[1])),
        y=alt.Y("row:O", axis=alt.Axis(**labels)),
        tooltip=[
            alt.Tooltip(f"{names[0]}:N", title=titles[0]),
            alt.Tooltip(f"{names[1]}:N", title=titles[1]),
            alt.Tooltip(value, title=titles[2], format="+.4f" if signed else ".4f"),
        ],
    )
    known = f"isValid(datum[{names[2]!r}])"
    cells = base.transform_filter(known).mark_rect().encode(color=alt.Color(value, scale=scale, legend=None))
    layers = [cells, base.transform_filter(f"!{known}").mark_text(text="–", color=NEUTRAL)]
    if form:
        told = base.transform_filter(known).mark_text(fontSize=number)
        layers.append(told.encode(text=alt.Text(value, format=form), color=ink_color()))
    if framed:
        frame = base.transform_filter("datum.framed").mark_rect(fillOpacity=0, strokeWidth=2.5, tooltip=None)
        layers.append(frame.encode(stroke=alt.StrokeValue(FRAME)))
    chart = alt.layer(*layers, data=ROWS).resolve_scale(color="independent")
    chart = chart.properties(width=cell * num_columns, height=height * num_rows, **({"title": title} if title else {}))
    return to_spec(chart, axis={"labelFontSize": 11})
