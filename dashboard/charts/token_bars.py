"""Several measures of the same tokens beside each other: small bars, each as long as its share of the largest."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL, placed


def token_bars(panels, tokens, color, chosen=None, title="", width=104):
    """panels: {name of the measure: (T,) values}; `chosen` is the place of a token to point out."""
    names, labels = placed(panels), placed(tokens)
    data = pd.concat([
        pd.DataFrame({
            "panel": name, "label": labels, "measure": measure, "token": tokens,
            "value": np.asarray(values, np.float64).round(6),
            "length": np.asarray(values, np.float64) / max(np.abs(values).max(), 1e-12),
            "written": [f"{value:.2f}" for value in values],
            "chosen": np.arange(len(tokens)) == chosen,
        })
        for name, (measure, values) in zip(names, panels.items(), strict=True)
    ])  # fmt: skip
    description = f"{title}: " + "; ".join(
        f"{measure} " + ", ".join(f"{token} {value:.2f}" for token, value in zip(tokens, values, strict=True))
        for measure, values in panels.items()
    )
    signed = bool(data["length"].min() < -0.02)
    return Figure(_spec(len(tokens), color, title, width, signed), data, description)


@lru_cache
def _spec(num_tokens, color, title, width, signed):
    room = 34 / max(width - 68, 30) * (1 + signed)  # for the numbers
    domain = [-1 - room if signed else 0, 1 + room]
    row = max(12, min(22, 320 // num_tokens))
    base = alt.Chart(ROWS).encode(
        y=alt.Y("label:N", title=None, axis=alt.Axis(labelExpr=LABEL_ONLY, domain=False, ticks=False)),
        tooltip=[alt.Tooltip("token:N"), alt.Tooltip("measure:N"), alt.Tooltip("value:Q", format="+.4f")],
    )
    x = alt.X("length:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
    faint = alt.condition("datum.chosen", alt.value(1), alt.value(0.6))
    bars = base.mark_bar(color=color, height=row - 6).encode(x=x, opacity=faint)
    text = alt.Text("written:N")
    ahead = base.transform_filter("datum.value >= 0").mark_text(align="left", dx=3, fontSize=10, color=NEUTRAL)
    behind = base.transform_filter("datum.value < 0").mark_text(align="right", dx=-3, fontSize=10, color=NEUTRAL)
    chart = (
        alt.layer(bars, ahead.encode(x=x, text=text), behind.encode(x=x, text=text), data=ROWS)
        .properties(width=width, height=row * num_tokens)
        .facet(
            column=alt.Column("panel:N", title=None, header=alt.Header(labelExpr=LABEL_ONLY)),
            spacing=8,
            **({"title": title} if title else {}),
        )
    )
    return to_spec(chart)
