"""Layer Lab: any layer taken apart, forward, backward, and proved; or built wrong, to see who notices."""

import streamlit as st

from dashboard import components, selection
from dashboard.lab import follow, frame, lesson_page, rooms, sabotage_page, stage
from dashboard.lab.benches import BENCHES

rooms.read_url()
st.title("Layer Lab")
components.require_models(selection.current().models)
room = st.segmented_control(
    "Room",
    list(rooms.ROOMS),
    required=True,
    format_func=rooms.ROOMS.get,
    key="room",
    persist_state="session",
    label_visibility="collapsed",
)

if room == "lessons":
    lesson_page.draw()
else:
    lesson_page.way_back()
if room == "benches":
    bench = st.pills(
        "Bench",
        list(BENCHES),
        required=True,
        format_func=lambda key: BENCHES[key].title,
        key="bench",
        persist_state="session",
        label_visibility="collapsed",
    )
    if on_display := stage.choose(BENCHES[bench].controls, BENCHES[bench].parts):
        frame.draw(BENCHES[bench], on_display)
elif room == "follow":
    if on_display := stage.choose():
        follow.draw(on_display)
elif room == "sabotage":
    sabotage_page.draw()
rooms.write_url()
