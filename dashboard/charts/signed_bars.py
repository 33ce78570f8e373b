"""Bars around 0, in the model's color: contributions to a logit, attributions to tokens, Shapley values."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL, placed


def signed_bars(labels, values, color, *, title="", unit="value", width=220, row=19, form="+.2f"):
    """One bar for each label, in the order given; `unit` names the axis and the column of the data."""
    values = np.asarray(values, np.float64)
    data = pd.DataFrame({"label": placed(labels), "part": list(labels), unit: values.round(6)})
    data["written"] = [format(value, form) for value in values]
    description = f"{title or unit}: " + ", ".join(
        f"{name} {value:.2f}" for name, value in zip(labels, values, strict=True)
    )
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()), 1e-6)
    room = 0.28 * (high - low)  # for the numbers
    domain = (round(low - room * (low < 0), 3), round(high + room, 3))
    return Figure(_spec(len(values), color, title, unit, width, row, domain), data, description)


@lru_cache(maxsize=256)
def _spec(count, color, title, unit, width, row, domain):
    x = alt.X(f"{unit}:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
    y = alt.Y("label:N", title=None, axis=alt.Axis(labelExpr=LABEL_ONLY, labelLimit=170, domain=False, ticks=False))
    base = alt.Chart(ROWS).encode(x=x, y=y, tooltip=[alt.Tooltip("part:N"), alt.Tooltip(f"{unit}:Q", format="+.4f")])
    bars = base.mark_bar(color=color, height=row - 7)
    ahead = base.transform_filter(alt.datum[unit] >= 0).mark_text(align="left", dx=4, color=NEUTRAL)
    behind = base.transform_filter(alt.datum[unit] < 0).mark_text(align="right", dx=-4, color=NEUTRAL)
    zero = alt.Chart(ROWS).transform_aggregate(rows="count()").mark_rule(color=NEUTRAL).encode(x=alt.datum(0))
    layers = [bars, ahead.encode(text="written:N"), behind.encode(text="written:N"), zero]
    chart = alt.layer(*layers, data=ROWS).properties(
        width=width, height=row * count, **({"title": title} if title else {})
    )
    return to_spec(chart)
