"""Train: the curves of what trains, and around them: set up, start, compare, look closer, keep what comes out."""

import streamlit as st

from dashboard import selection, visitor_runs, visitors
from dashboard.plain_text import plain
from dashboard.train import below, honesty, keep, labels, live, one_step, player, rules, setup, table, watch, what_if
from tinyformer.runs import RunError

SHOWN = table.SHOWN  # ids of the runs on this page, a widget's state; in the URL as ?run=…&run=…
KEPT = "_runs_kept"  # the same, for when one comes back from another page
MICROSCOPE = "One step under the microscope"

st.title("Train")
mine = {run.id: run for run in visitor_runs.my_runs()}
if SHOWN not in st.session_state:  # a link, a reload, a return, or else what trains at this moment, or ended last
    training = [run_id for run_id, run in mine.items() if visitor_runs.status(run).state in live.BUSY]
    latest = [run_id for run_id, run in mine.items() if visitor_runs.is_usable(run)][:1]
    wanted = st.query_params.get_all("run") or st.session_state.get(KEPT) or training or latest
    st.session_state[SHOWN] = wanted[: visitor_runs.MOST_SHOWN]
place_of_words = st.container()
configs, start = setup.draw(unfolded=not st.session_state[SHOWN])
try:
    if start:
        st.session_state[SHOWN] = [run.id for run in visitor_runs.start(configs)]
    elif chosen := st.session_state.pop(what_if.CHOSEN, None):
        st.session_state[SHOWN] = [run.id for run in what_if.start(*chosen)]
except (RunError, OSError) as error:
    st.error(f"Not started: {plain(error)}")

mine = {run.id: run for run in visitor_runs.my_runs()}
asked = list(st.session_state[SHOWN])
if asked == st.session_state.get(KEPT, asked):  # else something was chosen since, and the link is out of date
    asked = list(dict.fromkeys([*asked, *st.query_params.get_all("run")]))[: 2 * visitor_runs.MOST_SHOWN]
linked = {run_id: visitor_runs.linked(run_id) for run_id in asked if run_id not in mine}
known = mine | {run_id: run for run_id, run in linked.items() if run is not None}
chosen = st.session_state[SHOWN] = [run_id for run_id in st.session_state[SHOWN] if run_id in known]
if missing := [run_id for run_id in asked if run_id not in known]:
    st.warning(f"There is no run {', '.join(map(plain, missing))}. It may have been deleted.")
st.session_state[KEPT] = chosen
if [*chosen, *missing] != st.query_params.get_all("run"):  # a link stays as it is
    st.query_params["run"] = [*chosen, *missing]

others = [*selection.known_models(), *map(visitor_runs.name, reversed(mine.values()))]
shown = visitor_runs.with_looks([known[run_id] for run_id in chosen], others)
if shown:
    begun = live.draw(shown)
    what_if.draw(shown, setup.fold)
    what_if.remind(shown)
    honesty.draw(shown)
    rules.draw(shown)
    closer = st.segmented_control("Look closer", [player.FORM, MICROSCOPE], key=player.CLOSER, bind="query-params")
    if closer == player.FORM:
        watch.draw(shown, selection.current().expression)
    elif closer:
        one_step.draw(shown)
else:
    place_of_words.markdown(
        "Watch transformers learn to work out expressions such as Max ( 5 3 9 ) → 9 from nothing, each from its own "
        "random beginning, on the same data. Which operations they learn is up to you."
    )
    st.info("Press **Start training**: three models begin to learn side by side. The curves appear within seconds.")
if known:
    st.multiselect(
        "Runs on this page",
        list(known),
        format_func=lambda run_id: visitor_runs.name(known[run_id]),
        key=SHOWN,
        max_selections=visitor_runs.MOST_SHOWN,
        placeholder="Start some above, or choose earlier ones",
    )

if not shown or begun:
    below.draw(shown, list(mine.values()), labels.of_config)
st.caption(visitors.mode())
keep.read_out()
