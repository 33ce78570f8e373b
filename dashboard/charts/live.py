"""Curves that grow while one looks: each run in its color, training as a thin line, held out as a thick one with marks.

The spec depends on the runs only, so that a new point moves the line that is there.
"""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

TRAINING, HELD_OUT = "training", "held out"
POWERS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10]
COLUMNS = ["model", "series", "step", "value"]


def learning(rows, runs, title, y_title, *, log=False, domain=None, width=None, height=230, marker=None, training=True):
    """rows as in COLUMNS, series TRAINING or HELD_OUT; runs: (name, color, shape). width None: as wide as the column.

    log: y on a logarithmic scale. domain: of y. marker: a step at which a line stands. training: whether there are rows
    of it.
    """
    data = pd.DataFrame(rows, columns=COLUMNS)
    last = {row[:2]: row for row in rows}  # not by pandas: this is drawn twice a second
    ends = "; ".join(
        f"{model}, {series}: {value:.4g} at step {step:.0f}" for model, series, step, value in last.values()
    )
    has_marker = marker is not None
    if has_marker:
        data = pd.concat([data, pd.DataFrame([["", "marker", marker, None]], columns=COLUMNS)])
    data = data.astype({"model": "category", "series": "category"})  # sent as numbers
    spec = _spec(tuple(runs), title, y_title, log, domain and tuple(domain), width, height, has_marker, training)
    return Figure(spec, data, f"{title}. Now: {ends}" if last else f"{title}. No step yet")


@lru_cache
def _spec(runs, title, y_title, log, domain, width, height, has_marker, training):
    color, shape = model_encodings(*zip(*runs, strict=True))
    y_scale = alt.Scale(type="log" if log else "linear", **({"domain": list(domain)} if domain else {}))
    percent = y_title == "accuracy"
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "step:Q",
            title="step",
            # labelFlush: how large a chart is is decided before there are steps, without half a label on the right
            axis=alt.Axis(
                grid=False,
                tickMinStep=1,
                tickCount=max(2, (width or 400) // 60),
                labelFlush=True,
                labelFlushOffset=-4,
                labelExpr="format(datum.value, '~s')",
            ),
        ),
        y=alt.Y(
            "value:Q",
            title=y_title,
            scale=y_scale,
            axis=alt.Axis(format="%" if percent else "~g", **({"values": POWERS} if log else {"tickCount": 5})),
        ),
        color=color,
        tooltip=[
            alt.Tooltip("model:N", title="run"),
            alt.Tooltip("series:N", title="on"),
            alt.Tooltip("step:Q", format=",.0f"),
            alt.Tooltip("value:Q", title=y_title, format=".2%" if percent else ".4f"),
        ],
    )
    held_out = base.transform_filter(alt.datum.series == HELD_OUT)
    thin = base.mark_line(strokeWidth=1.2, opacity=0.55).transform_filter(alt.datum.series == TRAINING)
    layers = [
        *([thin] if training else []),
        held_out.mark_line(strokeWidth=2.2),
        held_out.mark_point(filled=True, size=26, opacity=1).encode(shape=shape),
    ]
    if has_marker:
        line = (
            alt.Chart(ROWS)
            .transform_filter(alt.datum.series == "marker")
            .mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=NEUTRAL)
        )
        layers.append(line.encode(x=alt.X("step:Q")))
    chart = alt.layer(*layers, data=ROWS, title=title).properties(height=height, **({"width": width} if width else {}))
    return to_spec(chart)
