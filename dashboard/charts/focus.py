"""How concentrated a head is, on a scale from focused to distributed, all models on one line per head."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

ROW_HEIGHT = 26


def focus(rows, models, focused_up_to, distributed_from, num_tokens=6):
    """rows: (model, layer, head, entropy, positions, label) with entropy in [0, 1]; models: (name, color, shape).

    `num_tokens` of the expression says which number of tokens an entropy amounts to.
    """
    data = pd.DataFrame(rows, columns=["model", "layer", "head", "entropy", "positions", "label"])
    data["place"] = "Layer " + data["layer"].astype(str) + " · head " + data["head"].astype(str)
    counts = data.groupby("model", sort=False)["label"].value_counts()
    description = "Heads by focus: " + "; ".join(
        f"{model} {count} {label}" for (model, label), count in counts[counts > 0].items()
    )
    borders = float(focused_up_to), float(distributed_from)
    return Figure(_spec(tuple(models), data["place"].nunique(), *borders, num_tokens), data, description)


@lru_cache
def _spec(models, num_heads, focused_up_to, distributed_from, num_tokens):
    color, shape = model_encodings(*zip(*models, strict=True))
    x = alt.X(
        "entropy:Q",
        title=["normalized entropy", "effective number of tokens"],
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
            y=alt.Y("place:N", title=None, sort=None, axis=alt.Axis(grid=True, labelPadding=12)),
            color=color,
            shape=shape,
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("place:N", title="head"),
                alt.Tooltip("entropy:Q", title="normalized entropy", format=".3f"),
                alt.Tooltip("positions:Q", title="effective number of tokens", format=".2f"),
                alt.Tooltip("label:N", title="called"),
            ],
        )
    )
    once = alt.Chart(ROWS).transform_aggregate(rows="count()")  # not once for each row of the data
    middles = (focused_up_to / 2, (focused_up_to + distributed_from) / 2, (distributed_from + 1) / 2)
    layers = [
        once.mark_rule(strokeDash=[3, 3], color=NEUTRAL).encode(x=alt.datum(border))
        for border in (focused_up_to, distributed_from)
    ] + [
        once.mark_text(text=word, color=NEUTRAL, fontSize=12, fontStyle="italic", baseline="bottom").encode(
            x=alt.datum(middle), y=alt.value(-6)
        )
        for word, middle in zip(("focused", "mixed", "distributed"), middles, strict=True)
    ]
    chart = alt.layer(points, *layers, data=ROWS).properties(height=ROW_HEIGHT * num_heads)
    return to_spec(chart)
