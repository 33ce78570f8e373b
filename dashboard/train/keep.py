"""Keep what was trained: on display at once, or saved as a checkpoint that stays when the run is deleted."""

import re

import streamlit as st

from dashboard import looks, selection, visitor_runs
from dashboard.plain_text import plain
from tinyformer import CheckpointError, load_checkpoint, save_checkpoint
from tinyformer.checkpoints.folders import saved_folder

DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


def say(text):
    """Of a callback: what is to be said when the page is drawn next. A toast would go down with a rerun."""
    st.session_state["_said"] = text


def read_out():
    """Say it."""
    if text := st.session_state.pop("_said", None):
        st.toast(text)


def display(runs):
    """Callback: put these runs among the models on display."""
    for run in runs:
        selection.show_model(visitor_runs.name(run))


def save_as(run, place, type="tertiary"):
    """A popover that asks for a name. `place` tells two of them apart."""
    with st.popover("Save as checkpoint", type=type):
        name = st.text_input("Name", visitor_runs.name(run), max_chars=60, key=f"save-as-{place}-{run.id}")
        st.caption("A saved model stays when its run is deleted, and everyone on this server can choose it.")
        if st.button("Save", type="primary", key=f"save-{place}-{run.id}", on_click=_save, args=(run, name)):
            st.rerun()  # the sidebar has one model more


def _save(run, name):
    if not re.fullmatch(r"\w[\w .-]{0,59}", name) or name.endswith(".") or DEVICE.fullmatch(name):
        say("A name is made of letters, digits, spaces, - and _, and is none that Windows keeps for itself. Not saved.")
        return
    try:
        path = saved_folder() / f"{name}.npz"
        if path.exists():
            say(f"There is a model named {plain(name)} already. Not saved.")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = load_checkpoint(run.model_path)
        save_checkpoint(path, kept.model, training=kept.training, history=kept.history, metadata=kept.metadata)
    except (CheckpointError, OSError) as error:
        say(f"Not saved: {plain(error)}")
        return
    looks.share(visitor_runs.name(run), _name_of(path))
    selection.show_model(_name_of(path))
    say(f"Saved as {plain(name)}, and put on display.")


def _name_of(path):
    """What the saved file is called among all models: its own name may be taken by one that ships."""
    return next(name for name, file in selection.known_models().items() if file.path == str(path))
