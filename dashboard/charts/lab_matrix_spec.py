"""What a matrix of the Layer Lab looks like: the size of its cells, and the layers of the chart. Apart from its values,
of which a slider shows new ones in the same chart."""

from functools import lru_cache

import altair as alt

from dashboard.charts.figure import ROWS, to_spec
from dashboard.charts.theme import FRAME, LABEL_ONLY, NEUTRAL

WIDEST, TALLEST = 390, 330  # pixels for the cells, so that it fits beside the sidebar at 800
LARGEST, SMALLEST = 40.0, 9.0  # side of a square cell
READABLE_WIDTH, READABLE_HEIGHT = 31, 17  # of a cell that holds a number
CELL = "cell"  # the selection's name
MANY = 400  # cells: more than that are painted several times faster as pixels than as elements of the page


def cell_size(shape):
    """(width, height) of a cell in pixels: square, unless that would leave a line of dust."""
    side = min(LARGEST, WIDEST / shape[1], TALLEST / shape[0])
    return (side, side) if side >= SMALLEST else (min(LARGEST, WIDEST / shape[1]), min(22.0, max(5.0, 300 / shape[0])))


def has_numbers(shape):
    width, height = cell_size(shape)
    return width >= READABLE_WIDTH and height >= READABLE_HEIGHT


@lru_cache(maxsize=512)
def titled_spec(title, *structure):
    """A bench has a dozen matrices of two or three structures."""
    return {**_spec(*structure), "title": title}


@lru_cache(maxsize=512)
def _spec(num_rows, num_columns, longest, weights, clickable, row_title, column_title, marked):
    width, height = cell_size((num_rows, num_columns))
    numbers, many = has_numbers((num_rows, num_columns)), num_rows * num_columns > MANY
    base = alt.Chart(ROWS).encode(
        x=alt.X("column:N", title=column_title, axis=_axis(width, longest, many, across=True, orient="top")),
        y=alt.Y("row:N", title=row_title, axis=_axis(height, 0, many)),
    )
    scale = (
        alt.Scale(domain=[0, 1], clamp=True)
        if weights
        else alt.Scale(domain=[-1, 1], domainMid=0, clamp=True, interpolate="rgb")
    )
    gap = {"stroke": None} if min(width, height) < 9 else {"cornerRadius": 2, "xOffset": 0.5, "width": width - 1.5}
    # Of a large matrix that has nothing to point out, each cell is as cheap as it can be.
    opacity = {"opacity": alt.Opacity("opacity:Q", scale=None)} if marked else {}
    pointer = {"cursor": "pointer"} if clickable else {}
    layers = [base.mark_rect(**gap, **pointer).encode(color=alt.Color("shade:Q", scale=scale, legend=None), **opacity)]
    if numbers:
        dark = "luminance(scale('color', datum.shade)) < 0.3 && datum.opacity == 1"
        # Faded cells let the page shine through: gray is readable on any of them.
        color = alt.ColorValue(
            "#15141A",
            condition=[{"test": dark, "value": "#FFFFFF"}, {"test": "datum.opacity < 1", "value": "#85828F"}],
        )
        layers.append(base.mark_text(fontSize=11 if width >= 36 else 10).encode(text=alt.Text("number:N"), color=color))
    if marked:
        layers.append(base.mark_rect(filled=False, stroke=FRAME, strokeWidth=2.5).transform_filter("datum.framed"))
    # In the data, not in the title: a new title would be a new chart, and slow.
    if not weights:
        corner = {"x": alt.XValue(round(width * num_columns)), "y": alt.YValue(round(height * num_rows) + 4)}
        reach = alt.Chart(ROWS).transform_aggregate(reach="max(reach)")
        layers.append(
            reach.mark_text(align="right", baseline="top", fontSize=10, color=NEUTRAL).encode(
                text=alt.Text("reach:N"), **corner
            )
        )
    # Where there are numbers, what is touched lies on top, so that a click on one is a click on its cell.
    touched = base.mark_rect(fillOpacity=0.001, fill="gray", **pointer) if numbers else layers.pop(0)
    touched = touched.encode(tooltip=alt.Tooltip("told:N"))
    if clickable:
        touched = touched.add_params(alt.selection_point(name=CELL, fields=["row", "column"], empty=False))
    layers = [*layers, touched] if numbers else [touched, *layers]
    chart = alt.layer(*layers, data=ROWS).properties(width=round(width * num_columns), height=round(height * num_rows))
    if many:
        chart.usermeta = {"embedOptions": {"renderer": "canvas"}}
    return to_spec(chart)


def _axis(size, longest, many, across=False, **kwargs):
    """Labels, as many as fit: all, or turned, or every second, fifth or tenth."""
    needed = 6.8 * longest + 2 if across else 12
    if across and size < needed and longest > 2 and size >= 11:
        kwargs["labelAngle"], needed = -90, 11
    step = next((step for step in (1, 2, 5, 10, 20, 50) if size * step >= needed), 100)
    label = LABEL_ONLY if step == 1 else f"toNumber(split(datum.label, '|')[0]) % {step} == 0 ? {LABEL_ONLY} : ''"
    kwargs.setdefault("labelAngle", 0)
    return alt.Axis(labelExpr=label, ticks=False, domain=False, labelOverlap=many, labelLimit=200, **kwargs)
