"""The runs that are watched: how each one stands, what can be done with it, and its curves, growing."""

from html import escape

import streamlit as st

from dashboard import components, desk
from dashboard.charts import live as charts
from tinyformer import OPERATIONS
from tinyformer.runs import RunError

SECONDS = 0.5  # between two looks, while something trains
ONE_CHART, SMALL_MULTIPLES = "one chart", "one for each run"
BUSY = ("running", "queued")
STYLE = """<style>
.tf-run {line-height: 1.3; padding-top: .1rem} .tf-run i {font-style: normal; color: var(--c); margin-right: .4em}
.tf-run .tf-note {float: right; font-variant-numeric: tabular-nums}
.tf-bar {height: .34rem; border-radius: .2rem; margin-top: .35rem;
  background: color-mix(in srgb, currentColor 12%, transparent)}
.tf-bar div {height: 100%; border-radius: .2rem; background: var(--c); width: var(--w)}
</style>"""


def draw(shown, layout, log_scale):
    """Draw the runs; as long as one of them trains, again and again."""
    st.html(STYLE)
    busy = any(desk.status(one.run).state in BUSY for one in shown)
    st.fragment(_draw, run_every=SECONDS if busy else None)(shown, layout, log_scale, busy)


def _draw(shown, layout, log_scale, was_busy):
    statuses = {one.id: desk.status(one.run) for one in shown}
    if was_busy != any(status.state in BUSY for status in statuses.values()):
        st.rerun()  # the rest of the page wants to know, and the fragment may rest or begin to look again
    logs = {one.id: one.run.log() for one in shown if statuses[one.id].state != "damaged"}
    for one in shown:
        _line(one, statuses[one.id], logs.get(one.id))
    _curves([one for one in shown if one.id in logs], logs, layout, log_scale)


def _line(one, status, log):
    """One run: name, progress, and its buttons."""
    share, words = _progress(status, log)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="tf-run" style="--c:{one.style.color};--w:{share:.1%}">'
            f'<span class="tf-note">{escape(words)}</span><i>{one.style.glyph}</i>{escape(one.name)}'
            f'<div class="tf-bar"><div></div></div></div>',
            width="stretch",
        )
        if one.mine:
            _buttons(one, status)
    if status.reason and status.state in ("failed", "diverged", "damaged"):
        st.error(f"{one.name}: {status.reason}")


def _buttons(one, status):
    busy = status.state in BUSY
    if busy:
        st.button("Pause", key=f"pause-{one.id}", on_click=desk.workers().pause, args=(one.run,), type="tertiary")
    elif status.resumable:
        st.button("Resume", key=f"resume-{one.id}", on_click=resume, args=(one.run,), type="tertiary")
    if busy or status.resumable:
        why = "End here: keep the best weights, and look at the test set once."
        st.button("Stop training", key=f"stop-{one.id}", on_click=_stop, args=(one.run,), type="tertiary", help=why)


def resume(run):
    """Callback: go on with a run."""
    try:
        desk.workers().submit(run)
    except RunError as error:
        st.toast(str(error))


def _stop(run):
    try:
        desk.workers().stop(run)
    except (RunError, OSError) as error:
        st.toast(str(error))


def _progress(status, log):
    """(share done, what stands beside the name)."""
    if log is None:
        return 0.0, "damaged"
    total = status.total_steps
    share = log.step / total if total else 0.0
    words = [desk.describe(status), f"step {log.step:,} of {total:,}" if total else "step 0"]
    if status.state == "running" and log.step > 1:
        pace = log.pace()
        words.append(f"{pace:,.0f} steps/s, {max(0, total - log.step) / pace:.0f} s left")
    elif status.state == "queued":
        words = [f"… {status.reason}"]
    elif status.test_total:
        words.append(f"test set: {status.test_correct} of {status.test_total} right")
    if len(log.epochs) and not status.test_total:
        words.append(f"held out {log.epoch_column('accuracy')[-1]:.1%}")
    return share, " · ".join(words)


def rows_of(shown, logs, column):
    """Rows for charts.learning: a column of the step log, and of the epoch log."""
    rows = []
    for one in shown:
        steps, values = logs[one.id].curve(column)
        rows += [(one.name, charts.TRAINING, s, v) for s, v in zip(steps, values, strict=True)]
        held_out = zip(logs[one.id].epoch_column("step"), logs[one.id].epoch_column(column), strict=True)
        rows += [(one.name, charts.HELD_OUT, s, v) for s, v in held_out]
    return rows


def _curves(shown, logs, layout, log_scale):
    if not shown:
        return
    scale = {"log": True} if log_scale else {"domain": (0, 3.5)}
    kinds = (("loss", "Loss", "loss (nats)", scale), ("accuracy", "Accuracy", "accuracy", {"domain": (0, 1)}))
    groups = [shown] if layout == ONE_CHART else [[one] for one in shown]
    with st.container(horizontal=True, gap="small"):
        for column, title, y_title, how in kinds:
            for place, group in enumerate(groups):
                name = title if len(groups) == 1 else f"{title}, {group[0].name}"
                width, inner = (452, 375) if len(groups) == 1 else (298, 225)
                figure = charts.learning(rows_of(group, logs, column), [one.triple for one in group], name, y_title,
                                         width=inner, height=220 if len(groups) == 1 else 150, **how)  # fmt: skip
                with st.container(width=width):
                    components.draw(figure, key=f"{column}-{place}")
    _per_operation(shown, logs)


def _per_operation(shown, logs):
    with st.container(horizontal=True, gap="small"):
        for operation in OPERATIONS:
            rows = [
                (one.name, charts.HELD_OUT, step, value)
                for one in shown
                for step, value in zip(
                    logs[one.id].epoch_column("step"), logs[one.id].epoch_column(operation), strict=True
                )
            ]
            figure = charts.learning(rows, [one.triple for one in shown], f"{operation}, held out", "accuracy",
                                     domain=(0, 1), width=100, height=100)  # fmt: skip
            with st.container(width=172):
                components.draw(figure, key=f"operation-{operation}")
