"""A matrix of numbers as square cells with the numbers in them: shares on the scale of weights, or signed around 0."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL, placed


def grid(
    values, rows, columns, *, title="", names=("row", "column", "value"), cell=34, height=None, form=".2f", reach=1.0,
    signed=False,
):  # fmt: skip
    """values (R, C), nan where undefined, with labels for rows and columns.

    `names` of row, column and value are for tooltips and the data; `form` is how numbers are written in the cells, ""
    for none. Colors cover [0, reach], or [-reach, reach] if `signed`.
    """
    values = np.asarray(values, np.float64)
    row, column = (index.ravel() for index in np.indices(values.shape))
    loud = np.abs(np.nan_to_num(values.ravel())) / reach > 0.58  # where both inks read alike, in light and in dark
    data = pd.DataFrame({
        "row": np.array(placed(rows))[row],
        "column": np.array(placed(columns))[column],
        names[0]: np.array(rows)[row],
        names[1]: np.array(columns)[column],
        names[2]: values.ravel().round(6),
        "ink": np.where(loud, 0, 1),
    })  # fmt: skip
    largest = "" if np.isnan(values).all() else _extreme(values, rows, columns)
    description = f"{title or names[2]}: {values.shape[0]} × {values.shape[1]} values{largest}"
    spec = _spec(*values.shape, title, tuple(names), cell, height or cell, form, float(reach), signed)
    return Figure(spec, data, description)


def _extreme(values, rows, columns):
    r, c = np.unravel_index(np.nanargmax(np.abs(values)), values.shape)
    return f", the largest {values[r, c]:.2f} at {rows[r]}, {columns[c]}"


@lru_cache(maxsize=128)
def _spec(num_rows, num_columns, title, names, cell, height, form, reach, signed):
    labels = {
        "labelExpr": LABEL_ONLY,
        "labelAngle": 0,
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
        x=alt.X("column:O", axis=alt.Axis(**labels, orient="top")),
        y=alt.Y("row:O", axis=alt.Axis(**labels)),
        tooltip=[
            alt.Tooltip(f"{names[0]}:N"),
            alt.Tooltip(f"{names[1]}:N"),
            alt.Tooltip(value, format="+.4f" if signed else ".4f"),
        ],
    )
    known = f"isValid(datum[{names[2]!r}])"
    cells = base.transform_filter(known).mark_rect().encode(color=alt.Color(value, scale=scale, legend=None))
    layers = [cells, base.transform_filter(f"!{known}").mark_text(text="–", color=NEUTRAL)]
    if form:
        # The ends of the scale of weights are the page's quietest and loudest color, in light and in dark.
        ink = alt.Color("ink:Q", scale=alt.Scale(domain=[0, 1], range="ramp"), legend=None)
        size = max(8, min(12, int(cell * 0.34)))
        layers.append(
            base.transform_filter(known).mark_text(fontSize=size).encode(text=alt.Text(value, format=form), color=ink)
        )
    chart = alt.layer(*layers, data=ROWS).resolve_scale(color="independent")
    chart = chart.properties(width=cell * num_columns, height=height * num_rows, **({"title": title} if title else {}))
    return to_spec(chart, axis={"labelFontSize": 11})
