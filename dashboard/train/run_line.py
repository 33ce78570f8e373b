"""One run in one line: its name, how far it is, and what can be done with it."""

import streamlit as st

from dashboard import visitor_runs
from dashboard.plain_text import html, plain
from dashboard.train import keep
from tinyformer.runs import RunError

BUSY = ("running", "queued")
STYLE = """<style>
.tf-run {line-height: 1.25} .tf-run i {font-style: normal; color: var(--c); margin-right: .4em}
.tf-run .tf-note {float: right; font-variant-numeric: tabular-nums}
.tf-lost {font-size: .85em; margin-top: .2rem}
[class*="st-key-run-"] button {min-height: 1.6rem; padding-block: 0}
.tf-bar {height: .25rem; border-radius: .2rem; margin-top: .15rem;
  background: color-mix(in srgb, currentColor 12%, transparent)}
.tf-bar div {height: 100%; border-radius: .2rem; background: var(--c); width: var(--w)}
</style>"""


def draw(one, status, log):
    """One run: name, progress, and its buttons."""
    share, words = _progress(status, log)
    lost = f'<div class="tf-lost">⚠ {html(log.problem)}</div>' if log is not None and log.problem else ""
    words += "" if one.mine else " · somebody else's, to watch"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"run-{one.id}"):
        st.html(
            f'<div class="tf-run" style="--c:{one.style.color};--w:{share:.1%}">'
            f'<span class="tf-note">{html(words)}</span><i>{one.style.glyph}</i>{html(one.name)}'
            f'<div class="tf-bar"><div></div></div>{lost}</div>',
            width="stretch",
        )
        if one.mine:
            with st.container(horizontal=True, gap="small", width="content"):  # together on the next line, if need be
                _buttons(one, status, begun=log is not None and log.step > 0)
    if status.reason and status.state in ("failed", "diverged", "damaged"):
        st.error(f"{plain(one.name)}: {plain(visitor_runs.reason(one.run, status))}")
    if log is not None and log.problem:
        st.error(f"{plain(one.name)}: {plain(log.problem)}")


def _buttons(one, status, begun):
    busy = status.state in BUSY
    if busy:
        st.button(
            "Pause", key=f"pause-{one.id}", on_click=visitor_runs.workers().pause, args=(one.run,), type="tertiary"
        )
    elif status.resumable:
        st.button("Resume", key=f"resume-{one.id}", on_click=resume, args=(one.run,), type="tertiary")
    if status.state == "running" or (begun and (busy or status.resumable)):  # of no step, there is nothing to keep
        why = "End here: keep the best weights, and look at the test set once."
        st.button("Stop training", key=f"stop-{one.id}", on_click=_stop, args=(one.run,), type="tertiary", help=why)
    elif one.run.model_path.is_file():
        if st.button(
            "Put on display", key=f"display-{one.id}", on_click=keep.display, args=([one.run],), type="tertiary"
        ):
            st.rerun()  # the sidebar has changed
        keep.save_as(one.run, "line")


def resume(run):
    """Callback: go on with a run."""
    try:
        visitor_runs.workers().submit(run)
    except RunError as error:
        keep.say(plain(error))


def _stop(run):
    try:
        visitor_runs.workers().stop(run)
    except (RunError, OSError) as error:
        keep.say(plain(error))


def _progress(status, log):
    """(share done, what stands beside the name)."""
    if log is None:
        return 0.0, "damaged"
    total = status.total_steps
    share = log.step / total if total else 0.0
    state = "▶ starting" if status.reason == "starting" else visitor_runs.describe(status)
    words = [state, f"step {log.step:,} of {total:,}" if total else "step 0"]
    if log.unconfirmed and status.state not in ("running", "queued"):  # while it trains, the next state is seconds away
        words.append(f"{log.unconfirmed:,} of them unconfirmed")
    if status.state == "running" and log.step > 1:
        words.append(f"{log.pace:,.0f} steps/s, {max(0, total - log.step) / log.pace:.0f} s left")
    elif status.state == "queued":
        words = [f"… {status.reason}"]
    elif status.test_total:
        words.append(f"test set: {status.test_correct} of {status.test_total} right")
    if log.accuracy is not None and not status.test_total:
        words.append(f"validation {log.accuracy:.1%} (epoch {log.epochs.rows:,})")
    return share, " · ".join(words)
