"""Differences of heads around 0, by layer, a line for each model; over the untrained heads and the levels they set."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

UNTRAINED, LINE = "untrained", 15  # pixels of a line
LEAST = 0.1


def differences(marks, untrained, levels, models):
    """marks: (model, layer, head, difference), from 0; untrained (L, n); levels (L,); models: (name, color, shape)."""
    rows = [
        (name, f"layer {layer + 1}", f"head {layer + 1}.{head + 1}", value, "model")
        for name, layer, head, value in marks
    ]
    for layer, (some, level) in enumerate(zip(untrained, levels, strict=True)):
        rows += [(UNTRAINED, f"layer {layer + 1}", "an untrained head", value, "null") for value in some]
        strokes = {sign * reach for sign in (1, -1) for reach in (LEAST, level)}
        rows += [(UNTRAINED, f"layer {layer + 1}", "level", value, "level") for value in sorted(strokes)]
    data = pd.DataFrame(rows, columns=["model", "layer", "head", "difference", "kind"])
    far = data[data["kind"] == "model"]
    description = "Entropy for operations that ask for a size minus those that ask for a place: " + "; ".join(
        f"{model} {layer} {group.min():+.2f} to {group.max():+.2f}"
        for (model, layer), group in far.groupby(["model", "layer"], sort=False)["difference"]
    )
    return Figure(_spec(tuple(models), data["layer"].nunique()), data, description)


@lru_cache
def _spec(models, num_layers):
    names = [name for name, _, _ in models]
    color, shape = model_encodings(*zip(*models, strict=True))
    height = LINE * (len(names) + 2)
    base = alt.Chart(ROWS).encode(
        x=alt.X("difference:Q", title="more narrowly where a size is asked for … more evenly"),
        y=alt.Y("layer:N", title=None, axis=alt.Axis(grid=True)),
        tooltip=[alt.Tooltip("model:N"), alt.Tooltip("head:N"), alt.Tooltip("difference:Q", format="+.3f")],
    )
    offset = alt.YOffset("model:N", sort=[*names, UNTRAINED], scale=alt.Scale(domain=[*names, UNTRAINED]))
    null = base.transform_filter("datum.kind === 'null'").mark_tick(color=NEUTRAL, size=LINE - 4, opacity=0.6)
    strokes = base.transform_filter("datum.kind === 'level'").mark_tick(
        color=NEUTRAL, size=height - 8, thickness=1.5, orient="vertical"
    )
    points = base.transform_filter("datum.kind === 'model'").mark_point(size=80, filled=True, opacity=0.9)
    layers = [strokes, null.encode(yOffset=offset), points.encode(yOffset=offset, color=color, shape=shape)]
    return to_spec(alt.layer(*layers, data=ROWS).properties(height=height * num_layers))
