"""A circuit as a graph: tokens and positions below, the answer on top. A line holds up to three edges, and is as wide
as what is lost without the one of them that matters most."""

from functools import lru_cache

import altair as alt
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL, model_encodings

ROW = 58  # pixels between the rows of parts


def circuit_graph(edges, num_layers, num_heads, color, *, width=300, title="Circuit"):
    """edges: (sender, component, ports, effect) by name, as "head 1.2"; effect from 0 to 1, of the logit difference."""
    places = _places(num_layers, num_heads)
    used = {name for sender, receiver, *_ in edges for name in (sender, receiver)}
    rows = [
        {"kind": "edge", "x": places[sender][0], "y": places[sender][1], "x2": places[receiver][0],
         "y2": places[receiver][1], "edge": f"{sender} → {receiver}", "as": ports, "lost": round(float(effect), 4),
         "width": 0.6 + 5 * min(abs(effect), 1)}
        for sender, receiver, ports, effect in sorted(edges, key=lambda edge: abs(edge[3]))
    ]  # fmt: skip
    rows += [
        {"kind": "part", "x": x, "y": y, "edge": name, "short": _short(name), "strength": 1 if name in used else 0.35}
        for name, (x, y) in places.items()
    ]
    heavy = ", ".join(f"{row['edge']} {row['lost']:.2f}" for row in rows[: len(edges)][-5:][::-1])
    description = f"{title}: {len(edges)} connections; the strongest: {heavy or 'none'}"
    return Figure(_spec(num_layers, color, width, title), pd.DataFrame(rows), description)


def _places(num_layers, num_heads):
    """{name: (x from 0 to 1, y in rows from below)}: heads beside each other, feed-forward layers to their right."""
    places = {"tokens": (0.3, 0), "positions": (0.7, 0), "answer": (0.5, 2 * num_layers + 1)}
    for layer in range(num_layers):
        for head in range(num_heads):
            places[f"head {layer + 1}.{head + 1}"] = ((head + 0.5) / (num_heads + 0.6), 2 * layer + 1)
        places[f"feed-forward {layer + 1}"] = (0.93, 2 * layer + 2)
    return places


def _short(name):
    """What stands in the picture."""
    return name.removeprefix("head ").replace("feed-forward", "ff")


@lru_cache(maxsize=64)
def _spec(num_layers, color, width, title):
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, 1], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-0.6, 2 * num_layers + 1.6], nice=False))
    lost = alt.Tooltip("lost:Q", title="lost without the one that matters most", format=".1%")
    tooltip = [alt.Tooltip("edge:N"), alt.Tooltip("as:N"), lost]
    lines = alt.Chart(ROWS).transform_filter("datum.kind == 'edge'").mark_rule(color=color, opacity=0.55)
    lines = lines.encode(
        x=x, y=y, x2=alt.X2("x2:Q"), y2=alt.Y2("y2:Q"), size=alt.Size("width:Q", scale=None), tooltip=tooltip
    )
    parts = alt.Chart(ROWS).transform_filter("datum.kind == 'part'").encode(
        x=x, y=y, opacity=alt.Opacity("strength:Q", scale=None), tooltip=[alt.Tooltip("edge:N", title="part")]
    )  # fmt: skip
    plates = parts.mark_point(shape="circle", size=620, filled=True, color=NEUTRAL)
    inside = parts.transform_filter("length(datum.short) < 5").mark_text(fontSize=10, fontWeight=600, color="#FFFFFF")
    outside = [  # words have no room in a circle: they stand below the lowest row and above the highest
        parts.transform_filter(f"length(datum.short) > 4 && {where}").mark_text(fontSize=11, color=NEUTRAL, dy=dy)
        for where, dy in (("datum.y == 0", 22), ("datum.y > 0", -22))
    ]
    names = [layer.encode(text=alt.Text("short:N")) for layer in (inside, *outside)]
    height = ROW * (2 * num_layers + 2)
    chart = alt.layer(lines, plates, *names, data=ROWS).properties(width=width, height=height, title=title)
    return to_spec(chart)


def faithfulness(rows, models):
    """rows: (model, series, edges kept, share of the logit difference); models: (name, color, shape)."""
    data = pd.DataFrame(rows, columns=["model", "series", "kept", "share"])
    half = data[data["share"] >= 0.5].groupby(["model", "series"], sort=False)["kept"].min()
    told = "; ".join(f"{model}, {series}: {kept}" for (model, series), kept in half.items())
    return Figure(_faithfulness(tuple(models)), data, f"Faithfulness by edges kept; half of it needs {told}")


@lru_cache
def _faithfulness(models):
    color, _ = model_encodings(*zip(*models, strict=True))
    chart = alt.Chart(ROWS, title="Faithfulness of what is left").mark_line(strokeWidth=1.8).encode(
        x=alt.X("kept:Q", title="edges that are kept"),
        y=alt.Y("share:Q", title="share of the logit difference"),
        color=color,
        strokeDash=alt.StrokeDash("series:N", sort=None, legend=alt.Legend(orient="top", title=None)),
        tooltip=["model:N", "series:N", "kept:Q", alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    return to_spec(chart.properties(height=240))
