"""Is a model right as often as it says? A reliability diagram, and how sure it is, counted in nines. One model each."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, readable_on

COLUMNS = ["start", "end", "count", "confidence", "accuracy", "low", "high"]
ROOM = 220  # pixels of a diagram in which ten counts can be told apart
TOOLTIP = [
    alt.Tooltip("start:Q", title="confidence above", format=".0%"),
    alt.Tooltip("end:Q", title="up to", format=".0%"),
    alt.Tooltip("count:Q", title="answers", format=","),
    alt.Tooltip("confidence:Q", title="how sure, on average", format=".3%"),
    alt.Tooltip("accuracy:Q", title="how often right", format=".3%"),
]
INTERVAL = [
    alt.Tooltip("low:Q", title="95% interval from", format=".3%"),
    alt.Tooltip("high:Q", title="to", format=".3%"),
]
INK = alt.Scale(domain=[0, 1], range="ramp")  # at 1 the scale's loudest end: dark on light pages, light on dark ones


def reliability(rows, color, shape, size=300, census=False):
    """rows as in COLUMNS, one for each bin with answers in it; color and shape are the model's.

    census: everything was counted, and low and high are the accuracy itself.
    """
    data = pd.DataFrame(rows, columns=COLUMNS)
    data["ink"] = 1
    description = "Reliability: " + "; ".join(
        f"{row.confidence:.1%} sure and {row.accuracy:.1%} right in {row.count:,} answers"
        for row in data.itertuples(name="Bin")
    )
    counted = size >= ROOM or len(data) <= 4
    return Figure(_reliability_spec(color, shape, size, counted, census), data, description)


@lru_cache
def _reliability_spec(color, shape, size, counted, census):
    scale = alt.Scale(domain=[0, 1])
    marked = {"format": "%", "values": [0, 0.5, 1] if size < ROOM else [0, 0.2, 0.4, 0.6, 0.8, 1]}
    base = alt.Chart(ROWS).encode(
        x=alt.X("confidence:Q", title="how sure, on average", scale=scale, axis=alt.Axis(**marked, labelFlush=True)),
        tooltip=TOOLTIP if census else [*TOOLTIP, *INTERVAL],
    )
    once = alt.Chart(ROWS).transform_aggregate(rows="count()").transform_calculate(zero="0", one="1")
    diagonal = once.mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(
        x=alt.X("zero:Q", scale=scale), x2=alt.X2("one:Q"), y=alt.Y("zero:Q", scale=scale), y2=alt.Y2("one:Q")
    )
    right = alt.Y("accuracy:Q", scale=scale)
    layers = [
        diagonal,
        base.mark_rule(strokeWidth=2, color=color).encode(
            y=alt.Y("low:Q", title="how often right", scale=scale, axis=alt.Axis(**marked)), y2=alt.Y2("high:Q")
        ),
        base.mark_point(filled=True, opacity=1, size=80, color=color, shape=shape).encode(y=right),
    ]
    if counted:
        ink = alt.Color("ink:Q", scale=INK, legend=None)
        counts = base.encode(y=right, text=alt.Text("count:Q", format=","), color=ink)
        text = {"align": "right", "baseline": "middle", "dx": -9, "fontSize": 11, "tooltip": None}
        layers += [  # inside the diagram, off the axis
            counts.transform_filter(alt.datum.accuracy >= 0.5).mark_text(dy=7, **text),
            counts.transform_filter(alt.datum.accuracy < 0.5).mark_text(dy=-8, **text),
        ]
    chart = alt.layer(*layers, data=ROWS, title="Sure, and rightly?").properties(width=size, height=size)
    return to_spec(chart)


def sureness(counts, ends, color, size=300):
    """counts [(right, wrong)] of the answers with a confidence up to each of `ends`, from unsure to sure."""
    total = max(1, sum(map(sum, counts)))
    names = [f"≤ {100 * end:g}%" for end in ends[:-1]] + [f"> {100 * ends[-2]:g}%"]
    data = pd.DataFrame(
        [
            (name, verdict, count, count / total, sum(both), sum(both) / total)
            for name, both in zip(names, counts, strict=True)
            for verdict, count in zip(("right", "wrong"), both, strict=True)
        ],
        columns=["band", "verdict", "count", "share", "together", "reach"],
    )
    data["label"] = [f"{all_:,}" for all_ in data["together"]]
    wrong = dict(zip(names, (wrong for _, wrong in counts), strict=True))
    data["label"] += [f" ({wrong[band]:,} wrong)" if wrong[band] else "" for band in data["band"]]
    data["inside"] = data["reach"] > 0.6
    data["ink"] = 1
    description = "How sure: " + "; ".join(
        f"{right + bad} {name}" for name, (right, bad) in zip(names, counts, strict=True)
    )
    return Figure(_sureness_spec(tuple(names), color, size), data, description)


@lru_cache
def _sureness_spec(bands, color, size):
    base = alt.Chart(ROWS).encode(y=alt.Y("band:N", sort=list(bands), title=None))
    x = {"scale": alt.Scale(domain=[0, 1]), "axis": alt.Axis(format="%", values=[0, 0.5, 1])}
    bars = base.mark_bar(color=color, cornerRadiusEnd=2).encode(
        x=alt.X("share:Q", title="share of the answers", **x),
        opacity=alt.Opacity("verdict:N", scale=alt.Scale(domain=["right", "wrong"], range=[1, 0.4]), legend=None),
        order=alt.Order("verdict:N"),
        tooltip=[
            alt.Tooltip("band:N", title="confidence"),
            alt.Tooltip("verdict:N"),
            alt.Tooltip("count:Q", title="answers", format=","),
            alt.Tooltip("share:Q", format=".2%"),
        ],
    )
    numbers = base.transform_filter("datum.verdict == 'right' && datum.together > 0").encode(
        x=alt.X("reach:Q", **x), text=alt.Text("label:N")
    )
    ink = alt.Color("ink:Q", scale=INK, legend=None)
    chart = alt.layer(
        bars,
        numbers.transform_filter("datum.inside").mark_text(
            align="right", dx=-5, color=readable_on(color), tooltip=None
        ),
        numbers.transform_filter("!datum.inside").mark_text(align="left", dx=5, tooltip=None).encode(color=ink),
        data=ROWS,
        title="How many answers are how sure",
    ).properties(width=size, height=24 * len(bands))
    return to_spec(chart)
