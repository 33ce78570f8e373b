"""What the page looks at: the models on display, each at a moment of its training where its snapshots are known.

A training is a function of its configuration, so every run with the configuration of a model is that model's history.
"""

from typing import NamedTuple

import streamlit as st

from dashboard import visitor_runs
from dashboard.plain_text import plain
from dashboard.selection import ShownModel
from tinyformer import Transformer
from tinyformer.interpret.sampling import space_of_task
from tinyformer.runs import Run, RunError

THE_END = "the end"


class Subject(NamedTuple):
    """A model on display at a moment. `source` identifies its weights: the key of all that is computed from them."""

    shown: ShownModel
    model: Transformer
    source: tuple
    step: int | None = None  # None: as in its file

    @property
    def name(self):
        return self.shown.name

    @property
    def style(self):
        return self.shown.style

    @property
    def task(self):
        return self.shown.task

    @property
    def space(self):
        """All expressions that it is asked, as ExpressionSpace."""
        return space_of_task(self.task)

    def question(self, expression):
        """ShownModel.question."""
        return self.shown.question(expression)

    @property
    def config(self):
        return self.model.config

    @property
    def looks(self):
        """(name, color, shape), as charts want it."""
        return self.name, self.style.color, self.style.shape

    @property
    def note(self):
        if self.shown.checkpoint.by_hand:
            return "as written"
        return "as trained" if self.step is None else f"after {self.step:,} steps"


def at_the_moment(models):
    """[Subject] of the models on display, at the moment of a slider that is there if any of them has snapshots."""
    histories = {shown.name: history(shown) for shown in models}
    steps = sorted({step for run in histories.values() if run for step in run.snapshot_steps()})
    moment = THE_END
    if len(steps) > 1:
        moment = st.select_slider(
            "Moment in training (steps)", [*map(str, steps), THE_END], value=THE_END, key="moment", bind="query-params",
            help="All that is shown of the models on display is then computed with the weights of that moment.",
        )  # fmt: skip
    subjects = [_subject(shown, histories[shown.name], moment) for shown in models]
    still = [subject for subject in subjects if moment != THE_END and subject.step is None]
    if names := ", ".join(plain(one.name) for one in still if one.shown.checkpoint.training):
        st.caption(f"Without snapshots, and therefore as trained: {names}. “How did it come about?” replays them.")
    if names := ", ".join(plain(one.name) for one in still if not one.shown.checkpoint.training):
        st.caption(f"Without a training that could be replayed, and therefore as in the file: {names}.")
    return subjects


def rows_that_answer(subjects):
    """Which rows reach the answer, in a sentence: it depends on what the models pool."""
    pooled = {subject.config.pooling for subject in subjects}
    if pooled == {"first"}:
        return "The answer is read off the first token: in the last layer only its row reaches the answer."
    if pooled == {"mean"}:
        return "The answer is read off the mean of all tokens: every row of every layer reaches it."
    return (
        "Where the answer is read off the first token, only its row of the last layer reaches the answer; where it is "
        "read off the mean of all tokens, every row does."
    )


def _subject(shown, run, moment):
    """The model at the last snapshot up to the moment; as in its file at the end, and where it has none."""
    steps = [step for step in run.snapshot_steps() if moment != THE_END and step <= int(moment)] if run else []
    if steps:
        try:
            return Subject(shown, snapshot(str(run.path), steps[-1], run), (str(run.path), steps[-1]), steps[-1])
        except RunError as error:
            st.warning(plain(error))
    return Subject(shown, shown.model, (shown.file,))


def history(shown):
    """The run of this visitor with the configuration that the model was trained with, the furthest one, or None."""
    training = shown.checkpoint.training
    return None if training is None else _history(visitor_runs.visitors.current(), training)


def forget_histories():
    """A run has begun: look again."""
    _history.clear()


@st.cache_resource(ttl=3, max_entries=64, show_spinner=False)
def _history(visitor, training) -> Run | None:
    found = []
    for run in visitor_runs.my_runs():
        try:
            if run.config == training:
                found.append(run)
        except RunError:
            continue
    return max(found, key=lambda run: run.snapshot_steps()[-1:], default=None)


@st.cache_resource(max_entries=128, show_spinner=False)
def snapshot(path, step, _run):
    """The model of a run after `step`."""
    return _run.snapshot(step)
