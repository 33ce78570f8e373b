"""Charts: pure functions from arrays to a `Figure`. No Streamlit here, so each can be tested and used in a notebook.

A chart has two halves. Its *spec* depends on the structure only (how many tokens, how large): Altair builds it once and
it stays cached. Its *data* is a small frame that changes with each click; the browser then moves marks instead of
building the chart anew.

Where a chart is built often, its channels are written out, `text=alt.Text("label:N")`: of a bare "label:N" Altair looks
through its whole schema for what it may be, 5 ms each time.
"""

from dashboard.charts.figure import Figure

__all__ = ["Figure"]
