"""A confusion matrix: rows the right digit, columns the answer. A click on a cell selects its `truth` and `answer`."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, readable_on

CLICK = "cell"  # name of the selection
LOUD = 0.36  # share of a row from which a cell is more the model's color than the page's


def confusion(counts, color, cell=24):
    """counts (10, 10) or (10, 11), the last column being answers that are no digit; color is the model's."""
    counts = np.asarray(counts)
    if counts.shape[1] == 11 and not counts[:, 10].any():
        counts = counts[:, :10]  # the usual case: every answer is a digit
    answers = [*map(str, range(10)), "other"][: counts.shape[1]]
    truth, answer = (index.ravel() for index in np.indices(counts.shape))
    of_row = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    data = pd.DataFrame({
        "truth": truth,
        "answer": np.array(answers)[answer],
        "count": counts.ravel(),
        "share": (counts / of_row).ravel(),
    })  # fmt: skip
    data["quiet"] = (data["share"] < LOUD).astype(int)
    wrong = int(counts.sum() - np.trace(counts[:, :10]))
    description = f"Confusion matrix of {int(counts.sum())} answers, {wrong} of them off the diagonal, hence wrong"
    return Figure(_spec(len(answers), color, cell), data, description)


@lru_cache
def _spec(num_answers, color, cell):
    base = alt.Chart(ROWS).encode(
        x=alt.X("answer:N", title="answered", sort=None, axis=alt.Axis(labelAngle=0, orient="top")),
        y=alt.Y("truth:O", title="right answer"),
        tooltip=[
            alt.Tooltip("truth:O", title="right answer"),
            alt.Tooltip("answer:N", title="answered"),
            alt.Tooltip("count:Q", title="times"),
            alt.Tooltip("share:Q", title="share of this row", format=".1%"),
        ],
    )
    click = alt.selection_point(name=CLICK, fields=["truth", "answer"], empty=False)
    cells = (
        base.mark_rect(color=color, cursor="pointer", stroke=NEUTRAL)
        .encode(
            # Square roots: one mistake in fifty is a cell one can see.
            opacity=alt.Opacity("share:Q", scale=alt.Scale(type="sqrt", domain=[0, 1], range=[0.05, 1]), legend=None),
            strokeWidth=alt.condition(click, alt.value(3), alt.value(0)),
        )
        .add_params(click)
    )
    counted = base.transform_filter(alt.datum.count > 0).encode(text=alt.Text("count:Q"))
    size = max(9, cell * 0.42)
    # On a quiet cell the loudest end of the scale of weights, which is dark on a light page and light on a dark one.
    ink = alt.Color("quiet:Q", scale=alt.Scale(domain=[0, 1], range="ramp"), legend=None)
    numbers = [
        counted.transform_filter(alt.datum.quiet == 0).mark_text(
            fontSize=size, tooltip=False, color=readable_on(color)
        ),
        counted.transform_filter(alt.datum.quiet == 1).mark_text(fontSize=size, tooltip=False).encode(color=ink),
    ]
    chart = alt.layer(cells, *numbers, data=ROWS, title="Right answer against given answer").properties(
        width=cell * num_answers, height=cell * 10
    )
    return to_spec(chart)
