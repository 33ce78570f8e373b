"""Afterwards: all runs of this visitor as a table, and what can be done with those that are marked."""

import zlib
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import visitor_runs
from dashboard.plain_text import plain
from dashboard.train import keep, run_line
from tinyformer.runs import RunError

SHOWN = "_runs_shown"
COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True),
    "state": st.column_config.TextColumn("State"),
    "seed": st.column_config.NumberColumn("Seed", format="%d"),
    "validation": st.column_config.NumberColumn(
        "Best validation", format="percent", help="Best accuracy at the end of an epoch."
    ),
    "test": st.column_config.TextColumn(
        "Test set", width=95, help="Right answers of the test set, looked at once, at the end."
    ),
    "steps": st.column_config.NumberColumn("Steps"),
    "seconds": st.column_config.NumberColumn("Time", format="%.1f s", help="Spent in training steps."),
    "configuration": st.column_config.TextColumn(
        "Configuration", help="What differs from the defaults.", width="medium"
    ),
    "created": st.column_config.DatetimeColumn("Created", format="distance"),
}


def draw(runs, describe):
    """The table; under it, what can be done with the marked runs. `describe(config)`: its settings in a few words."""
    st.header("Your runs", anchor=False)
    if not runs:
        st.caption("What you train is listed here, with its results, to be compared, kept and deleted.")
        return
    frame = pd.DataFrame([_row(run, describe) for run in runs])
    # Marks are places, not runs: another list begins without any, lest one deletes what has moved to a marked place.
    key = f"runs-table-{zlib.crc32(' '.join(run.id for run in runs).encode())}"
    event = st.dataframe(frame, hide_index=True, column_config=COLUMNS, key=key, on_select="rerun",
                         selection_mode="multi-row", placeholder="")  # fmt: skip
    marked = [runs[i] for i in event.selection.rows]
    if marked:
        _actions(marked)
    else:
        st.caption(
            "Mark runs in the first column to show, display or delete them, a single one to save or download it. A "
            "click on a heading sorts."
        )


def _row(run, describe):
    status = visitor_runs.status(run)
    row = {
        "run": visitor_runs.name(run),
        "state": visitor_runs.describe(status),
        "configuration": visitor_runs.reason(run, status),
    }
    if status.state == "damaged":
        return row
    log = visitor_runs.log(run)
    return row | {
        "seed": run.config.seed,
        "validation": status.best_accuracy,
        "test": f"{status.test_correct} of {status.test_total}" if status.test_total else None,
        "steps": log.step,
        "seconds": log.seconds,
        "configuration": describe(run.config) or "as by default",
        "created": datetime.fromtimestamp(run.created, UTC),  # one without a zone would be taken for UTC
    }


def _actions(marked):
    """Buttons for the marked runs; those that fit one run only appear for one."""
    trained = [run for run in marked if run.model_path.is_file()]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button("Show above", on_click=show, args=([run.id for run in marked],))
        if trained:
            pressed |= st.button("Add to the models on display", on_click=keep.display, args=(trained,))
        waiting = [run for run in marked if visitor_runs.status(run).resumable]
        if waiting:
            pressed |= st.button("Resume", key="resume-marked", on_click=_resume, args=(waiting,))
        if len(marked) == 1 and trained:
            keep.save_as(marked[0], "marked", type="secondary")
            name, icon = f"{visitor_runs.name(marked[0])}.npz", ":material/download:"
            st.download_button("Checkpoint file", marked[0].model_path.read_bytes, name, "application/octet-stream",
                               icon=icon, on_click="ignore")  # fmt: skip
        if len(marked) == 1 and visitor_runs.status(marked[0]).state != "damaged":
            st.download_button("Metric log as CSV", lambda: marked[0].log().to_csv(),
                               f"{visitor_runs.name(marked[0])}.csv", "text/csv",
                               icon=":material/download:", on_click="ignore")  # fmt: skip
        with st.popover("Delete …"):
            names = ", ".join(plain(visitor_runs.name(run)) for run in marked)
            st.markdown(f"Delete **{names}** for good, with all that was learned?")
            pressed |= st.button("Yes, delete", type="primary", on_click=_delete, args=(marked,))
    if pressed:
        st.rerun()  # the rest of the page has changed, too


def show(run_ids):
    """Callback: put these runs on the page."""
    st.session_state[SHOWN] = run_ids[: visitor_runs.MOST_SHOWN]


def _resume(runs):
    for run in runs:
        run_line.resume(run)


def _delete(runs):
    for run in runs:
        try:
            if visitor_runs.status(run).state in run_line.BUSY:
                visitor_runs.workers().pause(run)
            run.delete()
        except (RunError, OSError) as error:
            keep.say(f"Not deleted: {plain(error)}")
