"""Small line and bar charts for the benches: a few series over one axis, each line named at its dash and color."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import DASHES
from dashboard.palette import PALETTE

POWERS = "format(datum.value, datum.value < 0.001 || datum.value > 1000 ? '.0e' : '~g')"  # labels of a log axis


def together(series, x=None, first=0):
    """{name: values} → the frame of `lines`: each over x, or over `first` and what follows where none is given."""
    frame = {"x": [], "y": [], "series": []}
    for name, values in series.items():
        frame["x"] += list(range(first, first + len(values)) if x is None else x)
        frame["y"] += list(values)
        frame["series"] += [name] * len(values)
    return frame


def lines(frame, title, x_title, y_title, log=False, domain=None, height=230, points=False, here=None):
    """frame: columns x, y, series. domain: of y; a line ends where it leaves it. here: (x, y), a dot on a line."""
    data = pd.DataFrame(frame)
    series = tuple(dict.fromkeys(data["series"]))
    ends = "; ".join(f"{name} ends at {part['y'].iloc[-1]:.4g}" for name, part in data.groupby("series", sort=False))
    if domain:
        data["y"] = data["y"].where(data["y"].between(*domain))
    if here is not None:
        data["here"] = False
        data.loc[len(data)] = {"x": here[0], "y": here[1], "series": series[0], "here": True}
    spec = _lines(series, title, x_title, y_title, log, domain and tuple(domain), height, points, here is not None)
    return Figure(spec, data, f"{title}. {ends}")


def bars(labels, values, title, y_title, domain=None, height=200, color=PALETTE[0], every_label=False):
    """One bar for each label, in the order given. every_label: turned, so that none is left out where it is narrow."""
    data = pd.DataFrame({"label": [str(label) for label in labels], "value": values})
    best = data.loc[data["value"].abs().idxmax()]
    description = f"{title}: the largest is {best['label']} with {best['value']:.3g}"
    return Figure(_bars(title, y_title, domain and tuple(domain), height, color, every_label), data, description)


@lru_cache
def _lines(series, title, x_title, y_title, log, domain, height, points, here):
    scale = alt.Scale(type="log" if log else "linear", **({"domain": domain} if domain else {}))
    legend = alt.Legend(orient="top", title=None, columns=2, labelLimit=260, symbolType="stroke", symbolStrokeWidth=2.5)
    names = list(series)
    labels = {"labelExpr": POWERS} if log else {}
    chart = (
        alt.Chart(ROWS)
        .mark_line(strokeWidth=2, point={"size": 22} if points else False)
        .encode(
            x=alt.X("x:Q", title=x_title, axis=alt.Axis(grid=False, tickCount=8, tickMinStep=1)),
            y=alt.Y("y:Q", title=y_title, scale=scale, axis=alt.Axis(tickCount=5, **labels)),
            color=alt.Color(
                "series:N",
                scale=alt.Scale(domain=names, range=list(PALETTE[: len(names)])),
                legend=legend if len(names) > 1 else None,
            ),
            strokeDash=alt.StrokeDash(
                "series:N",
                scale=alt.Scale(domain=names, range=list(DASHES[: len(names)])),
                legend=legend if len(names) > 1 else None,
            ),
            tooltip=[
                "series:N",
                alt.Tooltip("x:Q", title=x_title, format=".4~g"),
                alt.Tooltip("y:Q", title=y_title, format=".4~g"),
            ],
        )
    )
    if here:
        dot = chart.mark_point(size=110, filled=True, opacity=1).transform_filter("datum.here")
        chart = alt.layer(chart.transform_filter("!datum.here"), dot, data=ROWS)
    return to_spec(chart.properties(height=height, title=title))


@lru_cache
def _bars(title, y_title, domain, height, color, every_label):
    scale = alt.Scale(domain=domain) if domain else alt.Undefined
    axis = alt.Axis(labelAngle=-60 if every_label else 0, labelOverlap=not every_label)
    chart = (
        alt.Chart(ROWS, title=title)
        .mark_bar(color=color, cornerRadiusEnd=2)
        .encode(
            x=alt.X("label:N", sort=None, title=None, axis=axis),
            y=alt.Y("value:Q", title=y_title, scale=scale, axis=alt.Axis(tickCount=4)),
            tooltip=[alt.Tooltip("label:N", title=""), alt.Tooltip("value:Q", title=y_title, format=".5f")],
        )
        .properties(height=height)
    )
    return to_spec(chart)
