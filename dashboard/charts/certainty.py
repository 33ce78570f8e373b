"""How sure a model was of an answer, and whether rightly: one number from -1 to 1, and the scale of its colors."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec

MOST_NINES = 6  # a confidence of 99.9999 % and more has the strongest color
# From orange to blue through gray: the default, a way around the color wheel, would be green in the middle.
SCALE = alt.Scale(domain=[-1, 1], domainMid=0, interpolate="rgb")


def certainty(confidence, correct):
    """confidence (N,) in [0, 1], correct (N,) bool → (N,) in [-1, 1]: the nines of the confidence, 90 % one, 99 % two,
    up to six of six; negative where the answer is wrong."""
    nines = np.minimum(-np.log10(np.maximum(1 - np.asarray(confidence, float), 10.0**-MOST_NINES)), MOST_NINES)
    return np.where(correct, nines, -nines) / MOST_NINES


def scale():
    """What the colors of `one_model` mean."""
    steps = np.linspace(-1, 1, 61)[:-1]
    data = pd.DataFrame({"certainty": steps + 1 / 60, "low": steps, "high": steps + 0.05})
    return Figure(_scale_spec(), data, "The color scale: from surely wrong over unsure to surely right")


@lru_cache
def _scale_spec():
    words = ["surely wrong", "99.9%", "unsure", "99.9%", "surely right"]
    axis = alt.Axis(values=[-1, -0.5, 0, 0.5, 1], grid=False, labelExpr=f"{words}[round(2 * datum.value + 2)]")
    chart = (
        alt.Chart(ROWS)
        .mark_rect(clip=True)
        .encode(
            x=alt.X("low:Q", title="how sure of its answer", scale=alt.Scale(domain=[-1, 1]), axis=axis),
            x2=alt.X2("high:Q"),
            color=alt.Color("certainty:Q", scale=SCALE, legend=None),
            tooltip=[alt.Tooltip("certainty:Q", format=".2f")],
        )
        .properties(width=330, height=12)
    )
    return to_spec(chart, axis={"labelFontSize": 11})
