"""Proportions with their intervals: a dot and a line from low to high."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import model_encodings

COLUMNS = ["model", "group", "correct", "total", "accuracy", "low", "high"]
TOOLTIP = [
    alt.Tooltip("model:N"),
    alt.Tooltip("group:N", title="on"),
    alt.Tooltip("correct:Q", title="right"),
    alt.Tooltip("total:Q", title="of"),
    alt.Tooltip("accuracy:Q", format=".2%"),
]
INTERVAL = [
    alt.Tooltip("low:Q", title="95% interval from", format=".2%"),
    alt.Tooltip("high:Q", title="to", format=".2%"),
]


def per_operation(rows, models, census=False):
    """Seeds side by side for each operation; the axis begins just below the lowest interval. rows as in COLUMNS.

    census: everything was counted, and low and high are the accuracy itself.
    """
    data = pd.DataFrame(rows, columns=COLUMNS)
    lowest = min(0.98, int(data["low"].min() * 50) / 50) if len(data) else 0
    groups = tuple(dict.fromkeys(data["group"]))
    return Figure(_per_operation_spec(tuple(models), groups, lowest, census), data, _describe(data))


@lru_cache
def _per_operation_spec(models, groups, lowest, census):
    color, shape = model_encodings(*zip(*models, strict=True))
    names = [name for name, _, _ in models]
    base = alt.Chart(ROWS).encode(
        x=alt.X("group:N", title="operation", sort=list(groups), axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("model:N", sort=names, scale=alt.Scale(paddingInner=0.4, paddingOuter=1)),
        color=color,
        tooltip=TOOLTIP if census else [*TOOLTIP, *INTERVAL],
    )
    scale = alt.Scale(domain=[lowest, 1], nice=False)
    title = "accuracy" if lowest == 0 else f"accuracy (axis from {lowest:.0%})"
    chart = alt.layer(
        base.mark_rule(strokeWidth=3).encode(
            y=alt.Y("low:Q", title=title, scale=scale, axis=alt.Axis(format="%", tickCount=5)), y2=alt.Y2("high:Q")
        ),
        base.mark_point(size=90, filled=True, opacity=1).encode(y=alt.Y("accuracy:Q", scale=scale), shape=shape),
        data=ROWS,
        title="Accuracy per operation" if census else "Accuracy per operation, with 95% intervals",
    ).properties(height=260)
    return to_spec(chart)


def _describe(data):
    return "Accuracy: " + "; ".join(
        f"{row.model} on {row.group} {row.accuracy:.1%} ({row.correct} of {row.total})" for row in data.itertuples()
    )
