"""The runs that are watched: their curves, growing, how each one stands, and what can be done with it."""

import contextlib
import itertools

import streamlit as st

from dashboard import components, glossary, questions, visitor_runs
from dashboard.charts import live as charts
from dashboard.plain_text import plain
from dashboard.train import curves, keep, player, run_line
from dashboard.train.run_line import BUSY

SECONDS = 0.5  # between two looks, while something trains
ONE_CHART, SMALL_MULTIPLES, MEAN = "one chart", "one for each run", "mean over seeds"
WIDTHS = {1: 440, 2: 440, 3: 290}  # of a chart at least, by the number of them in a row; more than three: 215
STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-curve-"]) {flex: 1 0 auto; max-width: 100%}
[class*="st-key-curve-"] {width: 100%; max-width: 100%}
[data-testid="stLayoutWrapper"]:has(> [class*="st-key-curve-operation-"]) {max-width: 240px}
</style>"""
LOG_STEPS = "logsteps"  # key of its widget
KINDS = (("loss", "Loss", "loss (nats)"), ("accuracy", "Accuracy", "accuracy"))


def draw(shown):
    """Draw the runs; as long as one of them trains, again and again."""
    st.html(run_line.STYLE + STYLE)
    busy = any(visitor_runs.status(one.run).state in BUSY for one in shown)
    st.fragment(_draw, run_every=SECONDS if busy else None)(shown, busy)


def draw_operations(shown):
    """A small chart for each operation, and which comes last; growing, too."""
    busy = any(visitor_runs.status(one.run).state in BUSY for one in shown)
    st.fragment(_operations, run_every=2 * SECONDS if busy else None)(shown)


def _play():
    st.session_state[player.CLOSER] = player.FORM
    player.begin()


def options(busy):
    """How the curves are drawn, below them → {name: value}; and, where they have come to an end, to play them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        layout = st.segmented_control("Curves", [ONE_CHART, SMALL_MULTIPLES, MEAN], default=ONE_CHART, required=True,
                                      key="curves", bind="query-params", label_visibility="collapsed")  # fmt: skip
        if not busy and st.button(
            "▶ Play it", on_click=_play, help="Its attention, answers and accuracy as it formed."
        ):
            st.rerun()  # the player is below
        log = st.toggle("Logarithmic loss", value=True, key="log", bind="query-params")
        log_steps = st.toggle("Logarithmic steps", value=True, key=LOG_STEPS, bind="query-params")
    return {"layout": layout, "log": log, "log_steps": log_steps}


def _draw(shown, was_busy):
    statuses = {one.id: visitor_runs.status(one.run) for one in shown}
    if was_busy != any(status.state in BUSY for status in statuses.values()):
        st.rerun()  # the rest of the page wants to know, and the fragment may rest or begin to look again
    sound = [one for one in shown if statuses[one.id].state != "damaged"]
    logs, looks = _read(sound)
    place = st.container(gap="small")
    for one in shown:
        run_line.draw(one, statuses[one.id], logs.get(one.id))
    how = options(was_busy)
    with place:
        if sound:
            _curves(sound, logs, looks, how)
    keep.read_out()  # last: a button above may have asked for a rerun, which would take what was said down with it


def _read(shown):
    return {one.id: visitor_runs.log(one.run) for one in shown}, {one.id: one.run.looks() for one in shown}


def _curves(shown, logs, looks, how):
    """Loss and accuracy side by side; or a row of each, with one chart for each run."""
    groups = [[one] for one in shown] if how["layout"] == SMALL_MULTIPLES else [shown]
    width, height = WIDTHS.get(len(groups), 215), 210 if len(groups) == 1 else 130
    longest = 1
    with st.container(horizontal=len(groups) == 1, gap="small"):
        for column, title, y_title in KINDS:
            rows = {}
            for one in shown:
                rows[one.id], length = curves.training(one, logs[one.id], column)
                rows[one.id] += curves.validation(one, logs[one.id], looks[one.id], column)
                longest = max(longest, length)
            frame = curves.corners(_joined(rows.values())) if len(groups) > 1 else []
            kind = {"log": how["log"]} if column == "loss" else {"domain": (0, 1)}
            with st.container(horizontal=True, gap="small") if len(groups) > 1 else contextlib.nullcontext():
                for place, group in enumerate(groups):
                    runs, own = _lines(group, rows, how["layout"])
                    name = title if len(groups) == 1 else f"{title}, {group[0].name}"
                    name += f", {MEAN}" if how["layout"] == MEAN else ""
                    figure = charts.learning(own, runs, name, y_title, height=height, frame=frame,
                                             log_steps=how["log_steps"], **kind)  # fmt: skip
                    with st.container(width=width, key=f"curve-{column}-{place}"):
                        components.draw(figure, key=f"{column}-{place}", stretch=True)
    _how_to_read(longest, looks)


def _lines(group, rows, layout):
    """([(name, color, shape)] of the lines in a chart, their rows)."""
    if layout != MEAN:
        return [one.triple for one in group], _joined(rows[one.id] for one in group)
    runs, lines = [], []
    for family in curves.families(group):
        name = ", ".join(filter(None, [family[0].family, f"mean of {len(family)} seeds"]))
        name = family[0].name if len(family) == 1 else name
        runs.append((name, *family[0].triple[1:]))
        lines += curves.mean_and_band(name, _joined(rows[one.id] for one in family))
    return runs, lines


def _joined(lists):
    return list(itertools.chain.from_iterable(lists))


def _how_to_read(longest, looks):
    point = f"means of up to {longest} steps, in a band from the least to the greatest" if longest > 1 else "each step"
    asked = sorted({int(n) for seen in looks.values() for n in seen.column("expressions")})
    part = f", between epochs on {' or '.join(map(str, asked))} of it, drawn once" if asked else ""
    glossary.note(
        f"Thin: the {{loss}} on the examples it learns from, {point}. Thick, with marks: {{validation|on validation}}, "
        f"after each {{epoch}}{part}. Guessing among ten digits has a loss of 2.3. Point to read all curves; drag to "
        "move, Shift and wheel to zoom, double-click to go back."
    )


def _operations(shown):
    shown = [one for one in shown if visitor_runs.status(one.run).state != "damaged"]
    logs, looks = _read(shown)
    rows = {}
    titles = questions.titles([operation for one in shown for operation in one.run.config.operations])
    with st.container(horizontal=True, gap="small"):
        for operation, title in titles.items():
            knowing = [one for one in shown if operation in one.run.config.operations]
            rows[title] = _joined(
                curves.validation(one, logs[one.id], looks[one.id], operation.name) for one in knowing
            )
            figure = charts.learning(rows[title], [one.triple for one in knowing], title, "accuracy",
                                     domain=(0, 1), height=90, training=False, hover=False,
                                     log_steps=st.session_state[LOG_STEPS])  # fmt: skip
            with st.container(width=150, key=f"curve-operation-{title}"):
                components.draw(figure, key=f"operation-{title}", stretch=True)
    if words := curves.arrivals(rows):
        counts = {sum(operation in one.run.config.operations for one in shown) for operation in titles}
        runs = f"{int(max(counts))} runs" if len(counts) == 1 else "its runs"
        whose = "" if counts == {1} else f" (median of {runs})"
        st.caption(f"Validation accuracy first reached {curves.GOAL:.0%}{whose}: {plain(words)}.")
