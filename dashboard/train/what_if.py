"""One-click experiments, each beside its reference."""

import streamlit as st

from dashboard import visitor_runs
from dashboard.train.experiments import EXPERIMENTS

OPEN = "what-if"  # whether the expander is open: its key


def draw(seed, on_click):
    """The experiments; return the one whose button was pressed, or None. on_click: callback of all the buttons."""
    with st.expander("What if …", key=OPEN, on_change="rerun"):
        st.caption(f"Each is a normal run with seed {seed}, and appears beside the same training without the change.")
        chosen = None
        for experiment in EXPERIMENTS:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
                key = f"what-if-{experiment.title}"
                if st.button(experiment.title, key=key, width=165, on_click=on_click):
                    chosen = experiment
                st.html(f'<div class="tf-note">{experiment.look_for}</div>', width="stretch")
    return chosen


def remind(shown):
    """What to look for in the experiments among the runs on the page."""
    labels = {one.run.label for one in shown if visitor_runs.is_usable(one.run)}
    for experiment in EXPERIMENTS:
        if experiment.title in labels:
            st.info(f"**{experiment.title}.** {experiment.look_for}")


def start(experiment, seed):
    """Start the experiment, and its reference unless this visitor has one → [reference, experiment] as Runs."""
    reference, changed = experiment.pair(seed)
    known = [run for run in visitor_runs.my_runs() if visitor_runs.is_usable(run) and run.config == reference]
    if known:
        return [known[0], *visitor_runs.start([changed], [experiment.title])]
    return visitor_runs.start([reference, changed], ["", experiment.title])
