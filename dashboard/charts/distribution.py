"""How a figure is distributed over the seeds of a sweep: a dot per seed, stacked where they are equal."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL
from dashboard.looks import of_seeds

DOT = 90  # square pixels
HEIGHT = 204  # pixels: charts side by side stand on the same line
STEP = 12  # pixels from one dot of a stack to the next, fewer where a stack would not fit


def dots(values, seeds, asked, title, axis, percent=False):
    """values of N seeds, None where there is none, as steps to a goal never reached; the seed `asked` stands out."""
    data = pd.DataFrame({"value": values, "seed": seeds}, dtype=object).dropna()
    data = data.astype({"value": float, "seed": int}).sort_values(["value", "seed"], ignore_index=True)
    data["height"] = data.groupby("value").cumcount() + 0.5
    data["who"] = data["seed"].map(lambda seed: f"seed {asked}" if seed == asked else "other seeds")
    tallest = float(data["height"].max()) + 0.5 if len(data) else 1.0
    missing = len(seeds) - len(data)
    description = f"{title}, {len(data)} seeds" + (
        f" from {data['value'].min():.4g} to {data['value'].max():.4g}" if len(data) else ""
    )
    description += f"; {missing} without a value" if missing else ""
    return Figure(_dots_spec(title, axis, percent, tallest, asked), data, description)


@lru_cache
def _dots_spec(title, axis, percent, tallest, asked):
    x = alt.X(
        "value:Q", title=axis, scale=alt.Scale(zero=False, nice=True, padding=14),
        axis=alt.Axis(format=".2%" if percent else ",d", tickCount=5, grid=False, domain=True, tickSize=5, ticks=True),
    )  # fmt: skip
    step = min(STEP, HEIGHT / tallest)
    base = alt.Chart(ROWS).encode(
        x=x,
        y=alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[0, HEIGHT / step])),
        color=alt.Color("who:N", scale=_colors(asked), legend=None),
        shape=alt.Shape("who:N", scale=_shapes(asked), legend=None),
        tooltip=[alt.Tooltip("seed:O"), alt.Tooltip("value:Q", title=axis, format=".2%" if percent else ",d")],
    )
    chart = base.mark_point(filled=True, opacity=0.9, size=DOT * (step / STEP) ** 2).properties(
        title=title, width=380, height=HEIGHT
    )
    return to_spec(chart)


def heads(rows, asked):
    """rows (seed, layer, head, entropy): a mark for each head of each seed, one line per layer."""
    data = pd.DataFrame(rows, columns=["seed", "layer", "head", "entropy"])
    data["place"] = "layer " + data["layer"].astype(str)
    data["who"] = data["seed"].map(lambda seed: f"seed {asked}" if seed == asked else "other seeds")
    means = data.groupby("place")["entropy"].agg(["min", "median", "max"])
    description = "Normalized entropy of all heads: " + "; ".join(
        f"{place} {row['min']:.2f} to {row['max']:.2f}, median {row['median']:.2f}" for place, row in means.iterrows()
    )
    return Figure(_heads_spec(data["place"].nunique(), asked), data, description)


@lru_cache
def _heads_spec(layers, asked):
    base = alt.Chart(ROWS).encode(
        x=alt.X(
            "entropy:Q",
            title="normalized entropy: 0 one token, 1 all alike",
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(tickCount=10),
        ),
        y=alt.Y("place:N", title=None),
        tooltip=[
            alt.Tooltip("seed:O"),
            alt.Tooltip("place:N", title="where"),
            alt.Tooltip("head:O"),
            alt.Tooltip("entropy:Q", format=".3f"),
        ],
    )
    other = alt.datum.who == "other seeds"
    chart = alt.layer(
        base.transform_filter(other).mark_tick(color=NEUTRAL, opacity=0.55, thickness=2, size=26),
        base.transform_filter(alt.datum.who == f"seed {asked}")
        .mark_point(filled=True, opacity=1, size=DOT)
        .encode(
            color=alt.Color("who:N", scale=_colors(asked), legend=None),
            shape=alt.Shape("who:N", scale=_shapes(asked), legend=None),
        ),
        data=ROWS,
        title="How focused the heads are",
    ).properties(height=54 * layers)
    return to_spec(chart)


def _colors(asked):
    return alt.Scale(domain=[f"seed {asked}", "other seeds"], range=[of_seeds([asked])[asked].color, NEUTRAL])


def _shapes(asked):
    own = of_seeds([asked])[asked].shape
    return alt.Scale(domain=[f"seed {asked}", "other seeds"], range=[own, "circle" if own != "circle" else "diamond"])
