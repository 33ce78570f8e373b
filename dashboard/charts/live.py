"""Curves that grow while one looks: each run in its color, training as a thin line in a band, validation as a thick one
with marks.

The spec depends on the runs only, so that a new point moves the line that is there.
"""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

TRAINING, VALIDATION, FRAME, HOVER = "training", "validation", "frame", "hover"
POWERS = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10]
COLUMNS = ["model", "series", "step", "value", "low", "high"]
DRAG = {"zoom": "wheel![event.shiftKey]", "translate": "[mousedown, window:mouseup] > window:mousemove!"}
DRAG |= {"clear": "dblclick"}  # a finger, and a wheel without Shift, move the page


def learning(rows, runs, title, y_title, *, log=False, log_steps=False, domain=None, height=230, frame=(),
             training=True, hover=True):  # fmt: skip
    """rows as in COLUMNS, series TRAINING or VALIDATION; runs: (name, color, shape).

    log: y on a logarithmic scale, log_steps: x too. domain: of y. frame: rows (step, value) that the axes have to hold.
    training: whether there are rows of it. hover: whether a line under the pointer reads all curves.
    """
    data = pd.DataFrame(rows, columns=COLUMNS)
    data = pd.concat([data, pd.DataFrame([["", FRAME, *corner] for corner in frame], columns=COLUMNS[:4])])
    if log:
        data[["value", "low", "high"]] = data[["value", "low", "high"]].clip(lower=POWERS[0])
    last = {row[:2]: row for row in rows}  # not by pandas: this is drawn twice a second
    ends = "; ".join(f"{model}, {series}: {value:.4g} at step {step:.0f}"
                     for model, series, step, value, *_ in last.values())  # fmt: skip
    if hover:
        data = pd.concat([data, _readings(rows, runs, training)])
    data = data.astype({"model": "category", "series": "category"})  # sent as numbers
    spec = _spec(tuple(runs), title, y_title, log, log_steps, domain and tuple(domain), height, training, hover)
    return Figure(spec, data, f"{title}. Now: {ends}" if last else f"{title}. No step yet")


def _readings(rows, runs, training):
    """A row for each step with a mark, with what each curve says there: its last value, as far as it goes."""
    steps = np.unique([row[2] for row in rows if row[1] == VALIDATION])
    columns = {}
    for place, (name, *_) in enumerate(runs):
        for series in (VALIDATION, TRAINING) if training else (VALIDATION,):
            own = np.array([row[2:4] for row in rows if row[:2] == (name, series)]).reshape(-1, 2)
            found = np.searchsorted(own[:, 0], steps, side="right") - 1
            known = (found >= 0) & (steps <= own[-1:, 0].max(initial=0))
            columns[f"{series}{place}"] = np.where(known, own[found, 1] if len(own) else np.nan, np.nan)
    ends = np.concatenate([steps[:1], np.sqrt(steps[:-1] * steps[1:]), steps[-1:]])  # halfway on a logarithmic axis
    return pd.DataFrame({"model": "", "series": HOVER, "step": steps, "left": ends[:-1], "right": ends[1:], **columns})


@lru_cache
def _spec(runs, title, y_title, log, log_steps, domain, height, training, hover):
    color, shape = model_encodings(*zip(*runs, strict=True))
    y_scale = alt.Scale(type="log" if log else "linear", **({"domain": list(domain)} if domain else {}))
    number = ".1%" if y_title == "accuracy" else ".4f"
    base = alt.Chart(ROWS).encode(x=_steps(log_steps, height), color=color)
    y = alt.Y(
        "value:Q",
        title=y_title,
        scale=y_scale,
        axis=alt.Axis(format="%" if domain else "~g", **({"values": POWERS} if log else {"tickCount": 5})),
    )
    thin, thick = (base.transform_filter(alt.datum.series == series) for series in (TRAINING, VALIDATION))
    words = [alt.Tooltip("model:N", title="run"), alt.Tooltip("series:N", title="on")]
    words += [alt.Tooltip("step:Q", format=",.0f"), alt.Tooltip("value:Q", title=y_title, format=number)]
    frame = alt.Chart(ROWS).transform_filter(alt.datum.series == FRAME).mark_point(opacity=0, tooltip=None)
    frame = frame.encode(x=_steps(log_steps, height), y=y)
    both = alt.FieldOneOfPredicate("series", [TRAINING, VALIDATION])
    band = base.transform_filter(both).mark_area(opacity=0.16, clip=True)
    band = band.encode(y=alt.Y("low:Q", scale=y_scale), y2=alt.Y2("high:Q"), detail=alt.Detail("series:N"))
    marks = thick.mark_point(filled=True, size=22, opacity=1, clip=True).encode(y=y, shape=shape, tooltip=words)
    layers = [
        frame.add_params(alt.selection_interval(bind="scales", encodings=["x"], name="zoom", **DRAG))
        if hover
        else frame,
        *([band, thin.mark_line(strokeWidth=1.2, opacity=0.6, clip=True).encode(y=y)] if training else []),
        thick.mark_line(strokeWidth=2.2, clip=True).encode(y=y),
        marks,
        *(_rule(runs, training, number, log_steps, height) if hover else []),
    ]
    chart = alt.layer(*layers, data=ROWS, title=title).properties(height=height)
    return to_spec(chart)


def _steps(log_steps, height, column="step"):
    # labelFlush: how large a chart is is decided before there are steps, without half a label on the right
    axis = alt.Axis(
        grid=False,
        tickCount=max(2, height // 36),
        labelFlush=True,
        labelFlushOffset=-4,
        labelOverlap=True,
        labelExpr="format(datum.value, '~s')",
        **({} if log_steps else {"tickMinStep": 1}),
    )
    scale = alt.Scale(type="log" if log_steps else "linear", nice=False)
    return alt.X(f"{column}:Q", title="step", axis=axis, scale=scale)


def _rule(runs, training, number, log_steps, height):
    """A line at the step next to the pointer, with all that the curves say there."""
    near = alt.selection_point(name="near", fields=["step"], on="pointermove", clear="pointerout", empty=False)
    words = [alt.Tooltip("step:Q", format=",.0f")]
    for series in (VALIDATION, TRAINING) if training else (VALIDATION,):
        words += [alt.Tooltip(f"{series}{place}:Q", title=f"{run[0]}, {series}", format=number)
                  for place, run in enumerate(runs)]  # fmt: skip
    base = alt.Chart(ROWS).transform_filter(alt.datum.series == HOVER)
    rule = base.transform_filter(near).mark_rule(color=NEUTRAL, strokeWidth=1, opacity=0.8, clip=True)
    # a cell for each, not `nearest`, for which Vega-Lite draws as many outlines as there are steps, on top of the marks
    left = _steps(log_steps, height, "left")
    cells = base.mark_rect(opacity=0, clip=True).encode(x=left, x2=alt.X2("right:Q"), tooltip=words).add_params(near)
    return [rule.encode(x=_steps(log_steps, height)), cells]
