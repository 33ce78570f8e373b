"""Which operation comes last: a small chart of validation accuracy for each, growing with the runs."""

import streamlit as st

from dashboard import components, questions, visitor_runs
from dashboard.charts import live as charts
from dashboard.plain_text import plain
from dashboard.train import curves
from dashboard.train.live import LOG_STEPS


def draw(shown):
    """The charts, and a line that says when each operation came."""
    shown = [one for one in shown if visitor_runs.status(one.run).state != "damaged"]
    seen = {one.id: (visitor_runs.log(one.run), one.run.looks()) for one in shown}
    rows, figures = {}, {}  # all of them first: what comes together, the browser draws once
    titles = questions.titles([operation for one in shown for operation in one.run.config.operations])
    for operation, title in titles.items():
        knowing = [one for one in shown if operation in one.run.config.operations]
        rows[title] = curves.joined(curves.validation(one, *seen[one.id], operation.name) for one in knowing)
        figures[title] = charts.learning(rows[title], [one.triple for one in knowing], title, "accuracy",
                                         domain=(0, 1), height=90, training=False, hover=False,
                                         log_steps=st.session_state[LOG_STEPS])  # fmt: skip
    with st.container(horizontal=True, gap="small"):
        for title, figure in figures.items():
            with st.container(width=150, key=f"curve-operation-{title}"):
                components.draw(figure, key=f"operation-{title}", stretch=True)
    if words := curves.arrivals(rows):
        counts = {sum(operation in one.run.config.operations for one in shown) for operation in titles}
        runs = f"{int(max(counts))} runs" if len(counts) == 1 else "its runs"
        whose = "" if counts == {1} else f" (median of {runs})"
        asked = curves.asked(looks for _, looks in seen.values())
        part = f" Between epochs, each run is asked {plain(asked)} expressions of its validation side."
        st.caption(
            f"Validation accuracy first reached {curves.GOAL:.0%}{whose}: {plain(words)}.{part if asked else ''}"
        )
