"""Lines over training steps or over the number of heads kept, with the present moment marked."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings


def over_steps(rows, color, moment, *, width=230, title=""):
    """rows: (step, series, value in [0, 1]); steps are drawn on a logarithmic scale with a place for 0."""
    data = pd.DataFrame(rows, columns=["step", "series", "value"])
    data["moment"] = moment
    last = data[data["step"] == data["step"].max()]
    description = f"{title} through training; at the end: " + ", ".join(
        f"{name} {value:.2f}" for name, value in last[["series", "value"]].itertuples(index=False)
    )
    return Figure(_over_steps(color, width, title), data, description)


@lru_cache
def _over_steps(color, width, title):
    x = alt.X(
        "step:Q", title="training step", scale=alt.Scale(type="symlog"),
        axis=alt.Axis(values=[0, 10, 100, 1000, 10000], format=",d"),
    )  # fmt: skip
    base = alt.Chart(ROWS).encode(
        x=x,
        y=alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1])),
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".3f")],
    )
    legend = alt.Legend(
        title=None, orient="bottom", columns=max(1, width // 130), symbolType="stroke", symbolSize=700,
        symbolStrokeWidth=2, symbolStrokeColor=color,
    )  # fmt: skip
    lines = base.mark_line(color=color).encode(strokeDash=alt.StrokeDash("series:N", legend=legend))
    points = base.mark_point(color=color, filled=True, size=18)  # not of the lines: a legend would show them alone
    here = (
        alt.Chart(ROWS)
        .transform_aggregate(moment="max(moment)")
        .mark_rule(color=NEUTRAL, strokeWidth=2)
        .encode(x=alt.X("moment:Q", title="training step"))
    )
    return to_spec(alt.layer(lines, points, here, data=ROWS).properties(width=width, height=170, title=title))


def best_subsets(rows, models, total):
    """rows: (model, heads kept, accuracy, which): the best subset of each size; models: (name, color, shape)."""
    data = pd.DataFrame(rows, columns=["model", "kept", "accuracy", "heads"])
    description = "Accuracy of the best subset of heads: " + "; ".join(
        f"{model} {kept} heads {accuracy:.1%}" for model, kept, accuracy, _ in rows
    )
    return Figure(_best_subsets(tuple(models), total), data, description)


@lru_cache
def _best_subsets(models, total):
    color, shape = model_encodings(*zip(*models, strict=True))
    base = alt.Chart(ROWS).encode(
        x=alt.X("kept:Q", title="heads kept", axis=alt.Axis(values=list(range(total + 1)), format="d")),
        y=alt.Y(
            "accuracy:Q", title="accuracy on all expressions", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
        ),
        color=color,
    )
    points = base.mark_point(filled=True, size=70).encode(
        shape=shape,
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("kept:Q", title="heads kept"),
            alt.Tooltip("heads:N", title="which"),
            alt.Tooltip("accuracy:Q", format=".2%"),
        ],
    )
    return to_spec(alt.layer(base.mark_line(), points, data=ROWS).properties(height=260))
