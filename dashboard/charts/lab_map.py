"""A loss of two parameters seen from above, and the paths of optimizers down to its minimum."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import DASHES
from dashboard.palette import PALETTE


def paths(x, y, heights, walks, minimum, title):
    """heights (len(y), len(x)) on the grid x, y; walks {name: points (N, 2)}, cut off where they leave the map."""
    dx, dy = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    rows, columns = (index.ravel() for index in np.indices(heights.shape))
    ground = pd.DataFrame(
        {
            "kind": "ground",
            "x": x[columns] - dx,
            "x2": x[columns] + dx,
            "y": y[rows] - dy,
            "y2": y[rows] + dy,
            "height": heights.ravel(),
        }
    )
    parts = [ground, pd.DataFrame({"kind": ["minimum"], "x": [minimum[0]], "y": [minimum[1]]})]
    for name, points in walks.items():
        inside = (np.abs(points[:, 0] - x.mean()) <= np.ptp(x)) & (np.abs(points[:, 1] - y.mean()) <= np.ptp(y))
        kept = points[: int(np.argmin(inside))] if not inside.all() else points
        parts.append(
            pd.DataFrame(
                {"kind": "path", "series": name, "x": kept[:, 0], "y": kept[:, 1], "step": np.arange(len(kept))}
            )
        )
    ends = "; ".join(f"{name} ends at {p[-1][0]:.2f}, {p[-1][1]:.2f}" for name, p in walks.items())
    box = (float(x[0]), float(x[-1]), float(y[0]), float(y[-1]))
    return Figure(_spec(title, tuple(walks), box), pd.concat(parts), f"{title}. {ends}")


@lru_cache
def _spec(title, names, box):
    x_scale, y_scale = alt.Scale(domain=box[:2], nice=False), alt.Scale(domain=box[2:], nice=False)
    axis = alt.Axis(grid=False, tickCount=5)
    x = alt.X("x:Q", scale=x_scale, title="first parameter", axis=axis)
    y = alt.Y("y:Q", scale=y_scale, title="second parameter", axis=axis)
    base = alt.Chart(ROWS)
    ground = (
        base.transform_filter("datum.kind == 'ground'")
        .mark_rect(clip=True, opacity=0.3)
        .encode(x=x, x2=alt.X2("x2:Q"), y=y, y2=alt.Y2("y2:Q"), color=alt.Color("height:Q", legend=None))
    )
    palette = list(PALETTE)  # the same as in the lines beside it
    series = alt.Stroke(
        "series:N",
        scale=alt.Scale(domain=list(names), range=palette[: len(names)]),
        legend=None,
    )
    walk = base.transform_filter("datum.kind == 'path'")
    order, dash = (
        alt.Order("step:Q"),
        alt.StrokeDash("series:N", scale=alt.Scale(domain=list(names), range=list(DASHES[: len(names)])), legend=None),
    )
    tooltip = ["series:N", "step:Q", alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")]
    line = walk.mark_line(clip=True, strokeWidth=2.2).encode(x=x, y=y, stroke=series, strokeDash=dash, order=order)
    dots = walk.mark_point(clip=True, size=26, strokeWidth=1.5).encode(x=x, y=y, stroke=series, tooltip=tooltip)
    goal = (
        base.transform_filter("datum.kind == 'minimum'")
        .mark_point(shape="cross", size=130, filled=True, color="#E03131")
        .encode(x=x, y=y)
    )
    chart = alt.layer(ground, line, dots, goal, data=ROWS, title=title).properties(width=400, height=270)
    return to_spec(chart)
