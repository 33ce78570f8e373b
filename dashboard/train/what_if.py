"""One-click experiments, each beside its reference."""

import streamlit as st

from dashboard import visitor_runs
from dashboard.train.experiments import EXPERIMENTS
from dashboard.train.rules import Rules

OPEN = "what-if"  # whether the expander is open: its key
ALL = (*EXPERIMENTS, Rules())


def draw(seed, on_click):
    """The experiments; return the one whose button was pressed, or None. on_click: callback of all the buttons."""
    with st.expander("What if …", key=OPEN, on_change="rerun"):
        st.caption(f"Each is a normal run with seed {seed}, and appears beside what it is to be compared with.")
        chosen = None
        for experiment in ALL:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
                key = f"what-if-{experiment.title}"
                if st.button(experiment.title, key=key, width=165, on_click=on_click):
                    chosen = experiment
                st.html(f'<div class="tf-note">{experiment.look_for}</div>', width="stretch")
    return chosen


def remind(shown):
    """What to look for in the experiments among the runs on the page."""
    labels = {one.run.label for one in shown if visitor_runs.is_usable(one.run)}
    for experiment in ALL:
        if experiment.is_shown(labels):
            st.info(f"**{experiment.title}.** {experiment.look_for}")


def start(experiment, seed):
    """Start the trainings of the experiment, its reference unless this visitor has one → Runs, the reference first."""
    wanted = experiment.runs(seed)
    usable = [run for run in visitor_runs.my_runs() if visitor_runs.is_usable(run)]
    known = [run for run in usable if run.config == wanted.get("")][:1]
    if known:
        del wanted[""]
    return [*known, *visitor_runs.start(list(wanted.values()), list(wanted))]
