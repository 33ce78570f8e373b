"""Which rules can it learn? One model for each rule, and how many steps each took to 99 %, or where it stays."""

from typing import NamedTuple

import streamlit as st

from dashboard import visitor_runs
from dashboard.charts.bars import percent
from dashboard.train import curves, run_line
from tinyformer import TrainingConfig
from tinyformer.task.operations import Operation

LABEL = "rule "  # before the name of the rule: what such a run is called
GOAL = 0.99  # of validation accuracy
SECONDS = 2  # between two looks
LOOKED_AT = (
    "Depending on the rule, 83 to 115 expressions are asked: 99 % allows one mistake, or none where fewer than 100 are."
)


class Rules(NamedTuple):
    """An experiment that needs no reference: its trainings stand beside each other."""

    title: str = "which rules"
    look_for: str = (
        "One model for each rule, everything else being equal. Max picks a digit, Median has to sort, Range subtracts, "
        "Product and Sum take every digit into account, Pick reads an address first. Which one takes longest?"
    )
    names: tuple[str, ...] = ("Max", "Median", "Range", "Pick", "Product", "Sum")

    def runs(self, config):
        """{label: TrainingConfig} with the seed of this one."""
        seed = config.seed
        return {f"{LABEL}{name}": TrainingConfig(operations=(name,), epochs=25, seed=seed) for name in self.names}

    def is_shown(self, labels):
        return any(f"{LABEL}{name}" in labels for name in self.names)


def draw(shown):
    """The table of what is on the page of this experiment; it follows the trainings."""
    ours = [one for one in shown if visitor_runs.is_usable(one.run) and one.run.label.startswith(LABEL)]
    if ours:
        busy = any(visitor_runs.status(one.run).state in run_line.BUSY for one in ours)
        st.fragment(_draw, run_every=SECONDS if busy else None)(ours)


def _draw(ours):
    st.markdown("**Which rules can it learn?**")
    st.dataframe(
        [_row(one) for one in ours],
        hide_index=True,
        key="rules-table",
        alt="Steps to 99 % of the validation side, by rule",
        column_config={
            "steps to 99 %": st.column_config.TextColumn(help="On the validation side, between epochs too.")
        },
    )
    st.caption(
        f"{LOOKED_AT} One seed each: another one may take more or fewer steps, and a longer training may get there."
    )


def _row(one):
    name = one.run.label.removeprefix(LABEL)
    log, status = visitor_runs.log(one.run), visitor_runs.status(one.run)
    seen = [(step, value) for _, _, step, value, *_ in curves.validation(one, log, one.run.looks(), "accuracy")]
    reached = next((f"{step:,.0f}" for step, value in seen if value >= GOAL), None)
    now = f"{percent(seen[-1][1])} after {seen[-1][0]:,.0f}" if seen else "not begun"
    so_far = {"finished": "stays below", "stopped": "stopped before"}.get(status.state, "not yet")
    return {
        "rule": f"{one.style.glyph} {name}",
        "what it asks for": Operation(name).words if name in Rules().names else "",
        "steps to 99 %": reached or f"{so_far}: {now}",
        "best on the validation side": "" if status.best_accuracy is None else percent(status.best_accuracy),
    }
