"""The rooms of the lab and their state in the URL, as `layer-lab?room=sabotage&bug=no_jacobian`.

Streamlit can bind a widget to the URL, but leaves out a widget that enters with its state already set; and here one
room sets the state of another. So the lab reads and writes its part of the URL itself.
"""

import streamlit as st

from dashboard.lab.bench import PARTS
from dashboard.lab.benches import BENCHES
from dashboard.lab.lessons import LESSONS
from tinyformer.laboratory.sabotage import BUGS
from tinyformer.task.vocabulary import DIGITS, VOCABULARY

ROOMS = {
    "benches": "Benches",
    "follow": "Follow one expression",
    "sabotage": "Sabotage",
    "lessons": "Lessons",
}
STEPS = [str(number) for number in range(1, len(LESSONS) + 1)]
RIGHT, NO_BUG = "right", "none"
VALID = {  # key of the widget, which is its name in the URL → values; the first is the default, and not written
    "room": list(ROOMS),
    "bench": ["attention", *BENCHES],
    "bug": [NO_BUG, *BUGS],
    "part": list(PARTS),
    "target": [RIGHT, *(VOCABULARY[token] for token in DIGITS)],
    "block": [str(number) for number in range(1, 100)],
    "lesson": STEPS,
}
DONE = "done"  # lessons that were answered: "1-2-5"
OF_ROOM = {
    "benches": ("bench", "block", "part", "target"),
    "follow": ("target",),
    "sabotage": ("bug",),
    "lessons": ("lesson",),
}
_SEEN = "_lab_url"  # what stood in the URL after the last run


def read_url():
    """Before all widgets: take over what is new in the URL, and defaults for what has no value yet."""
    seen = st.session_state.setdefault(_SEEN, {})
    for key, valid in VALID.items():
        given = st.query_params.get(key)
        if given in valid and given != seen.get(key):
            st.session_state[key] = given
        st.session_state.setdefault(key, valid[0])
    given = st.query_params.get(DONE, "")
    if given != seen.get(DONE, ""):
        st.session_state[DONE] = [step for step in STEPS if step in given.split("-")]
    st.session_state.setdefault(DONE, [])


def write_url():
    """After all widgets: let the URL say what is on display in this room."""
    room = st.session_state["room"]
    wanted = {key: st.session_state[key] for key in ("room", *OF_ROOM[room])}
    wanted = {key: value for key, value in wanted.items() if value != VALID[key][0]}
    if room == "lessons" and st.session_state[DONE]:
        wanted[DONE] = "-".join(st.session_state[DONE])
    for key in (*VALID, DONE):
        if key in wanted:
            if st.query_params.get(key) != wanted[key]:
                st.query_params[key] = wanted[key]
        elif key in st.query_params:
            del st.query_params[key]
    st.session_state[_SEEN] = wanted


def enter(room, **state):
    """In a callback: go to a room and put it into this state, as `enter("benches", bench="softmax", target="3")`."""
    st.session_state.update(room=room, **state)
