"""Accuracy against the number of arguments, with intervals; what was trained is filled, what lies beyond is hollow."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import model_encodings

COLUMNS = ["model", "num_args", "trained", "correct", "total", "accuracy", "low", "high", "loss", "confidence"]
BEYOND = "never seen in training"


def by_length(rows, models):
    """rows as in COLUMNS; models (name, color, shape)."""
    data = pd.DataFrame(rows, columns=COLUMNS)
    data["length was"] = data["trained"].map({True: "trained", False: BEYOND})
    description = "Accuracy by number of arguments: " + "; ".join(
        f"{name} " + ", ".join(f"{row.num_args}: {row.accuracy:.1%}" for row in of.itertuples())
        for name, of in data.groupby("model", sort=False)
    )
    lowest = max(0.0, float(data["low"].min()) // 0.1 * 0.1)
    return Figure(_spec(tuple(models), round(lowest, 1)), data, description)


@lru_cache
def _spec(models, lowest):
    color, shape = model_encodings(*zip(*models, strict=True))
    names = [name for name, _, _ in models]
    size = 90 if len(models) < 3 else 60  # four marks stand side by side, in a narrow window too
    y = {"scale": alt.Scale(domain=[lowest, 1], nice=False), "axis": alt.Axis(format="%", tickCount=6)}
    base = alt.Chart(ROWS).encode(
        x=alt.X("num_args:O", title="numbers in the expression", axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("model:N", sort=names, scale=alt.Scale(paddingOuter=0.5)),
        color=color,
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("num_args:O", title="numbers"),
            alt.Tooltip("length was:N", title="this length was"),
            alt.Tooltip("correct:Q", title="right"),
            alt.Tooltip("total:Q", title="of"),
            alt.Tooltip("accuracy:Q", format=".2%"),
            alt.Tooltip("low:Q", title="95% interval from", format=".2%"),
            alt.Tooltip("high:Q", title="to", format=".2%"),
            alt.Tooltip("confidence:Q", title="sure, on average", format=".2%"),
        ],
    )
    title = "accuracy" if lowest == 0 else f"accuracy (axis from {lowest:.0%})"
    trained = alt.FillOpacity("length was:N", scale=alt.Scale(domain=["trained", BEYOND], range=[1, 0]), legend=None)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=title, **y), y2=alt.Y2("high:Q")),
        base.mark_point(size=size, strokeWidth=1.5, opacity=1).encode(
            y=alt.Y("accuracy:Q", **y), shape=shape, fill=color, fillOpacity=trained
        ),
        data=ROWS,
        title="Accuracy by length: filled where trained, hollow beyond",
    ).properties(height=300)
    return to_spec(chart)
