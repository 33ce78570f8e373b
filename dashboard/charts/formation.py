"""A model while it forms: how far it is, its accuracy per operation, and its tokens on a map."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

LEFT, RIGHT = 48, 8  # pixels beside what is drawn in `course`: a slider under it begins and ends there


def course(rows, runs, steps, chosen, height=110):
    """Accuracies of validation with the steps whose weights were kept at equal distances, and a line at the chosen one.

    rows: (model, step, place among `steps`, accuracy). chosen: a place.
    """
    columns = ["model", "step", "place", "accuracy"]
    data = pd.DataFrame([*rows, ("", steps[chosen], chosen, None)], columns=columns)
    return Figure(
        _course_spec(tuple(runs), tuple(steps), height), data, f"Accuracy, validation, at step {steps[chosen]}"
    )


@lru_cache
def _course_spec(runs, steps, height):
    color, shape = model_encodings(*zip(*runs, strict=True))
    labels = ", ".join(f"'{step / 1000:.3g}k'" if step >= 10_000 else f"'{step}'" for step in steps)
    axis = alt.Axis(values=list(range(len(steps))), labelExpr=f"[{labels}][datum.value]", labelOverlap=True, grid=False,
                    title=None)  # fmt: skip
    x = alt.X("place:Q", axis=axis, scale=alt.Scale(domain=[0, len(steps) - 1], nice=False))
    y = alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]),
              axis=alt.Axis(format="%", values=[0, 0.5, 1], minExtent=LEFT - 5, maxExtent=LEFT - 5))  # fmt: skip
    tooltip = [alt.Tooltip("model:N", title="run"), alt.Tooltip("step:Q", format=",.0f"),
               alt.Tooltip("accuracy:Q", format=".1%")]  # fmt: skip
    lines = alt.Chart(ROWS).transform_filter("isValid(datum.accuracy)").encode(x=x, y=y, color=color)
    now = alt.Chart(ROWS).transform_filter("!isValid(datum.accuracy)").encode(x=x)
    layers = [
        lines.mark_line(strokeWidth=2),
        lines.mark_point(filled=True, size=22, opacity=1).encode(shape=shape, tooltip=tooltip),
        now.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=NEUTRAL),
    ]
    chart = alt.layer(*layers, data=ROWS, title="Accuracy, validation").properties(height=height)
    return to_spec(chart) | {"padding": {"left": 5, "right": RIGHT, "top": 5, "bottom": 5}}


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
            text=alt.Text("token:N"),
            color=alt.condition(alt.datum.kind == "digit", alt.value(color), alt.value(NEUTRAL)),
            tooltip=[alt.Tooltip("token:N"), alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")],
        )
        .properties(width=size, height=size)
    )
    return to_spec(chart)
