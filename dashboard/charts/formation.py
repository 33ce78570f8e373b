"""A model while it forms: its accuracy per operation, and its tokens on a map."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL


def operations(names, accuracies, color, width=140):
    """One bar per operation: validation accuracy from 0 to 1."""
    data = pd.DataFrame({"operation": names, "accuracy": accuracies})
    description = "Validation: " + ", ".join(
        f"{name} {accuracy:.1%}" for name, accuracy in zip(names, accuracies, strict=True)
    )
    return Figure(_operations_spec(tuple(names), color, width), data, description)


@lru_cache
def _operations_spec(names, color, width):
    base = alt.Chart(ROWS).encode(
        y=alt.Y("operation:N", sort=list(names), title=None),
        tooltip=[alt.Tooltip("operation:N"), alt.Tooltip("accuracy:Q", format=".2%")],
    )
    axis = alt.Axis(format="%", values=[0, 0.5, 1], labelFlush=True, labelFlushOffset=-4)
    bars = base.mark_bar(color=color, height=9, cornerRadiusEnd=2).encode(
        x=alt.X("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=axis)
    )
    chart = alt.layer(bars, data=ROWS, title="Accuracy, validation").properties(width=width, height=17 * len(names))
    return to_spec(chart)


def token_map(words, points, limits, color, size=180):
    """Each token where its embedding lies, (V, 2). limits: ((x low, x high), (y low, y high))."""
    data = pd.DataFrame({
        "token": words,
        "x": points[:, 0],
        "y": points[:, 1],
        "kind": ["digit" if word.isdigit() else "other" for word in words],
    })  # fmt: skip
    description = "Two principal components of the token embeddings. The digits, from left to right: " + " ".join(
        data[data["kind"] == "digit"].sort_values("x")["token"]
    )
    return Figure(_token_map_spec(tuple(map(tuple, limits)), color, size), data, description)


@lru_cache
def _token_map_spec(limits, color, size):
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=True)
    chart = (
        alt.Chart(ROWS, title="Embeddings of the tokens")
        .mark_text(fontSize=12)
        .encode(
            x=alt.X("x:Q", title="first component", scale=alt.Scale(domain=list(limits[0])), axis=axis),
            y=alt.Y("y:Q", title="second component", scale=alt.Scale(domain=list(limits[1])), axis=axis),
            text="token:N",
            color=alt.condition(alt.datum.kind == "digit", alt.value(color), alt.value(NEUTRAL)),
            tooltip=[alt.Tooltip("token:N"), alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")],
        )
        .properties(width=size, height=size)
    )
    return to_spec(chart)
