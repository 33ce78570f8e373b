"""Lines over the steps or epochs of a training, one color and one dash pattern per model or run."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.palette import PALETTE

DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1])


def curves(frame, models, y_title, title, x_title="step", domain=None, height=240, log=False):
    """frame: columns model, x, y and perhaps `series` (one line each, as "training" and "validation").

    models: (name, color, shape). domain: of y, as (0, 1) for a proportion. log: y on a logarithmic scale.
    """
    data = pd.DataFrame(frame)
    if "series" not in data:
        data = data.assign(series=y_title)
    last = data.groupby(["model", "series"], sort=False).last() if len(data) else data
    description = f"{title}. At the end: " + "; ".join(
        f"{model}, {series}: {row.y:.4g}" for (model, series), row in last.iterrows()
    )
    series = tuple(dict.fromkeys(data["series"]))
    return Figure(
        _spec(tuple(models), series, y_title, title, x_title, domain and tuple(domain), height, log), data, description
    )


@lru_cache
def _spec(models, series, y_title, title, x_title, domain, height, log):
    names, colors = ([model[i] for model in models] for i in (0, 1))
    y_scale = alt.Scale(type="log" if log else "linear", **({"domain": domain} if domain else {}))
    dash = (
        alt.StrokeDash(
            "series:N",
            scale=alt.Scale(domain=list(series), range=DASHES[: len(series)]),
            legend=alt.Legend(orient="top", title=None) if len(series) > 1 else None,
        )
        if series
        else alt.Undefined
    )
    chart = (
        alt.Chart(ROWS, title=title)
        .mark_line(strokeWidth=1.8, point=False, interpolate="linear")
        .encode(
            x=alt.X("x:Q", title=x_title, axis=alt.Axis(grid=False, tickMinStep=1)),
            y=alt.Y("y:Q", title=y_title, scale=y_scale, axis=alt.Axis(tickCount=5)),
            color=alt.Color("model:N", scale=alt.Scale(domain=names, range=colors or list(PALETTE)), legend=None),
            strokeDash=dash,
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("series:N"),
                alt.Tooltip("x:Q", title=x_title),
                alt.Tooltip("y:Q", title=y_title, format=".4f"),
            ],
        )
        .properties(height=height)
    )
    return to_spec(chart)
