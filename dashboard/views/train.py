"""Train: set up, start, watch, and keep what comes out."""

import streamlit as st

from dashboard import desk
from dashboard.train import live, setup
from tinyformer.runs import RunError

RUNS = "run"  # key of the widget, and name in the URL

st.title("Train")
st.markdown("Watch transformers learn the task from nothing, each from its own random beginning, on the same data.")

configs, start = setup.draw()
if start and configs:
    try:
        started = desk.start(configs)
        st.session_state[RUNS] = [run.id for run in started]
    except (RunError, OSError) as error:
        st.error(f"Not started: {error}")

mine = {run.id: run for run in desk.my_runs()}
linked = {run_id: desk.linked(run_id) for run_id in st.query_params.get_all(RUNS) if run_id not in mine}
known = mine | {run_id: run for run_id, run in linked.items() if run is not None}
if RUNS not in st.session_state and not st.query_params.get_all(RUNS):
    st.session_state[RUNS] = [run.id for run in mine.values() if desk.status(run).state in live.BUSY][: desk.MOST_SHOWN]
st.session_state[RUNS] = [run_id for run_id in st.session_state.get(RUNS, []) if run_id in known]
chosen = st.multiselect(
    "Runs on this page",
    list(known),
    format_func=lambda run_id: desk.name(known[run_id]),
    key=RUNS,
    bind="query-params",
    max_selections=desk.MOST_SHOWN,
    placeholder="Start some above, or choose earlier ones",
)
shown = desk.with_looks([known[run_id] for run_id in chosen])
if shown:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layout = st.segmented_control(
            "Curves", [live.ONE_CHART, live.SMALL_MULTIPLES], default=live.ONE_CHART, required=True
        )
        log_scale = st.toggle("Logarithmic loss", value=True)
    live.draw(shown, layout, log_scale)
else:
    st.info("Press **Start training**: three models begin to learn side by side. It takes about ten seconds.")
