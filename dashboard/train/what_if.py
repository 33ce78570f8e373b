"""Experiments offered where a run has just ended: the same training again, with one change."""

import streamlit as st

from dashboard import visitor_runs
from dashboard.plain_text import plain
from dashboard.train import limits
from dashboard.train.experiments import EXPERIMENTS
from dashboard.train.rules import Rules

CHOSEN = "_experiment"  # what is to be started when the page is drawn next
ALL = (*EXPERIMENTS, Rules())


def draw(shown, on_click):
    """The experiments on the first run that has ended; on_click is called when one is chosen."""
    ended = [one for one in shown if one.mine and visitor_runs.status(one.run).state in ("finished", "stopped")]
    if not ended:
        return
    one = ended[0]
    st.markdown(
        f"**What if …** {plain(one.name)} is trained again with one thing changed, beside it; *which rules* trains "
        "new models instead, one for each of six rules:"
    )
    with st.container(horizontal=True, gap="small"):
        for experiment in ALL:
            if configs := _fitting(experiment, one.run.config):
                args = on_click, [one.run] if experiment in EXPERIMENTS else [], configs
                key = f"what-if-{experiment.title}"
                st.button(experiment.title, key=key, help=experiment.look_for, on_click=_choose, args=args)


def _choose(on_click, *chosen):
    st.session_state[CHOSEN] = chosen
    on_click()


def _fitting(experiment, config):
    """{label: TrainingConfig} of an experiment; {} where it would only repeat the run beside it, or cannot be."""
    try:
        configs = experiment.runs(config)
        for changed in configs.values():
            limits.check(changed, 1)
    except ValueError:
        return {}
    beside = experiment in EXPERIMENTS
    return {label: changed for label, changed in configs.items() if not beside or changed != config}


def remind(shown):
    """What to look for in the experiments among the runs on the page."""
    labels = {one.run.label for one in shown if visitor_runs.is_usable(one.run)}
    for experiment in ALL:
        if experiment.is_shown(labels):
            st.info(f"**{experiment.title}.** {experiment.look_for}")


def start(beside, configs):
    """Start the trainings of an experiment → the Runs beside which they stand, and theirs."""
    return [*beside, *visitor_runs.start(list(configs.values()), list(configs))]
