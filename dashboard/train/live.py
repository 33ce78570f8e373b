"""The runs that are watched: how each one stands, what can be done with it, and its curves, growing."""

import streamlit as st

from dashboard import components, questions, visitor_runs
from dashboard.charts import live as charts
from dashboard.train import keep, run_line
from dashboard.train.run_line import BUSY

SECONDS = 0.5  # between two looks, while something trains
ONE_CHART, SMALL_MULTIPLES = "one chart", "one for each run"
WIDTHS = {1: 452, 2: 452, 3: 298}  # of a chart, by the number of them in a row; more than three: 221
MOST_MARKS, MOST_SMALL_MARKS = 80, 40  # on a line, and on one in a small chart: more cannot be told apart
HOW_TO_READ = (
    "Thin: the expressions it trains on, step by step. Thick, with marks: expressions it never trains on, once an "
    "epoch; where more than fit, means over equal stretches. Loss is −ln of the probability given to the right answer; "
    "guessing among ten digits costs 2.3."
)


def draw(shown, layout, log_scale):
    """Draw the runs; as long as one of them trains, again and again."""
    st.html(run_line.STYLE)
    busy = any(visitor_runs.status(one.run).state in BUSY for one in shown)
    st.fragment(_draw, run_every=SECONDS if busy else None)(shown, layout, log_scale, busy)


def _draw(shown, layout, log_scale, was_busy):
    statuses = {one.id: visitor_runs.status(one.run) for one in shown}
    if was_busy != any(status.state in BUSY for status in statuses.values()):
        st.rerun()  # the rest of the page wants to know, and the fragment may rest or begin to look again
    logs = {one.id: visitor_runs.log(one.run) for one in shown if statuses[one.id].state != "damaged"}
    for one in shown:
        run_line.draw(one, statuses[one.id], logs.get(one.id))
    _curves([one for one in shown if one.id in logs], logs, layout, log_scale)
    keep.read_out()  # last: a button above may have asked for a rerun, which would take what was said down with it


def rows_of(shown, logs, column):
    """Rows for charts.learning: a column of the step log, and of the epoch log."""
    rows = []
    for one in shown:
        rows += _points(one, charts.TRAINING, logs[one.id].step_curve(column))
        rows += _points(one, charts.HELD_OUT, logs[one.id].epoch_curve(column, MOST_MARKS))
    return rows


def _points(one, series, curve):
    return [(one.name, series, step, value) for step, value in zip(*(a.tolist() for a in curve), strict=True)]


def _curves(shown, logs, layout, log_scale):
    if not shown:
        return
    kinds = (
        ("loss", "Loss", "loss (nats)", {"log": log_scale}),
        ("accuracy", "Accuracy", "accuracy", {"domain": (0, 1)}),
    )
    groups = [shown] if layout == ONE_CHART else [[one] for one in shown]
    width, height = WIDTHS.get(len(groups), 221), 220 if len(groups) == 1 else 150
    with st.container(horizontal=len(groups) == 1, gap="small"):
        for column, title, y_title, how in kinds:
            with st.container(horizontal=True, gap="small", width="stretch" if len(groups) > 1 else "content"):
                for place, group in enumerate(groups):
                    name = title if len(groups) == 1 else f"{title}, {group[0].name}"
                    figure = charts.learning(rows_of(group, logs, column), [one.triple for one in group], name, y_title,
                                             width=width - 77, height=height, **how)  # fmt: skip
                    with st.container(width=width):
                        components.draw(figure, key=f"{column}-{place}")
    st.caption(HOW_TO_READ)
    _per_operation(shown, logs)


def _per_operation(shown, logs):
    with st.container(horizontal=True, gap="small"):
        operations = [operation for one in shown for operation in one.run.config.operations]
        for operation, title in questions.titles(operations).items():
            knowing = [one for one in shown if operation in one.run.config.operations]
            curves = [(one, logs[one.id].epoch_curve(operation.name, MOST_SMALL_MARKS)) for one in knowing]
            rows = [point for one, curve in curves for point in _points(one, charts.HELD_OUT, curve)]
            figure = charts.learning(rows, [one.triple for one in knowing], f"{title}, held out", "accuracy",
                                     domain=(0, 1), width=100, height=100, training=False)  # fmt: skip
            with st.container(width=172):
                components.draw(figure, key=f"operation-{title}")
