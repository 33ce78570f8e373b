"""Watch it form: answer, attention, accuracies and embeddings of each run, live, or at any step that was kept."""

from functools import lru_cache
from html import escape

import streamlit as st

from dashboard import components, questions, visitor_runs
from dashboard.charts import attention, bars, formation
from dashboard.plain_text import html, plain
from dashboard.train import player
from dashboard.train.run_line import BUSY
from dashboard.workers import require_memory
from tinyformer.laboratory import formation as model_formation
from tinyformer.runs import RunError
from tinyformer.task.training_data import prepare_data

MOST, WIDTH = 4, 221  # side by side, and of each in pixels: two of them fit into a narrow window
SECONDS = 1.0  # between two looks at weights that change
ONE_LINE = "overflow:hidden;white-space:nowrap;text-overflow:ellipsis"  # what is compared stays at one height
EXPLANATION = (
    "The weights were kept after steps 0, 1, 2, 3, 4, 6, 8, 11, … to look back at. For each: the answer to the "
    "expression in the sidebar, what each head's first token looks at, accuracy on its validation set, "
    "and where the tokens lie, seen along the two directions in which they differ most at the end."
)


@lru_cache(maxsize=16)
def data_of(config):
    """The three sets of a training. Shared: never written to. RunError where they are too large for a page."""
    require_memory(config)
    return prepare_data(config)


@lru_cache(maxsize=64)  # of 2,000,000 parameters, with their gradients: 1 GB
def snapshot(run, step):
    """The model after a step that was kept. Shared between visitors: forward writes nothing to it."""
    return run.snapshot(step)


@lru_cache(maxsize=1024)
def standing_after(run, step, last_step):
    """Standing of the weights after a step, seen along the axes of the last ones that were kept."""
    return _standing(run, snapshot(run, step), last_step)


def _standing(run, model, last_step):
    axes = model_formation.principal_axes(snapshot(run, last_step))
    return model_formation.standing(model, data_of(run.config).validation, axes)


def draw(shown, expression):
    """The section: live as long as a run trains, with a slider afterwards."""
    if len(shown) > MOST:
        st.caption(f"The first {MOST} of the runs on this page; choose others below.")
        shown = shown[:MOST]
    busy = any(visitor_runs.status(one.run).state in BUSY for one in shown)
    every = SECONDS if busy else player.interval()
    st.fragment(_draw, run_every=every)(shown, expression, busy, every)


def _draw(shown, expression, busy, every):
    steps = sorted({step for one in shown for step in one.run.snapshot_steps()})
    if not steps:
        st.caption("The first weights will be here in a moment.")
        return
    st.caption(EXPLANATION)
    chosen = None
    if not busy and len(steps) > 1:
        chosen = player.draw(shown, steps)
    with st.container(horizontal=True, gap="small"):
        for one in shown:
            with st.container(width=WIDTH):
                try:
                    _column(one, expression, chosen)
                except RunError as error:
                    st.warning(plain(error))
    if not busy and player.interval() != every:
        st.rerun()  # it begins to play, or rests, or goes at another speed


def _column(one, expression, chosen):
    kept = one.run.snapshot_steps()
    if not kept:
        st.caption(f"{plain(one.name)} has not begun.")
        return
    if chosen is None:
        step, model = one.run.latest_model()
        standing = _standing(one.run, model, kept[-1])
    else:
        step = max((s for s in kept if s <= chosen), default=kept[0])
        model, standing = snapshot(one.run, step), standing_after(one.run, step, kept[-1])
    task = one.run.config.task
    question = questions.Reader(f"the run {one.name}", task, model.config).question(expression)
    if questions.say_unless_known(question):
        now = model_formation.glance(model, question.tokens)
        _answer(one, step, now.probabilities, question)
        cell = max(8, min(24, 160 // len(question.words)))
        looks = attention.first_token(now.first_token, question.words, cell)
        components.draw(looks, key=f"watch-looks-{one.id}")
    components.draw(formation.operations(task.names, standing.accuracies, one.style.color), key=f"watch-right-{one.id}")
    frame = _frame(standing_after(one.run, kept[-1], kept[-1]).embedding)
    tokens = formation.token_map(task.vocabulary, standing.embedding, frame, one.style.color)
    components.draw(tokens, key=f"watch-map-{one.id}")


def _answer(one, step, probabilities, expression):
    best = int(probabilities.argmax())
    verdict = "right" if best == expression.answer_token else f"wrong, it is {expression.answer}"
    st.html(
        f'<div class="tf-model" style="--c:{one.style.color};{ONE_LINE}" title="{html(one.name)}">'
        f"<i>{one.style.glyph}</i><b>{html(one.name)}</b>"
        f'<div class="tf-note">after step {step:,}</div></div>'
        f'<div class="tf-answer"><strong>{escape(expression.task.vocabulary[best])}</strong>'
        f"<span>{verdict}, {bars.percent(probabilities[best])} sure</span></div>"
    )


def _frame(points):
    """The same frame for the map at every step: that of the last one, with room around it."""
    return [(round(1.3 * float(axis.min()), 1) - 0.1, round(1.3 * float(axis.max()), 1) + 0.1) for axis in points.T]
