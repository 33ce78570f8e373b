"""The ten digits as a model embeds them: how alike they are, and where they lie on two principal axes."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL


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
    data = pd.DataFrame({"digit": range(len(coordinates)), "x": coordinates[:, 0], "y": coordinates[:, 1]})
    description = (
        f"The digits on two principal axes with {shares[0]:.0%} and {shares[1]:.0%} of the variance: "
        + ", ".join(f"{row.digit} at ({row.x:.2f}, {row.y:.2f})" for row in data.itertuples())
    )
    reach = float(np.ceil(np.abs(coordinates).max() * 1.15 * 10) / 10) or 1.0
    titles = tuple(f"axis {i + 1}, {share:.0%} of the variance" for i, share in enumerate(shares))
    return Figure(_plane_spec(color, titles, reach, size), data, description)


@lru_cache
def _plane_spec(color, titles, reach, size):
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(tickCount=3)
    tooltip = [alt.Tooltip("digit:O"), alt.Tooltip("x:Q", format=".3f"), alt.Tooltip("y:Q", format=".3f")]
    base = alt.Chart(ROWS).encode(
        x=alt.X("x:Q", title=titles[0], scale=scale, axis=axis), y=alt.Y("y:Q", title=titles[1], scale=scale, axis=axis)
    )
    chart = alt.layer(
        base.mark_line(color=NEUTRAL, opacity=0.6, strokeWidth=1).encode(order="digit:Q"),
        base.mark_text(fontSize=15, fontWeight=600, color=color).encode(text="digit:O", tooltip=tooltip),
        data=ROWS,
        title="Where the digits lie",
    ).properties(width=size, height=size)
    return to_spec(chart)
