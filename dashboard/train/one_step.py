"""One step under the microscope: any run, any weights that were kept, any batch, any learning rate."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components
from dashboard.charts import one_step as charts
from dashboard.plain_text import plain
from dashboard.train.watch import data_of, snapshot
from tinyformer.laboratory import microscope
from tinyformer.runs import RunError

EXPLANATION = (
    "A gradient is a promise: after a small step downhill, the loss falls by η‖g‖², the learning rate times the "
    "squared length of the gradient. The longer the step, the less it holds; it counts as broken where it is off by "
    "more than half."
)
RATES = tuple(float(f"{rate:.2g}") for rate in np.geomspace(1e-4, 10, 26))
HELP = {
    "weights": "The weights as they were after this step of the run.",
    "batch": "1 is the batch that the run itself took next; 2 the one after that, and so on.",
    "rate": "Of one plain step downhill: the weights minus η times the gradient.",
}


@st.fragment
def draw(shown):
    """The section, for one of the runs on the page."""
    st.caption(EXPLANATION)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = {one.name: one for one in shown if one.run.snapshot_steps()}
        if not names:
            st.caption("The first weights will be here in a moment.")
            return
        one = names[st.selectbox("Run", list(names), width=220, key="of", bind="query-params")]
        steps = one.run.snapshot_steps()
        with st.container(width=260):
            step = st.select_slider("Weights after step", steps, value=steps[len(steps) // 2], key="weights",
                                    format_func="{:,}".format, help=HELP["weights"], bind="query-params")  # fmt: skip
        number = st.number_input(
            "Batch", 1, 1000, 1, width=110, help=HELP["batch"], key="batch-number", bind="query-params"
        )
        if "eta" not in st.session_state and "eta" not in st.query_params:
            st.session_state["eta"] = _below_its_break(one.run, step, number)
        with st.container(width=260):
            rate = st.select_slider("Learning rate η", RATES, format_func="{:g}".format, help=HELP["rate"],
                                    key="eta", bind="query-params")  # fmt: skip
    try:
        _draw(one.run, step, number, rate)
    except RunError as error:
        st.warning(plain(error))


def _below_its_break(run, step, number):
    """The largest learning rate at which the promise still holds; the least where that is none, or not known."""
    try:
        batch = microscope.batch_of(run.config, data_of(run.config), step + number)
        breaks_at = microscope.descend(snapshot(run, step), batch, RATES).breaks_at
    except RunError:
        breaks_at = None
    return max((rate for rate in RATES if breaks_at and rate < breaks_at), default=RATES[0])


def _draw(run, step, number, rate):
    batch = microscope.batch_of(run.config, data_of(run.config), step + number)
    model = snapshot(run, step)
    taken, descent = microscope.take_step(model, batch, rate), microscope.descend(model, batch, RATES)
    with st.container(horizontal=True, gap="medium"):
        for title, value, delta in (
            ("Loss before", f"{taken.loss_before:.4f}", None),
            ("Loss after", f"{taken.loss_after:.4f}", None),
            ("Promised change, −η‖g‖²", f"{taken.predicted_change:+.4f}", None),
            ("True change", f"{taken.true_change:+.4f}", None),
            ("The promise breaks at η ≈", f"{descent.breaks_at:g}" if descent.breaks_at else f"> {RATES[-1]:g}", None),
        ):
            st.metric(title, value, delta, width="content")
    with st.container(horizontal=True, gap="small"):
        with st.container(width=452):
            figure = charts.descent(descent.rates, descent.predicted, descent.true, rate, descent.breaks_at)
            components.draw(figure, key="step-descent")
        with st.container(width=452):
            _batch_table(batch, taken)
    names = [_in_words(layer.name) for layer in taken.layers]
    with st.container(horizontal=True, gap="small"):
        with st.container(width=452):
            norms = charts.layers(names, [layer.gradient_norm for layer in taken.layers], "Gradient norm of each layer")
            components.draw(norms, key="step-norms")
        with st.container(width=452):
            ratios = [layer.update_ratio for layer in taken.layers]
            components.draw(charts.layers(names, ratios, "Update / weight, ‖ηg‖ / ‖w‖", usual=1e-3), key="step-ratios")


def _in_words(name):
    """ "blocks.0.attention.qkv" → "layer 1 · attention, qkv": counted from 1, as on the other pages."""
    words = name.split(".")
    if words[0] == "blocks":
        return f"layer {int(words[1]) + 1} · {', '.join(words[2:])}".replace("_", " ")
    return name.replace("_", " ")


def _batch_table(batch, taken):
    """Each expression of the batch, with its answers before and after."""
    rows, task = np.arange(len(batch.targets)), batch.task
    frame = pd.DataFrame({
        "expression": [task.detokenize(tokens[mask]) for tokens, mask in zip(batch.tokens, batch.mask, strict=True)],
        "answer": [task.vocabulary[target] for target in batch.targets],
        "before": [task.vocabulary[token] for token in taken.before.argmax(axis=1)],
        "p before": taken.before[rows, batch.targets],
        "after": [task.vocabulary[token] for token in taken.after.argmax(axis=1)],
        "p after": taken.after[rows, batch.targets],
    })  # fmt: skip
    names = {"p before": "p(right)", "p after": "p(right) after"}
    columns = {key: st.column_config.NumberColumn(name, format="percent", width=70) for key, name in names.items()}
    st.dataframe(frame, hide_index=True, height=290, column_config=columns)
