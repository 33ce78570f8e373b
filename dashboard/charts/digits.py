"""The ten digits as a model embeds them: how alike they are, and where they lie on two principal axes."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL

WRITTEN = 19  # pixels from the middle of one digit to that of the next


def similarity(cosines, size=230):
    """cosines (10, 10) in [-1, 1], always on the same scale."""
    cosines = np.asarray(cosines)
    one, other = (index.ravel() for index in np.indices(cosines.shape))
    data = pd.DataFrame({"one": one, "other": other, "cosine": cosines.ravel()})
    beside = np.mean([cosines[i, i + 1] for i in range(len(cosines) - 1)])
    apart = cosines[np.triu_indices(len(cosines), 2)].mean()
    description = f"Cosine similarity of the digits: neighbours {beside:.2f} on average, all others {apart:.2f}"
    return Figure(_similarity_spec(size), data, description)


@lru_cache
def _similarity_spec(size):
    scale = alt.Scale(domain=[-1, 1], domainMid=0, interpolate="rgb")  # by default green would lie in the middle
    legend = alt.Legend(
        title=None, orient="bottom", direction="horizontal", gradientLength=size - 30, gradientThickness=8,
        values=[-1, 0, 1], format="d",
    )  # fmt: skip
    chart = (
        alt.Chart(ROWS, title="How alike are the digits?")
        .mark_rect()
        .encode(
            x=alt.X("one:O", title="digit", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("other:O", title="digit"),
            color=alt.Color("cosine:Q", scale=scale, legend=legend),
            tooltip=[
                alt.Tooltip("one:O", title="digit"),
                alt.Tooltip("other:O", title="and"),
                alt.Tooltip("cosine:Q", title="cosine similarity", format=".3f"),
            ],
        )
        .properties(width=size, height=size)
    )
    return to_spec(chart)


def plane(coordinates, shares, color, size=230):
    """coordinates (10, 2), shares (2,) of the variance; a line leads from 0 to 9."""
    reach = float(np.ceil(np.abs(coordinates).max() * 1.15 * 10) / 10) or 1.0
    written = _apart(coordinates, 2 * reach * WRITTEN / size)
    data = pd.DataFrame({
        "digit": range(len(coordinates)), "x": coordinates[:, 0], "y": coordinates[:, 1],
        "at_x": written[:, 0], "at_y": written[:, 1],
    })  # fmt: skip
    description = (
        f"The digits on two principal axes with {shares[0]:.0%} and {shares[1]:.0%} of the variance: "
        + ", ".join(f"{row.digit} at ({row.x:.2f}, {row.y:.2f})" for row in data.itertuples())
    )
    titles = tuple(f"axis {i + 1}, {share:.0%} of the variance" for i, share in enumerate(shares))
    return Figure(_plane_spec(color, titles, reach, size), data, description)


def _apart(points, room):
    """Where to write at points (N, 2), moved until each has `room` around it: the nearest push each other away."""
    written = np.array(points, float)
    written[:, 1] += room / 2  # above its point
    for _ in range(100):
        between = written[:, None] - written
        distance = np.hypot(*np.moveaxis(between, -1, 0)) + np.eye(len(points)) * 1e9
        push = np.maximum(room - distance, 0) / 2 / np.maximum(distance, 1e-9)
        if not push.any():
            break
        written += (push[..., None] * between).sum(axis=1)
    return written


@lru_cache
def _plane_spec(color, titles, reach, size):
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(tickCount=3)
    tooltip = [alt.Tooltip("digit:O"), alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")]
    base = alt.Chart(ROWS).encode(
        x=alt.X("x:Q", title=titles[0], scale=scale, axis=axis), y=alt.Y("y:Q", title=titles[1], scale=scale, axis=axis)
    )
    chart = alt.layer(
        base.mark_line(color=NEUTRAL, opacity=0.6, strokeWidth=1).encode(order=alt.Order("digit:Q")),
        base.mark_point(size=12, filled=True, color=color).encode(tooltip=tooltip),
        base.mark_text(fontSize=15, fontWeight=600, color=color).encode(
            x=alt.X("at_x:Q", scale=scale), y=alt.Y("at_y:Q", scale=scale), text=alt.Text("digit:O"), tooltip=tooltip
        ),
        data=ROWS,
        title="Where the digits lie",
    ).properties(width=size, height=size)
    return to_spec(chart)
