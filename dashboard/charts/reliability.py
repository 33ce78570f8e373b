"""Is a model right as often as it says? A reliability diagram, and how sure it is, counted in nines."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

COLUMNS = ["model", "start", "end", "count", "confidence", "accuracy", "low", "high"]
SURE = ["model", "band", "verdict", "count", "share"]
SIZE = 300


def reliability(rows, models):
    """rows as in COLUMNS, one for each bin with answers in it; models (name, color, shape)."""
    data = pd.DataFrame(rows, columns=COLUMNS)
    description = "Reliability: " + "; ".join(
        f"{row.model} {row.confidence:.1%} sure and {row.accuracy:.1%} right in {row.count:,} answers"
        for row in data.itertuples()
    )
    return Figure(_reliability_spec(tuple(models)), data, description)


@lru_cache
def _reliability_spec(models):
    color, shape = model_encodings(*zip(*models, strict=True))
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    base = alt.Chart(ROWS).encode(
        x=alt.X("confidence:Q", title="how sure, on average", scale=scale, axis=axis),
        color=color,
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("start:Q", title="confidence above", format=".0%"),
            alt.Tooltip("end:Q", title="up to", format=".0%"),
            alt.Tooltip("count:Q", title="answers", format=","),
            alt.Tooltip("confidence:Q", title="how sure, on average", format=".3%"),
            alt.Tooltip("accuracy:Q", title="how often right", format=".3%"),
        ],
    )
    once = alt.Chart(ROWS).transform_aggregate(rows="count()").transform_calculate(zero="0", one="1")
    diagonal = once.mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(
        x=alt.X("zero:Q", scale=scale), x2="one:Q", y=alt.Y("zero:Q", scale=scale), y2="one:Q"
    )
    size = alt.Size("count:Q", scale=alt.Scale(type="sqrt", domainMin=0, range=[25, 320]), legend=None)
    chart = alt.layer(
        diagonal,
        base.mark_rule(strokeWidth=2).encode(
            y=alt.Y("low:Q", title="how often right", scale=scale, axis=axis), y2="high:Q"
        ),
        base.mark_point(strokeWidth=2.5).encode(y=alt.Y("accuracy:Q", scale=scale), shape=shape, size=size),
        data=ROWS,
        title="Reliability: on the diagonal, a model knows how good it is",
    ).properties(width=SIZE, height=SIZE)
    return to_spec(chart)


def sureness(rows, models, bands):
    """rows as in SURE: how many answers each model is that sure of; bands are the labels from unsure to sure."""
    data = pd.DataFrame(rows, columns=SURE)
    surest = data[data["band"] == bands[-1]].groupby("model", sort=False)["share"].sum()
    description = "How sure: " + "; ".join(
        f"{name} {share:.1%} of its answers {bands[-1]}" for name, share in surest.items()
    )
    return Figure(_sureness_spec(tuple(models), tuple(bands)), data, description)


@lru_cache
def _sureness_spec(models, bands):
    names, colors, _ = zip(*models, strict=True)
    chart = (
        alt.Chart(ROWS, title="How sure the answers are")
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=alt.X("share:Q", title="share of the answers", axis=alt.Axis(format="%", tickCount=5)),
            y=alt.Y("band:N", sort=list(bands), title="confidence"),
            yOffset=alt.YOffset("model:N", sort=list(names)),
            color=alt.Color("model:N", scale=alt.Scale(domain=names, range=colors), legend=None),
            opacity=alt.Opacity(
                "verdict:N",
                scale=alt.Scale(domain=["right", "wrong"], range=[1, 0.4]),
                legend=alt.Legend(title=None, orient="top", symbolFillColor=NEUTRAL),
            ),
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("band:N", title="confidence"),
                alt.Tooltip("verdict:N"),
                alt.Tooltip("count:Q", title="answers", format=","),
                alt.Tooltip("share:Q", format=".2%"),
            ],
        )
        .properties(width=SIZE + 10, height=SIZE - 24)
    )
    return to_spec(chart)
