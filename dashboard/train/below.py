"""What lies below the curves and grows with them: which operation comes last, and all runs as a table.

One look for both, half as often as at the curves: for each, Streamlit goes through the whole page in the browser.
"""

import streamlit as st

from dashboard import visitor_runs
from dashboard.train import arrivals, live, table
from dashboard.train.run_line import BUSY


def draw(shown, runs, describe):
    """shown: what is on the page. runs: all of this visitor. As long as one of them trains, again and again."""
    busy = any(visitor_runs.status(run).state in BUSY for run in [*runs, *(one.run for one in shown)])
    seconds = 2 * (live.pace_of(shown) or live.SECONDS)
    st.fragment(_draw, run_every=seconds if busy else None)(shown, runs, describe)


def _draw(shown, runs, describe):
    if shown:
        arrivals.draw(shown)
    table.draw(runs, describe)
