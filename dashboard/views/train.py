"""Train: set up, start, watch, and keep what comes out."""

import streamlit as st

from dashboard import selection, visitor_runs, visitors
from dashboard.plain_text import plain
from dashboard.train import honesty, keep, live, one_step, rules, setup, table, watch, what_if
from tinyformer.cli.options import command_words
from tinyformer.runs import RunError

SHOWN = table.SHOWN  # ids of the runs on this page, a widget's state; in the URL as ?run=…&run=…
KEPT = "_runs_kept"  # the same, for when one comes back from another page

st.title("Train")
st.markdown(
    "Watch transformers learn to work out expressions such as Max ( 5 3 9 ) → 9 from nothing, each from its own random "
    "beginning, on the same data. Which operations they learn is up to you."
)

configs, start = setup.draw()
seed = configs[0].seed if configs else 42
experiment = what_if.draw(seed, setup.fold)
try:
    if start:
        st.session_state[SHOWN] = [run.id for run in visitor_runs.start(configs)]
    elif experiment:
        st.session_state[SHOWN] = [run.id for run in what_if.start(experiment, seed)]
except (RunError, OSError) as error:
    st.error(f"Not started: {plain(error)}")

mine = {run.id: run for run in visitor_runs.my_runs()}
if SHOWN not in st.session_state:  # a link, a reload, a return, or else what trains at this moment
    training = [run_id for run_id, run in mine.items() if visitor_runs.status(run).state in live.BUSY]
    wanted = st.query_params.get_all("run") or st.session_state.get(KEPT) or training
    st.session_state[SHOWN] = wanted[: visitor_runs.MOST_SHOWN]
asked = list(st.session_state[SHOWN])
if asked == st.session_state.get(KEPT, asked):  # else something was chosen since, and the link is out of date
    asked = list(dict.fromkeys([*asked, *st.query_params.get_all("run")]))[: 2 * visitor_runs.MOST_SHOWN]
linked = {run_id: visitor_runs.linked(run_id) for run_id in asked if run_id not in mine}
known = mine | {run_id: run for run_id, run in linked.items() if run is not None}
st.session_state[SHOWN] = [run_id for run_id in st.session_state[SHOWN] if run_id in known]
if missing := [run_id for run_id in asked if run_id not in known]:
    st.warning(f"There is no run {', '.join(map(plain, missing))}. It may have been deleted.")
chosen = st.multiselect(
    "Runs on this page",
    list(known),
    format_func=lambda run_id: visitor_runs.name(known[run_id]),
    key=SHOWN,
    max_selections=visitor_runs.MOST_SHOWN,
    placeholder="Start some above, or choose earlier ones",
)
st.session_state[KEPT] = chosen
if [*chosen, *missing] != st.query_params.get_all("run"):  # a link stays as it is
    st.query_params["run"] = [*chosen, *missing]

looks = {model.name: model.style for model in selection.current().models}
shown = visitor_runs.with_looks([known[run_id] for run_id in chosen], looks)
if shown:
    what_if.remind(shown)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layouts = [live.ONE_CHART, live.SMALL_MULTIPLES]
        layout = st.segmented_control(
            "Curves", layouts, default=live.ONE_CHART, required=True, key="curves", bind="query-params"
        )
        log_scale = st.toggle("Logarithmic loss", value=True, key="log", bind="query-params")
    live.draw(shown, layout, log_scale)
    honesty.draw(shown)
    rules.draw(shown)
    closer = st.segmented_control(
        "Look closer", ["Watch it form", "One step under the microscope"], key="closer", bind="query-params"
    )
    if closer == "Watch it form":
        watch.draw(shown, selection.current().expression)
    elif closer:
        one_step.draw(shown)
else:
    st.info("Press **Start training**: three models begin to learn side by side. The curves appear within seconds.")

table.draw(list(mine.values()), lambda config: " ".join(command_words(config, seed=False)))
st.caption(visitors.mode())
keep.read_out()
