"""Follow one expression: the model as a drawing, the values going up it and the gradient coming back."""

import streamlit as st

from dashboard import components
from dashboard.charts import lab_diagram
from dashboard.charts.bars import percent
from dashboard.lab import rooms
from dashboard.lab.benches import BENCHES
from dashboard.plain_text import plain
from tinyformer.laboratory.wires import boxes

KEY = "diagram"


def draw(stage):
    """The diagram; a click on a box opens its bench, on the values that flow there."""
    anatomy = stage.anatomy
    words = stage.vocabulary
    answer = plain(words[int(anatomy.probabilities[0].argmax())])
    st.markdown(
        f"**{stage.expression}** goes in at the top, **{answer}** comes out at the bottom, with probability "
        f"{percent(float(anatomy.probabilities.max()))}; the loss that asks for {plain(words[anatomy.target])} is "
        f"{anatomy.loss:.4g}. "
        "**Click a box** to open its bench on the values that flow there now."
    )
    found = boxes(anatomy)
    st.session_state["_diagram_boxes"] = {box.name: (box.kind, box.block, box.part) for box in found}
    with st.container(horizontal=True, gap="large"):
        components.draw(lab_diagram.diagram(found), key=KEY, on_select=_open, selection_mode=[lab_diagram.BOX])
        with st.container(width=380):
            st.markdown(HOW_TO_READ)


HOW_TO_READ = """\
Left, in blue, going down: the **shape** of what leaves each box and its **norm**, the root of the sum of its squares.
Right, in orange, coming back up: the norm of the **gradient of the loss** at the same wire. The thicker a wire, the
larger its norm (on a logarithmic scale). The thin lines on the left are the residual paths: what enters a sublayer is
added to what it returns.

With the right answer asked for, a trained model has hardly any gradient left. Let the loss ask for another digit to see
a strong one. In the last layer every row is computed here, though only the first is read: the others get no gradient.

The tokens get none: whole numbers cannot be moved a little. Softmax and cross-entropy go back in one step, so the first
gradient is that of the read-out's logits."""


def _open():
    """Callback of a click: choose the bench and the block of the box."""
    points = st.session_state[KEY]["selection"].get(lab_diagram.BOX, [])
    name = points[0].get("name") if points else None
    kind, block, part = st.session_state.get("_diagram_boxes", {}).get(name, (None, None, None))
    if kind in BENCHES:
        place = {"block": block if block is None else str(block + 1), "part": part}
        rooms.enter("benches", bench=kind, **{key: value for key, value in place.items() if value is not None})
