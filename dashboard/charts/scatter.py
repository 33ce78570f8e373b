"""Focus of each head against what its loss costs, all models in one picture."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import model_encodings

# Pixels of the smallest chart there is, on a phone; in a larger one points lie further apart, and names do not meet.
NARROWEST, LOWEST = 270, 230
MARK, NAME, HEIGHT = 8, 19, 13  # half of a mark, how wide a name is, and how high


def effects(rows, models, effect):
    """rows: (model, head, layer, entropy, effect); models: (name, color, shape); `effect` names the axis."""
    data = pd.DataFrame(rows, columns=["model", "head", "layer", "entropy", "effect"])
    data["layer"] = "layer " + data["layer"].astype(str)
    data["name"] = data["head"].str.removeprefix("head ")
    data["side"] = _sides(data["entropy"] * NARROWEST, data["effect"] / (data["effect"].abs().max() or 1) * LOWEST)
    strongest = data.loc[data["effect"].idxmax()]
    description = (
        f"{len(data)} heads: normalized entropy against {effect}. "
        f"The largest effect has {strongest['model']} {strongest['head']}, {strongest['effect']:.3f}"
    )
    return Figure(_spec(tuple(models), effect), data, description)


def _sides(x, y):
    """On which side of each point its name has room, "" where on neither; x, y in pixels. The highest choose first."""
    marks = [(at - MARK, at + MARK, up) for at, up in zip(x, y, strict=True)]
    names, sides = [], [""] * len(marks)
    for one in sorted(range(len(marks)), key=lambda i: -y.iloc[i]):
        others = [*marks[:one], *marks[one + 1 :], *names]
        left, right, up = marks[one]
        for side, name in (("right", (right, right + NAME, up)), ("left", (left - NAME, left, up))):
            apart = (name[1] <= a or b <= name[0] or abs(up - h) >= HEIGHT for a, b, h in others)
            if name[0] >= 0 and name[1] <= NARROWEST and all(apart):
                names.append(name)
                sides[one] = side
                break
    return sides


@lru_cache
def _spec(models, effect):
    color, shape = model_encodings(*zip(*models, strict=True))
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "entropy:Q",
            title="normalized entropy: one token … all alike",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(tickCount=5, labelFlush=True),
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
    names = [
        base.transform_filter(f"datum.side === '{side}'")
        .mark_text(dx=dx, align=align, fontSize=11)
        .encode(text=alt.Text("name:N"))
        for side, dx, align in (("right", MARK, "left"), ("left", -MARK, "right"))
    ]
    return to_spec(alt.layer(points, *names, data=ROWS).properties(height=360))
