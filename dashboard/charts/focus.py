"""How evenly a head looks, on a scale from one token to all alike, all models on one line per head."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import model_encodings

ROW_HEIGHT = 26


def focus(rows, models, num_tokens=6):
    """rows: (model, head, entropy) with entropy in [0, 1]; models: (name, color, shape).

    `num_tokens` of the expression says which number of tokens an entropy amounts to: on the axis, and at a mark.
    """
    data = pd.DataFrame(rows, columns=["model", "head", "entropy"])
    data["positions"] = num_tokens ** data["entropy"]
    described = data.groupby("model", sort=False)["entropy"]
    description = "Normalized entropy of the heads: " + "; ".join(
        f"{model} {values.min():.2f} to {values.max():.2f}" for model, values in described
    )
    return Figure(_spec(tuple(models), data["head"].nunique(), num_tokens), data, description)


@lru_cache
def _spec(models, num_heads, num_tokens):
    color, shape = model_encodings(*zip(*models, strict=True))
    x = alt.X(
        "entropy:Q",
        title=["normalized entropy: one token … all alike", "effective number of tokens"],
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(
            values=[0, 0.2, 0.4, 0.6, 0.8, 1],
            grid=False,
            # exp(H) = exp(e log T) = T^e
            labelExpr=f"[format(datum.value, '.1f'), format(pow({num_tokens}, datum.value), '.1f')]",
        ),
    )
    points = (
        alt.Chart(ROWS)
        .mark_point(size=95, filled=True, opacity=0.9)
        .encode(
            x=x,
            y=alt.Y("head:N", title=None, sort=None, axis=alt.Axis(grid=True, labelPadding=12)),
            color=color,
            shape=shape,
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("head:N"),
                alt.Tooltip("entropy:Q", title="normalized entropy", format=".3f"),
                alt.Tooltip("positions:Q", title="effective number of tokens", format=".2f"),
            ],
        )
    )
    return to_spec(alt.layer(points, data=ROWS).properties(height=ROW_HEIGHT * num_heads))
