"""The runs that are watched: their curves, growing, how each one stands, and what can be done with it."""

import contextlib
import time

import streamlit as st

from dashboard import components, glossary, visitor_runs
from dashboard.charts import live as charts
from dashboard.train import curves, keep, player, run_line
from dashboard.train.run_line import BUSY

SOON = 0.3  # seconds between two looks, until there is a curve
PATIENCE = 1.0  # seconds that such a look waits for one: drawing what is empty again would keep both cores from it
SECONDS, LATER = 1.0, 2.0  # between two while it grows, first and after MANY steps: each takes from the training
MANY = 1000  # not much moves after them on a logarithmic axis
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
    """Draw the runs; as long as one of them trains, again and again → whether it is time for the rest of the page.

    That waits for the first curve, which would wait for it otherwise.
    """
    st.html(run_line.STYLE + STYLE)
    pace = pace_of(shown)
    place, how = st.container(), _options(busy=pace is not None)  # options are not drawn again and again
    with place:
        st.fragment(_draw, run_every=pace)(shown, pace, how, set())
    return pace != SOON


def pace_of(shown):
    """Seconds between two looks; None where nothing trains."""
    states = {one.id: visitor_runs.status(one.run).state for one in shown}
    if not any(state in BUSY for state in states.values()):
        return None
    steps = {one.id: visitor_runs.log(one.run).step for one in shown if states[one.id] != "damaged"}
    if "running" in states.values() and not any(steps.values()):
        return SOON
    return LATER if all(step > MANY for name, step in steps.items() if states[name] in BUSY) else SECONDS


def _play():
    st.session_state[player.CLOSER] = player.FORM
    player.begin()


def _options(busy):
    """How the curves are drawn, below them → {name: value}; and, where they have come to an end, to play them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        layout = st.segmented_control("Curves", [ONE_CHART, SMALL_MULTIPLES, MEAN], default=ONE_CHART, required=True,
                                      key="curves", bind="query-params", label_visibility="collapsed")  # fmt: skip
        if not busy:
            st.button("▶ Play it", on_click=_play, help="Its attention, answers and accuracy as it formed.")
        log = st.toggle("Logarithmic loss", value=True, key="log", bind="query-params")
        log_steps = st.toggle("Logarithmic steps", value=True, key=LOG_STEPS, bind="query-params")
    return {"layout": layout, "log": log, "log_steps": log_steps}


def _draw(shown, was, how, seen):
    """was: the pace at which it is called. seen: whether the looks before this one found a curve: a rerun at once would
    overtake the first."""
    deadline = time.monotonic() + PATIENCE
    while was == SOON and seen and pace_of(shown) == SOON and time.monotonic() < deadline:
        time.sleep(0.02)
    statuses = {one.id: visitor_runs.status(one.run) for one in shown}
    sound = [one for one in shown if statuses[one.id].state != "damaged"]
    logs = {one.id: visitor_runs.log(one.run) for one in sound}
    looks = {one.id: one.run.looks() for one in sound}
    pace = pace_of(shown)
    if (was is None) != (pace is None) or (True in seen and was != pace):
        st.rerun()  # the rest of the page wants to know, and it may look less often, or not at all
    begun = any(log.step for log in logs.values())
    first = begun and True not in seen
    seen.add(begun)
    if sound:
        _curves(sound, logs, looks, how)
    for one in shown:
        run_line.draw(one, statuses[one.id], logs.get(one.id))
    keep.read_out()  # last: a button above may have asked for a rerun, which would take what was said down with it
    if first and was == SOON:  # the next look is due, and what has not left for the browser when it begins never does
        time.sleep(SOON)


def _curves(shown, logs, looks, how):
    """Loss and accuracy side by side; or a row of each, with one chart for each run."""
    groups = [[one] for one in shown] if how["layout"] == SMALL_MULTIPLES else [shown]
    width, height = WIDTHS.get(len(groups), 215), 210 if len(groups) == 1 else 130
    longest, figures = 1, {}  # all of them first: what comes together, the browser draws once
    for column, title, y_title in KINDS:
        rows = {}
        for one in shown:
            rows[one.id], length = curves.training(one, logs[one.id], column)
            rows[one.id] += curves.validation(one, logs[one.id], looks[one.id], column)
            longest = max(longest, length)
        frame = curves.corners(curves.joined(rows.values())) if len(groups) > 1 else []
        kind = {"log": how["log"]} if column == "loss" else {"domain": (0, 1)}
        for place, group in enumerate(groups):
            runs, own = _lines(group, rows, how["layout"])
            name = title if len(groups) == 1 else f"{title}, {group[0].name}"
            name += f", {MEAN}" if how["layout"] == MEAN else ""
            figures[column, place] = charts.learning(own, runs, name, y_title, height=height, frame=frame,
                                                     log_steps=how["log_steps"], **kind)  # fmt: skip
    with st.container(horizontal=len(groups) == 1, gap="small"):
        for column, *_ in KINDS:
            with st.container(horizontal=True, gap="small") if len(groups) > 1 else contextlib.nullcontext():
                for place in range(len(groups)):
                    with st.container(width=width, key=f"curve-{column}-{place}"):
                        components.draw(figures[column, place], key=f"{column}-{place}", stretch=True)
    epochs = max(map(curves.epochs_of_a_mark, logs.values()))
    glossary.note(explanation(longest, epochs, looks, how["layout"]))


def _lines(group, rows, layout):
    """([(name, color, shape)] of the lines in a chart, their rows)."""
    if layout != MEAN:
        return [one.triple for one in group], curves.joined(rows[one.id] for one in group)
    runs, lines = [], []
    for family in curves.families(group):
        name = ", ".join(filter(None, [family[0].family, f"mean of {len(family)} seeds"]))
        name = family[0].name if len(family) == 1 else name
        runs.append((name, *family[0].triple[1:]))
        lines += curves.mean_and_band(name, curves.joined(rows[one.id] for one in family))
    return runs, lines


def explanation(longest, epochs, looks, layout):
    """What the curves are, for `glossary.note`. longest, epochs: the most steps of a point, epochs of a mark; looks
    {id of a run: LookLog}."""
    point = f"means of up to {longest} steps" if longest > 1 else "each step"
    point += ", in a band from the least to the greatest" if longest > 1 and layout != MEAN else ""
    seeds = (
        "Runs that differ by their seed alone are one line: their mean, in a band from the lowest value of a seed to "
        "the highest. Others stand as they are. "
    )
    means = f" (means of up to {epochs})" if epochs > 1 else ""
    asked = curves.asked(looks.values())
    part = f", between epochs on {asked} of it, drawn once" if asked else ""
    return (
        f"Thin: {{loss}} or accuracy on the examples it learns from, {point}. Thick, with marks: "
        f"{{validation|on validation}}, after each {{epoch}}{means}{part}. {seeds if layout == MEAN else ''}Guessing "
        "among ten digits has a loss of 2.3. Point to read all curves; drag to move, Shift and wheel to zoom, "
        "double-click to go back."
    )
