"""The truth map of one operation: each of its expressions of three digits, 1,000 of a rule, is a cell. Ten grids by the
first number, rows by the second, columns by the third. A click selects the field `expression`."""

from functools import lru_cache

import altair as alt
import numpy as np

from dashboard.charts.certainty import SCALE, certainty
from dashboard.charts.figure import ROWS, Figure, to_spec
from dashboard.charts.theme import NEUTRAL

CLICK = "cell"  # name of the selection
CELL = 8  # pixels
COLUMNS, ACROSS, DOWN = 5, 11, 13.4  # grids in a row; cells from one grid to the next
WIDE, TALL = COLUMNS * ACROSS + 0.4, 2 * DOWN + 0.4  # cells
HELD_OUT_SIZE, TRAINED_SIZE = 0.94, 0.5  # of a cell
STATES = ("both right", "only {0} right", "only {1} right", "both wrong")


def one_model(cells, name, chosen=None):
    """cells: a frame of one operation with expression, operation, numbers a, b, c, side, seen, right, answer,
    confidence, correct."""
    data = _placed(cells, chosen)
    data["certainty"] = certainty(data["confidence"], data["correct"])
    wrong = data["expression"][~data["correct"]]
    operation = data["operation"][0]
    description = f"{operation}: {name} has {len(wrong)} of {len(data):,} wrong" + ", ".join(["", *wrong[:20]])
    return Figure(_spec(None), data, description)


def two_models(cells, first, second, chosen=None):
    """Where two models differ: (name, color, shape) each; cells also has other_answer, other_confidence, …"""
    data = _placed(cells, chosen)
    states = states_of(first[0], second[0])
    one, other = data["correct"].to_numpy(), data["other_correct"].to_numpy()
    data["state"] = np.select(
        [one & other, one, other], range(3), 3
    )  # a place in STATES: names are no part of formulas
    counts = data["state"].value_counts()
    operation = data["operation"][0]
    description = f"{operation}: " + ", ".join(
        f"{counts.get(place, 0):,} {state}" for place, state in enumerate(states)
    )
    return Figure(_spec((first, second)), data, description)


def states_of(first, second):
    """The four things that can be true of one expression and two models, in words."""
    return [state.format(first, second) for state in STATES]


def _placed(cells, chosen):
    """The cells with their places: here, since a browser is slow at what a chart calculates."""
    x = (cells["a"] % COLUMNS) * ACROSS + cells["c"]
    y = (cells["a"] // COLUMNS) * DOWN + cells["b"]
    size = np.where(cells["side"] == "train", TRAINED_SIZE, HELD_OUT_SIZE)
    return cells.assign(
        x=x,
        y=y,
        size=size,
        left=x + (1 - size) / 2,
        right_edge=x + (1 + size) / 2,
        top=y + (1 - size) / 2,
        bottom=y + (1 + size) / 2,
        middle=x + 0.5,
        center=y + 0.5,
        grid=cells["operation"] + " ( " + cells["a"].astype(str) + " b c )",
        corner_x=x - cells["c"],
        corner_y=y - cells["b"],
        foot=y - cells["b"] + 10,
        begins_grid=~cells.duplicated("a"),  # the table of somebody need not have all cells
        begins_row=~cells.duplicated(["a", "b"]) & (cells["a"] % COLUMNS == 0),
        begins_column=~cells.duplicated(["a", "c"]),
        next_x=x + 1,
        next_y=y + 1,
        chosen=cells["expression"] == str(chosen),
    ).reset_index(drop=True)


@lru_cache
def _spec(models):
    across = {"scale": alt.Scale(domain=[-1.3, WIDE - 1.3], nice=False, zero=False), "axis": None}
    down = {"scale": alt.Scale(domain=[TALL - 1.8, -1.8], nice=False, zero=False), "axis": None}
    base = alt.Chart(ROWS)
    whole = {"x": alt.X("x:Q", **across), "x2": "next_x:Q", "y": alt.Y("y:Q", **down), "y2": "next_y:Q"}
    square = {"x": alt.X("left:Q", **across), "x2": "right_edge:Q", "y": alt.Y("top:Q", **down), "y2": "bottom:Q"}
    middle = {"x": alt.X("middle:Q", **across), "y": alt.Y("center:Q", **down)}
    frame = base.transform_filter("datum.chosen").encode(**whole)
    click = alt.selection_point(name=CLICK, fields=["expression"], empty=False)
    layers = [
        # The whole of a cell can be clicked, however small its square is: a stroke that nobody sees fills it.
        # `aria`: a thousand labels would say what the description of the chart says in one.
        base.mark_rect(cursor="pointer", aria=False, stroke="transparent", strokeWidth=CELL * (1 - TRAINED_SIZE))
        .encode(**square, **_color(models), tooltip=_tooltip(models))
        .add_params(click),
        *_marks(base, middle, models),
        frame.mark_rect(fillOpacity=0, stroke="white", strokeWidth=4),
        frame.mark_rect(fillOpacity=0, stroke="black", strokeWidth=2),
        *_labels(base, across, down),
    ]
    chart = alt.layer(*layers, data=ROWS)
    return to_spec(chart.properties(width=WIDE * CELL, height=TALL * CELL))


def _marks(base, middle, models):
    """Never by color alone: a cross where the one model is wrong, the shape of the only one of two that is right."""
    if models is None:
        wrong = base.transform_filter("!datum.correct").encode(**middle)
        return [
            wrong.mark_point(shape="cross", angle=45, size=46, fill=color, stroke=color, strokeWidth=width)
            for color, width in (("white", 2.5), ("black", 0.2))  # the dark cross has a light halo
        ]
    return [
        base.transform_filter(alt.datum.state == state)
        .mark_point(shape=shape, size=40, fill="white", stroke="black", strokeWidth=0.8)
        .encode(**middle)
        for state, shape in zip((1, 2, 3), (models[0][2], models[1][2], "cross"), strict=True)
    ]


def _labels(base, across, down):
    """The first number above each grid, the second and the third at the edges."""
    x, y = alt.X("corner_x:Q", **across), alt.Y("corner_y:Q", **down)
    first, left, below = (base.transform_filter(f"datum.begins_{what}") for what in ("grid", "row", "column"))
    style = {"color": NEUTRAL, "aria": False}
    return [
        first.mark_text(align="left", baseline="bottom", dy=-2, fontSize=10, **style).encode(
            text=alt.Text("grid:N"), x=x, y=y
        ),
        left.mark_text(align="right", dx=-3, fontSize=9, **style).encode(
            text=alt.Text("b:Q"), x=x, y=alt.Y("center:Q", **down)
        ),
        below.mark_text(baseline="top", dy=2, fontSize=9, **style).encode(
            text=alt.Text("c:Q"), x=alt.X("middle:Q", **across), y=alt.Y("foot:Q", **down)
        ),
    ]


def _color(models):
    if models is None:
        return {"color": alt.Color("certainty:Q", scale=SCALE, legend=None)}
    scale = alt.Scale(domain=[0, 1, 2, 3], range=[NEUTRAL, models[0][1], models[1][1], "#000000"])
    dim = alt.condition(alt.datum.state == 0, alt.value(0.36), alt.value(1))
    return {"color": alt.Color("state:N", scale=scale, legend=None), "opacity": dim}


def _tooltip(models):
    found = [
        alt.Tooltip("expression:N"),
        alt.Tooltip("right:Q", title="right answer"),
        alt.Tooltip("seen:N", title="in training"),
    ]
    # A title is more than a name: what a tooltip calls "image" or "title" is drawn as one.
    answers = [("answer", "confidence", "" if models is None else f"{models[0][0]} ")]
    if models is not None:
        answers.append(("other_answer", "other_confidence", f"{models[1][0]} "))
    for answer, confidence, who in answers:
        found += [
            alt.Tooltip(f"{answer}:N", title=f"{who}answered"),
            alt.Tooltip(f"{confidence}:Q", title=f"{who}sure", format=".4%"),
        ]
    return found
