"""▶ plays a training through the weights that were kept, at a speed one chooses; its slider has its chart's scale."""

import numpy as np
import streamlit as st

from dashboard import components, visitor_runs
from dashboard.charts import formation
from dashboard.train import curves

AFTER, SPEED = "after", "speed"  # keys of the slider and of the speed, and names in the URL
PLAYING = "_playing"
CLOSER, FORM = "closer", "Watch it form"  # the choice that opens its section: key and value
SPEEDS = {"slow": 1.6, "normal": 0.8, "fast": 0.4}  # seconds from one to the next
STYLE = f"""<style>
.st-key-{AFTER}-slider {{padding: 0 {formation.RIGHT + 12}px 0 {formation.LEFT - 4}px}}
</style>"""


def interval():
    """Seconds between two steps while it plays; None while it rests."""
    return SPEEDS.get(st.session_state.get(SPEED), SPEEDS["normal"]) if st.session_state.get(PLAYING) else None


def begin():
    """Callback: play from the beginning."""
    st.session_state[PLAYING], st.session_state[AFTER] = True, 0


def draw(shown, steps):
    """Button, speed, chart and slider → the step to show. While it plays, each drawing goes on to the next one."""
    step = _step(steps)
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        playing = st.session_state.get(PLAYING)
        st.button("❙❙ Rest" if playing else "▶ Play", key="play", on_click=_toggle, args=(steps,), width=90)
        st.segmented_control("Speed", list(SPEEDS), default="normal", required=True, key=SPEED, bind="query-params",
                             label_visibility="collapsed")  # fmt: skip
    rows = []
    for one in shown:
        seen = curves.validation(one, visitor_runs.log(one.run), one.run.looks(), "accuracy")
        places = np.interp([row[2] for row in seen], steps, range(len(steps)))
        rows += [(one.name, step, place, value) for (_, _, step, value, *_), place in zip(seen, places, strict=True)]
    with st.container(gap=None):
        figure = formation.course(rows, [one.triple for one in shown], steps, steps.index(step))
        components.draw(figure, key="watch-course", stretch=True)
        with st.container(key=f"{AFTER}-slider"):
            st.select_slider("After step", steps, format_func="{:,}".format, key=AFTER, bind="query-params",
                             label_visibility="collapsed")  # fmt: skip
    return step


def _step(steps):
    """The step to show now, in the slider's state, which belongs to other runs or to a link, perhaps."""
    asked = st.session_state.get(AFTER, st.query_params.get(AFTER, ""))
    wanted = int(str(asked)) if str(asked).isdecimal() and len(str(asked)) < 16 else steps[-1]
    step = max((step for step in steps if step <= wanted), default=steps[0])
    if st.session_state.get(PLAYING):
        step = steps[min(steps.index(step) + 1, len(steps) - 1)]
        st.session_state[PLAYING] = step != steps[-1]
    if st.session_state.get(AFTER) != step:
        st.session_state[AFTER] = step
    return step


def _toggle(steps):
    if st.session_state.get(PLAYING):
        st.session_state[PLAYING] = False
    elif st.session_state.get(AFTER) == steps[-1]:
        begin()
    else:
        st.session_state[PLAYING] = True
