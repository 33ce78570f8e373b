"""Horizontal bars: the most probable answers of one model."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import placed

ROW_HEIGHT = 19


def top_answers(tokens, probabilities, color, width=240):
    """The answers in falling order: tokens N words, probabilities N; color is the model's."""
    labels = [f"{token}|{percent(p)}" for token, p in zip(tokens, probabilities, strict=True)]
    data = pd.DataFrame({"answer": placed(labels), "token": tokens, "probability": probabilities})
    description = "Most probable answers: " + ", ".join(
        f"{token} with {percent(p)}" for token, p in zip(tokens, probabilities, strict=True)
    )
    return Figure(_spec(len(labels), color, width), data, description)


@lru_cache
def _spec(count, color, width):
    base = alt.Chart(ROWS).encode(x=alt.X("probability:Q", scale=alt.Scale(domain=[0, 1]), axis=None))
    words = alt.Y(
        "answer:N", title=None, axis=alt.Axis(labelExpr="split(datum.label, '|')[1]", labelFontSize=13, minExtent=32)
    )
    values = alt.Y("answer:N", title=None, axis=alt.Axis(labelExpr="split(datum.label, '|')[2]", orient="right"))
    tooltip = [alt.Tooltip("token:N", title="answer"), alt.Tooltip("probability:Q", format=".6f")]
    chart = (
        alt.layer(
            base.mark_bar(color=color, cornerRadiusEnd=2, height=12).encode(y=words, tooltip=tooltip),
            base.mark_tick(opacity=0).encode(y=values),
            data=ROWS,
            title="The five most probable answers" if count == 5 else f"The {count} most probable answers",
        )
        .resolve_scale(y="independent")
        .properties(width=width, height=ROW_HEIGHT * count)
    )
    return to_spec(chart)


def percent(share):
    """0.99987 → "99.99%": never rounds to 100% what isn't, nor to 0% what was given a chance."""
    if share == 0 or share == 1:
        return f"{share:.0%}"
    if share >= 0.9999:
        return "> 99.99%"
    if share < 0.0001:
        return "< 0.01%"
    return f"{100 * share:.{2 if share > 0.99 or share < 0.01 else 1}f}%"
