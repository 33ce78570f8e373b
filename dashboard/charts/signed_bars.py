"""Bars around 0, in the model's color: contributions to a logit, attributions to tokens, Shapley values."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL, placed

NUMBER = 44  # pixels kept free for the longest number


def signed_bars(labels, values, color, *, title="", unit="value", width=220, row=19, form="+.2f", among=()):
    """One bar for each label, in the order given; `unit` names the axis and the column of the data.

    `among`: all values of the charts beside this one, so that equal bars are equally long in all of them.
    """
    values = np.asarray(values, np.float64)
    data = pd.DataFrame({"label": placed(labels), "part": list(labels), unit: values.round(6)})
    data["written"] = [format(value, form) for value in values]
    description = f"{title or unit}: " + ", ".join(
        f"{name} {value:.2f}" for name, value in zip(labels, values, strict=True)
    )
    everything = np.append(values, among)
    low, high = min(0.0, float(everything.min())), max(0.0, float(everything.max()), 1e-6)
    room = (high - low) * NUMBER / (width - NUMBER)
    domain = (round(low, 3), round(high + room, 3))
    return Figure(_spec(len(values), color, title, unit, width, row, domain), data, description)


@lru_cache(maxsize=256)
def _spec(count, color, title, unit, width, row, domain):
    x = alt.X(f"{unit}:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
    y = alt.Y("label:N", title=None, axis=alt.Axis(labelExpr=LABEL_ONLY, labelLimit=170, domain=False, ticks=False))
    base = alt.Chart(ROWS).encode(x=x, y=y, tooltip=[alt.Tooltip("part:N"), alt.Tooltip(f"{unit}:Q", format="+.4f")])
    bars = base.mark_bar(color=color, height=row - 7)
    # Right of the bar or of 0: on the left, numbers would lie on the labels.
    end = alt.X("end:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
    numbers = base.transform_calculate(end=f"max(0, datum[{unit!r}])").mark_text(align="left", dx=4, color=NEUTRAL)
    zero = alt.Chart(ROWS).transform_aggregate(rows="count()").mark_rule(color=NEUTRAL).encode(x=alt.datum(0))
    layers = [bars, numbers.encode(x=end, text=alt.Text("written:N")), zero]
    chart = alt.layer(*layers, data=ROWS).properties(
        width=width, height=row * count, **({"title": title} if title else {})
    )
    return to_spec(chart)
