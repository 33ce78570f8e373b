"""One training step: what was promised against what happened, and how far each layer moved."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL
from dashboard.palette import PALETTE

POWERS = [1e-4, 1e-3, 0.01, 0.1, 1, 10]
PROMISED, TRUE = "promised, −η‖g‖²", "what happens"


def descent(rates, promised, true, chosen, breaks_at, width=370, height=235):
    """The change of the loss for each learning rate; lines stand at the chosen one and where the promise breaks."""
    both = [(PROMISED, rate, change) for rate, change in zip(rates, promised, strict=True)]
    both += [(TRUE, rate, change) for rate, change in zip(rates, true, strict=True)]
    both += [("chosen", chosen, None)] + ([("breaks", breaks_at, None)] if breaks_at else [])
    data = pd.DataFrame(both, columns=["what", "rate", "change"])
    lowest = min(0.0, *map(float, true))
    frame = (1.6 * lowest, -1.2 * lowest) if lowest else (-1.0, 1.0)  # further away, the lines leave the picture
    broken = (
        f"The promise is off by more than half from {breaks_at:.3g} on" if breaks_at else "The promise holds throughout"
    )
    return Figure(_descent_spec(frame, width, height), data, f"Change of the loss by the learning rate. {broken}")


@lru_cache
def _descent_spec(frame, width, height):
    axis = alt.Axis(format="~g", values=POWERS, grid=False, labelFlush=True, labelFlushOffset=-4)
    base = alt.Chart(ROWS).encode(x=alt.X("rate:Q", title="learning rate η", scale=alt.Scale(type="log"), axis=axis))
    lines = (
        base.mark_line(strokeWidth=2, clip=True)
        .transform_filter(alt.FieldOneOfPredicate("what", [PROMISED, TRUE]))
        .encode(
            y=alt.Y("change:Q", title="change of the loss (nats)", axis=alt.Axis(tickCount=5),
                    scale=alt.Scale(domain=list(frame), nice=False)),
            color=alt.Color("what:N", scale=alt.Scale(domain=[PROMISED, TRUE], range=[NEUTRAL, PALETTE[0]]),
                            legend=alt.Legend(orient="top", title=None)),
            strokeDash=alt.StrokeDash("what:N", scale=alt.Scale(domain=[PROMISED, TRUE], range=[[5, 4], [1, 0]]),
                                        legend=None),
            tooltip=[alt.Tooltip("what:N"), alt.Tooltip("rate:Q", format=".3g"), alt.Tooltip("change:Q", format=".5f")],
        )
    )  # fmt: skip
    chosen = base.mark_rule(strokeWidth=1.5, color=PALETTE[0]).transform_filter(alt.datum.what == "chosen")
    breaks = base.mark_rule(strokeWidth=1.5, strokeDash=[3, 3], color=PALETTE[1]).transform_filter(
        alt.datum.what == "breaks"
    )
    word = breaks.mark_text(text="breaks", align="left", dx=4, color=PALETTE[1], baseline="top").encode(y=alt.value(2))
    chart = alt.layer(lines, chosen, breaks, word, data=ROWS, title="How long may a step be?")
    return to_spec(chart.properties(width=width, height=height))


def layers(names, values, title, width=190, usual=None):
    """One bar per layer on a logarithmic scale, in the order of the model. usual: a value marked by a line."""
    smallest = 1e-12  # a layer that gets no gradient stays visible as an empty bar
    data = pd.DataFrame({"layer": names, "value": values, "drawn": [max(value, smallest) for value in values]})
    description = f"{title}: " + ", ".join(f"{name} {value:.2g}" for name, value in zip(names, values, strict=True))
    return Figure(_layers_spec(tuple(names), title, width, usual), data, description)


@lru_cache
def _layers_spec(names, title, width, usual):
    points = (
        alt.Chart(ROWS)
        .mark_point(filled=True, size=60, color=PALETTE[0], opacity=1)
        .encode(
            x=alt.X("drawn:Q", title=None, scale=alt.Scale(type="log", nice=True),
                    axis=alt.Axis(format="~g", tickCount=4, labelOverlap=True, labelFlush=True, labelFlushOffset=-4)),
            y=alt.Y("layer:N", sort=list(names), title=None, axis=alt.Axis(labelLimit=210, grid=True)),
            tooltip=[alt.Tooltip("layer:N"), alt.Tooltip("value:Q", format=".3g")],
        )
    )  # fmt: skip
    rule = [] if usual is None else [alt.Chart().mark_rule(strokeDash=[3, 3], color=NEUTRAL).encode(x=alt.datum(usual))]
    return to_spec(alt.layer(points, *rule, data=ROWS, title=title).properties(width=width, height=17 * len(names)))
