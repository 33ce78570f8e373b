"""Focus of each head against what its loss costs, all models in one picture."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import model_encodings


def effects(rows, models, effect):
    """rows: (model, head, layer, entropy, effect); models: (name, color, shape); `effect` names the axis."""
    data = pd.DataFrame(rows, columns=["model", "head", "layer", "entropy", "effect"])
    data["layer"] = "layer " + data["layer"].astype(str)
    data["named"] = data["effect"] >= 0.1 * data["effect"].max()  # near 0 the names would lie on each other
    strongest = data.loc[data["effect"].idxmax()]
    description = (
        f"{len(data)} heads: normalized entropy against {effect}. "
        f"The largest effect has {strongest['model']} {strongest['head']}, {strongest['effect']:.3f}"
    )
    return Figure(_spec(tuple(models), effect), data, description)


@lru_cache
def _spec(models, effect):
    color, shape = model_encodings(*zip(*models, strict=True))
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "entropy:Q",
            title="normalized entropy: one token … all alike",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(tickCount=5),
        ),
        y=alt.Y("effect:Q", title=effect, axis=alt.Axis(grid=True, tickCount=6)),
        color=color,
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("head:N"),
            alt.Tooltip("entropy:Q", format=".3f"),
            alt.Tooltip("effect:Q", title=effect, format=".4f"),
        ],
    )
    hollow = alt.condition("datum.layer === 'layer 1'", alt.value(0.15), alt.value(0.9))
    points = base.mark_point(size=130, filled=True, strokeWidth=2).encode(shape=shape, fillOpacity=hollow, stroke=color)
    names = base.transform_filter("datum.named").mark_text(dx=9, align="left", fontSize=11).encode(text="head:N")
    return to_spec(alt.layer(points, names, data=ROWS).properties(height=360))
