"""How often each of some models answers differently from each other one."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, ink_color

CELL = 54


def disagreement(counts, names):
    """counts (M, M) of expressions answered differently; the diagonal, always 0, is left empty."""
    counts = np.asarray(counts)
    one, other = (index.ravel() for index in np.indices(counts.shape))
    data = pd.DataFrame({"one": np.array(names)[one], "other": np.array(names)[other], "count": counts.ravel()})
    data = data[one != other].reset_index(drop=True)
    data["ink"] = 1
    pairs = [f"{a} and {b} {counts[i, j]}" for i, a in enumerate(names) for j, b in enumerate(names) if i < j]
    return Figure(_spec(tuple(names)), data, "Expressions answered differently: " + ", ".join(pairs))


@lru_cache
def _spec(names):
    place = {"scale": alt.Scale(domain=list(names)), "title": None}
    base = alt.Chart(ROWS).encode(
        x=alt.X("one:N", axis=alt.Axis(labelAngle=-35, orient="bottom"), **place),
        y=alt.Y("other:N", **place),
        tooltip=[alt.Tooltip("one:N"), alt.Tooltip("other:N"), alt.Tooltip("count:Q", title="answered differently")],
    )
    chart = alt.layer(
        base.mark_rect(opacity=0.16, color=NEUTRAL),
        base.mark_text(fontSize=15, fontWeight=600).encode(text=alt.Text("count:Q"), color=ink_color()),
        data=ROWS,
        title="Expressions answered differently",
    ).properties(width=CELL * len(names), height=CELL * len(names) * 0.75)
    return to_spec(chart)
