"""The model as a drawing: boxes from top to bottom, forward wires to their left, the gradient to their right."""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.figure import ROWS, Figure, to_spec

BOX = "box"  # the selection's name
STEP, HEIGHT = 40, 25  # pixels from box to box, and of a box
FORWARD, BACKWARD = "#2F7FE8", "#D9640A"  # each at least 3.6 : 1 on the white page and on the dark one
LAYER, SUM = "#5B4B8A", "#6B6977"  # of boxes, under white text
LEFT, RIGHT = 130, 290  # where boxes begin and end
DOWN, UP = 175, 245  # where the two wires run


def diagram(boxes):
    """boxes: objects with name, label, block, value, gradient, norm, gradient_norm, branch (`wires.Box`)."""
    data = pd.DataFrame(_rows(boxes))
    largest = max((box.gradient_norm or 0 for box in boxes[:-1]), default=0)
    description = f"The model as {len(boxes)} boxes; the largest gradient on a wire has the norm {largest:.3g}"
    return Figure(_spec(len(boxes)), data, description)


def _rows(boxes):
    forward = _widths([box.norm for box in boxes])
    backward = _widths([box.gradient_norm for box in boxes])
    for i, box in enumerate(boxes):
        top = i * STEP
        block = "" if box.block is None else f"layer {box.block + 1}: "
        value, gradient = box.value, box.gradient_norm
        shape = "×".join(map(str, value.shape[1:] if value.ndim > 1 else value.shape)) or "1"
        yield {
            "kind": "box",
            "name": box.name,
            "label": block + box.label,
            "y": top,
            "y2": top + HEIGHT,
            "x": LEFT,
            "x2": RIGHT,
            "shape": f"({shape})",
            "sum": box.branch > 0,
            "norm": box.norm,
            "gradient": gradient,
            "forward_label": shape if box.norm is None else f"{shape}, norm {_brief(box.norm)}",
            "backward_label": "" if gradient is None else f"gradient {_brief(gradient)}",
            "forward_width": forward[i],
            "backward_width": backward[i],
        }
        if box.branch:  # the path past the boxes before it
            start = (i - box.branch - 1) * STEP + HEIGHT + 6
            yield {
                "kind": "branch",
                "name": box.name,
                "x": 12 + LEFT - 30,
                "y": start,
                "y2": top + HEIGHT / 2,
            }


def _widths(norms):
    """A wire's thickness, 1 to 7 pixels, on a logarithmic scale over six powers of ten below the largest."""
    logs = [np.log10(max(n, 1e-30)) if n else -30.0 for n in norms]
    top = max(logs)
    return [1 + 6 * max(0.0, 1 + (log - top) / 6) for log in logs]


def _brief(value):
    return f"{value:.3g}" if value == 0 or 1e-3 <= value < 1e4 else f"{value:.0e}"


@lru_cache
def _spec(count):
    base = alt.Chart(ROWS).transform_filter("datum.kind == 'box'")
    down = base.transform_filter(f"datum.y < {(count - 1) * STEP}")
    up = down.transform_filter("isValid(datum.gradient)")
    layers = [
        *_residual_paths(count),
        *_wire(count, down, DOWN, FORWARD, "forward_width", "triangle-down", "datum.next - 3"),
        *_wire(count, up, UP, BACKWARD, "backward_width", "triangle-up", "datum.y2 + 3"),
        *_boxes(count, base),
    ]
    return to_spec(alt.layer(*layers, data=ROWS).properties(width=430, height=count * STEP))


def _at(count, x, y, **ends):
    """The encodings of a place on the drawing, in pixels from its upper left corner."""
    scale_x, scale_y = alt.Scale(domain=[0, 420], nice=False), alt.Scale(domain=[count * STEP, -4], nice=False)
    place = {"x": alt.X(x, scale=scale_x, axis=None), "y": alt.Y(y, scale=scale_y, axis=None)}
    return place | {name: alt.X2(field) if name == "x2" else alt.Y2(field) for name, field in ends.items()}


def _wire(count, base, x, color, width, shape, tip):
    """From each box to the next, with an arrow at its end."""
    placed = base.transform_calculate(next=f"datum.y + {STEP}", at=f"{x}", tip=tip)
    line = placed.mark_rule(color=color).encode(
        **_at(count, "at:Q", "y2:Q", y2="next:Q"), size=alt.Size(f"{width}:Q", scale=None)
    )
    arrow = placed.mark_point(shape=shape, size=110, filled=True, opacity=1, color=color)
    return line, arrow.encode(**_at(count, "at:Q", "tip:Q"))


def _residual_paths(count):
    """Three lines each: out of the wire, down past the sublayer, and into the sum."""
    base = alt.Chart(ROWS).transform_filter("datum.kind == 'branch'")
    base = base.transform_calculate(down=f"{DOWN}", edge=f"{LEFT}")
    ends = ({"y": "y", "y2": "y2:Q"}, {"y": "y", "x2": "down:Q"}, {"y": "y2", "x2": "edge:Q"})
    for end in ends:
        place = _at(count, "x:Q", f"{end.pop('y')}:Q", **end)
        yield base.mark_rule(color=FORWARD, strokeWidth=2, opacity=0.75).encode(**place)


def _boxes(count, base):
    """The boxes, what stands in and beside them, and a pane on top, so that a click on a label is one on its box."""
    whole = _at(count, "x:Q", "y:Q", x2="x2:Q", y2="y2:Q")
    color = alt.condition("datum.sum", alt.value(SUM), alt.value(LAYER))
    tooltip = [
        alt.Tooltip("label:N", title="box"),
        alt.Tooltip("shape:N"),
        alt.Tooltip("norm:Q", format=".5g"),
        alt.Tooltip("gradient:Q", title="norm of the gradient", format=".5g"),
    ]
    touch = base.mark_rect(fillOpacity=0.001, cursor="pointer").encode(**whole, tooltip=tooltip)
    return (
        base.mark_rect(cornerRadius=5).encode(**whole, color=color),
        _text(count, base, (LEFT + RIGHT) / 2, "label", align="center", fontSize=12, fontWeight=500, color="#FFFFFF"),
        _text(count, base, LEFT - 36, "forward_label", align="right", fontSize=11, color=FORWARD),
        _text(count, base, RIGHT + 12, "backward_label", align="left", fontSize=11, color=BACKWARD),
        touch.add_params(alt.selection_point(name=BOX, fields=["name"], empty=False)),
    )


def _text(count, base, x, field, **style):
    placed = base.transform_calculate(at=f"{x}", middle="(datum.y + datum.y2) / 2")
    return placed.mark_text(**style).encode(**_at(count, "at:Q", "middle:Q"), text=f"{field}:N")
