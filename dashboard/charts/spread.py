"""The entropy of each head over all expressions: picking operations against comparing ones, mean and middle 80 %."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import LABEL_ONLY, NEUTRAL

KINDS = ("First, Second, Last", "Max, Min")


def spread(rows, color, focused_up_to, distributed_from, width=220):
    """rows: (head, one of KINDS, mean, 10 % quantile, 90 % quantile), heads in order; color is the model's."""
    data = pd.DataFrame(rows, columns=["head", "operations", "mean", "from", "to"])
    order = {name: place for place, name in enumerate(dict.fromkeys(data["head"]))}
    data["place"] = [f"{order[name]:03d}|{name}" for name in data["head"]]
    description = "Mean entropy over all expressions: " + "; ".join(
        f"{head} {kind} {mean:.2f}" for head, kind, mean in data[["head", "operations", "mean"]].itertuples(index=False)
    )
    return Figure(_spec(len(order), color, float(focused_up_to), float(distributed_from), width), data, description)


@lru_cache
def _spec(num_heads, color, focused_up_to, distributed_from, width):
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("place:N", title=None, axis=alt.Axis(labelExpr=LABEL_ONLY, grid=True))
    offset = alt.YOffset("operations:N", sort=list(KINDS))
    told = [
        alt.Tooltip("head:N"),
        alt.Tooltip("operations:N"),
        alt.Tooltip("mean:Q", title="mean entropy", format=".3f"),
        alt.Tooltip("from:Q", title="10 % are below", format=".3f"),
        alt.Tooltip("to:Q", title="90 % are below", format=".3f"),
    ]
    base = alt.Chart(ROWS).encode(y=y, yOffset=offset, tooltip=told)
    ranges = base.mark_rule(color=color, strokeWidth=2, opacity=0.45).encode(
        x=alt.X("from:Q", scale=scale, title="normalized entropy"), x2="to:Q"
    )
    means = base.mark_point(color=color, filled=False, size=70, strokeWidth=2, fillOpacity=1).encode(
        x=alt.X("mean:Q", scale=scale),
        shape=alt.Shape("operations:N", scale=alt.Scale(domain=list(KINDS), range=["circle", "diamond"]),
                        legend=alt.Legend(orient="top", title=None, columns=2 if width > 200 else 1, labelLimit=200)),
    )  # fmt: skip
    borders = [
        alt.Chart(ROWS)
        .transform_aggregate(rows="count()")
        .mark_rule(strokeDash=[3, 3], color=NEUTRAL)
        .encode(x=alt.datum(border))
        for border in (focused_up_to, distributed_from)
    ]
    chart = alt.layer(ranges, means, *borders, data=ROWS).properties(width=width, height=34 * num_heads)
    return to_spec(chart)
