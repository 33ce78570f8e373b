"""Several measures of the same tokens beside each other: small bars, each as long as its share of the largest."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL, placed

NUMBER = 34  # pixels kept free for the longest number
NARROW = 60  # a panel of less has no room for numbers beside its bars


def token_bars(panels, tokens, color, chosen=None, title="", width=104):
    """panels: {name of the measure: (T,) values}; `chosen` is the place of a token to point out."""
    names, labels = placed(panels), placed(tokens)
    data = pd.concat([
        pd.DataFrame({
            "panel": name, "label": labels, "measure": measure, "token": tokens,
            "value": np.asarray(values, np.float64).round(6),
            "length": np.asarray(values, np.float64) / max(np.abs(values).max(), 1e-12),
            "written": [f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}" for value in values],
            "chosen": np.arange(len(tokens)) == chosen,
        })
        for name, (measure, values) in zip(names, panels.items(), strict=True)
    ])  # fmt: skip
    description = f"{title}: " + "; ".join(
        f"{measure} " + ", ".join(f"{token} {value:.2f}" for token, value in zip(tokens, values, strict=True))
        for measure, values in panels.items()
    )
    least = data["length"].min() + 0.02
    lowest = max(reach for reach in (0, -0.3, -1) if reach <= least)  # of few, as each has a spec of its own
    return Figure(_spec(len(tokens), color, title, width, lowest), data, description)


@lru_cache
def _spec(num_tokens, color, title, width, lowest):
    number = NUMBER if width >= NARROW else 0
    domain = [lowest, 1 + (1 - lowest) * number / (width - number)]
    row = max(12, min(22, 320 // num_tokens))
    base = alt.Chart(ROWS).encode(
        y=alt.Y("label:N", title=None, axis=alt.Axis(labelExpr=LABEL_ONLY, domain=False, ticks=False)),
        tooltip=[alt.Tooltip("token:N"), alt.Tooltip("measure:N"), alt.Tooltip("value:Q", format="+.4f")],
    )
    x = alt.X("length:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
    faint = alt.condition("datum.chosen", alt.value(1), alt.value(0.6))
    bars = base.mark_bar(color=color, height=row - 6).encode(x=x, opacity=faint)
    layers = [bars]
    if number:  # right of the bar or of 0: on the left, they would lie on the labels
        end = alt.X("end:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
        numbers = base.transform_calculate(end="max(0, datum.length)")
        numbers = numbers.mark_text(align="left", dx=3, fontSize=10, color=NEUTRAL)
        layers.append(numbers.encode(x=end, text=alt.Text("written:N")))
    zero = alt.Chart(ROWS).mark_rule(color=NEUTRAL, strokeWidth=0.5, tooltip=None).encode(x=alt.datum(0))
    chart = (
        alt.layer(*layers, zero, data=ROWS)
        .properties(width=width, height=row * num_tokens)
        .facet(
            column=alt.Column("panel:N", title=None, header=alt.Header(labelExpr=LABEL_ONLY)),
            spacing=8,
            **({"title": title} if title else {}),
        )
    )
    return to_spec(chart)
