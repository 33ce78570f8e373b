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
    data["branching"] = data["branching"].fillna("")
    largest = max((box.gradient_norm or 0 for box in boxes[:-1]), default=0)
    description = f"The model as {len(boxes)} boxes; the largest gradient on a wire has the norm {largest:.3g}"
    return Figure(_spec(len(boxes)), data, description)


def _rows(boxes):
    forward = _widths([box.norm for box in boxes])
    backward = _widths([box.gradient_norm for box in boxes])
    for i, box in enumerate(boxes):
        top = i * STEP
        block = "" if box.block is None else f"block {box.block + 1}: "
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
            "sum": box.branch != "",
            "norm": box.norm,
            "gradient": gradient,
            "forward_label": f"{shape}   ‖·‖ {_brief(box.norm)}",
            "backward_label": "" if gradient is None else f"‖∇‖ {_brief(gradient)}",
            "forward_width": forward[i],
            "backward_width": backward[i],
            "mid": top + HEIGHT + (STEP - HEIGHT) / 2,
        }
        if box.branch:  # the path past the boxes before it
            start = (i - _length(boxes, i)) * STEP + HEIGHT + 6 - STEP
            yield {
                "kind": "branch",
                "name": box.name,
                "x": 12 + LEFT - 30,
                "y": start,
                "y2": top + HEIGHT / 2,
                "branching": "path",
            }


def _length(boxes, i):
    """How many boxes the residual path that ends at box i leads past."""
    before = boxes[i - 1], boxes[i - 2]
    pre_norm = before[0].name.endswith(("attention", "feed_forward")) and before[1].name.endswith("_norm")
    same = before[1].name.rsplit("_norm")[0] == before[0].name
    return 2 if pre_norm and same else 1


def _widths(norms):
    """A wire's thickness, 1 to 7 pixels, on a logarithmic scale over six powers of ten below the largest."""
    logs = [np.log10(max(n, 1e-30)) if n else -30.0 for n in norms]
    top = max(logs)
    return [1 + 6 * max(0.0, 1 + (log - top) / 6) for log in logs]


def _brief(value):
    return f"{value:.3g}" if value == 0 or 1e-3 <= value < 1e4 else f"{value:.0e}"


@lru_cache
def _spec(count):
    scale_x, scale_y = alt.Scale(domain=[0, 420], nice=False), alt.Scale(domain=[count * STEP, -4], nice=False)

    def at(x, y, **more):
        place = {"x": alt.X(x, scale=scale_x, axis=None), "y": alt.Y(y, scale=scale_y, axis=None)}
        return place | {k: alt.X2(v) if k == "x2" else alt.Y2(v) for k, v in more.items()}

    base = alt.Chart(ROWS).transform_filter("datum.kind == 'box'")
    last = f"datum.y < {(count - 1) * STEP}"
    gap = base.transform_calculate(next=f"datum.y + {STEP}", down=f"{DOWN}", up=f"{UP}")
    wires = [
        gap.transform_filter(last)
        .mark_rule(color=color)
        .encode(**at(f"{where}:Q", "y2:Q", y2="next:Q"), size=alt.Size(f"{width}:Q", scale=None))
        for color, where, width in ((FORWARD, "down", "forward_width"), (BACKWARD, "up", "backward_width"))
    ]
    tips = [
        gap.transform_filter(last)
        .transform_calculate(tip=tip)
        .mark_point(shape=shape, size=110, filled=True, opacity=1, color=c)
        .encode(**at(f"{where}:Q", "tip:Q"))
        for shape, c, where, tip in (
            ("triangle-down", FORWARD, "down", "datum.next - 3"),
            ("triangle-up", BACKWARD, "up", "datum.y2 + 3"),
        )
    ]
    centered = base.transform_calculate(cx="(datum.x + datum.x2) / 2", cy="(datum.y + datum.y2) / 2")
    rectangle = at("x:Q", "y:Q", x2="x2:Q", y2="y2:Q")
    color = alt.condition("datum.sum", alt.value(SUM), alt.value(LAYER))
    boxes = base.mark_rect(cornerRadius=5).encode(**rectangle, color=color)
    labels = centered.mark_text(fontSize=12, fontWeight=500, color="#FFFFFF").encode(
        **at("cx:Q", "cy:Q"), text="label:N"
    )
    touch = (  # on top of the labels, so that a click on one is a click on its box
        base.mark_rect(fillOpacity=0.001, cursor="pointer")
        .encode(
            **rectangle,
            tooltip=[
                alt.Tooltip("label:N", title="box"),
                alt.Tooltip("shape:N"),
                alt.Tooltip("norm:Q", format=".5g"),
                alt.Tooltip("gradient:Q", title="norm of the gradient", format=".5g"),
            ],
        )
        .add_params(alt.selection_point(name=BOX, fields=["name"], empty=False))
    )
    sides = base.transform_calculate(lx=f"{LEFT - 36}", rx=f"{RIGHT + 12}", cy="(datum.y + datum.y2) / 2")
    left = sides.mark_text(align="right", fontSize=11, color=FORWARD).encode(
        **at("lx:Q", "cy:Q"), text="forward_label:N"
    )
    right = sides.mark_text(align="left", fontSize=11, color=BACKWARD).encode(
        **at("rx:Q", "cy:Q"), text="backward_label:N"
    )
    branch = (
        alt.Chart(ROWS).transform_filter("datum.kind == 'branch'").transform_calculate(down=f"{DOWN}", edge=f"{LEFT}")
    )
    past = [
        branch.mark_rule(color=FORWARD, strokeWidth=2, opacity=0.75).encode(**at("x:Q", "y:Q", y2="y2:Q")),
        branch.mark_rule(color=FORWARD, strokeWidth=2, opacity=0.75).encode(**at("x:Q", "y:Q", x2="down:Q")),
        branch.mark_rule(color=FORWARD, strokeWidth=2, opacity=0.75).encode(**at("x:Q", "y2:Q", x2="edge:Q")),
    ]
    chart = alt.layer(*past, *wires, *tips, boxes, labels, left, right, touch, data=ROWS).properties(
        width=430, height=count * STEP
    )
    return to_spec(chart)
