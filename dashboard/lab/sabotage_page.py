"""Sabotage: a bug switched on, four checks, and what three hundred steps of training make of it."""

import streamlit as st

from dashboard import caches, components, selection
from dashboard.charts import lab_lines
from dashboard.lab.rooms import NO_BUG
from dashboard.plain_text import plain
from tinyformer.laboratory.anatomy import as_float64
from tinyformer.laboratory.model_checks import CHECKS
from tinyformer.laboratory.sabotage import BUGS, sabotage
from tinyformer.laboratory.sabotage_race import SEEDS, STEPS, race, smoothed

CLEAN_LABEL = "Nothing: the layers as they are"
EXPLAINED = {
    "gradient check": "Backward against (f(x+h) − f(x−h)) / 2h, for every parameter, the input and the loss.",
    "reference value": "Attention weights and logits against a slow forward pass written independently.",
    "padding invariance": "A padded batch against each expression alone.",
    "repeated backward": "The gradients of one batch, twice: they have to be the same.",
}


def draw():
    """Choose a bug; see who notices; train with it."""
    st.markdown(
        "Real bugs, each put into a private copy of the model; the layers themselves stay as they are. "
        "No single check notices all of them, and **some bugs still learn**. That is why one checks."
    )
    row = st.container(horizontal=True, gap="large")  # one below the other where the page is narrow
    with row.container(width=290):
        key = st.radio(
            "Build it wrong",
            [NO_BUG, *BUGS],
            key="bug",
            persist_state="session",
            format_func=lambda key: CLEAN_LABEL if key == NO_BUG else BUGS[key].title,
        )
    key = None if key == NO_BUG else key
    with row.container(width=560):
        if key:
            bug = BUGS[key]
            st.header(bug.title, anchor=False)
            st.markdown(bug.what)
            st.code(f"- {bug.right}\n+ {bug.spoiled}", language="diff", wrap_lines=True)
            st.caption(f"Caught by the {bug.caught_by}.")
        else:
            st.header("All four checks pass", anchor=False)
            st.markdown("Choose a bug and see which of them turns red.")
        shown = selection.current().models[0]
        _results(_checked(shown.file, key), BUGS[key].caught_by if key else None)
        st.caption(f"On a double-precision copy of {plain(shown.name)}.")
    if key:
        _train(key)


@st.cache_resource(max_entries=64, show_spinner="Four checks …")
def _checked(file, key):
    """The CheckResults of a model with a bug in it."""
    model = as_float64(caches.checkpoint(file).model)
    return [check(*sabotage(model, key)) for check in CHECKS.values()]


def _results(results, expected):
    for result in results:
        if result.passed:
            st.success(
                f"**{result.name}** passed: "
                f"{f'off by at most {result.error:.0e}' if result.error else 'not a bit of difference'}",
                icon=":material/check_circle:",
            )
            continue
        begins = f" Coming back from the loss, it begins at `{result.begins}`." if result.begins else ""
        st.error(
            f"**{result.name}** failed: off by **{result.error:.2g}** (relative, {result.tolerance:.0e} is allowed) at "
            f"`{result.where}`: found {result.found:.4g}, expected {result.expected:.4g}.{begins}",
            icon=":material/error:",
        )
    with st.expander("What the four checks do"):
        st.markdown("\n".join(f"- **{name}**: {text}" for name, text in EXPLAINED.items()))
    if expected and not any(result.name == expected and not result.passed for result in results):
        st.warning(f"The {expected} should have caught this: please report it.")


@st.fragment
def _train(key):
    """One click: 300 steps with and without, the same weights and batches."""
    st.header("Does it learn all the same?", anchor=False)
    done = st.session_state.setdefault("_races", set())
    if st.button(f"Train {STEPS} steps with and without the bug", type="primary", key="race") or key in done:
        done.add(key)
        pairs = _raced(key)
        clean, spoiled = pairs.clean[0], pairs.spoiled[0]
        curves = {"without the bug": smoothed(clean.losses), "with it": smoothed(spoiled.losses)}
        figure = lab_lines.lines(
            lab_lines.together(curves, first=1), "Loss, mean of the last 10 steps, seed 42", "step", "nats", height=260
        )
        components.draw(figure, key="race-curves", stretch=True)
        columns = st.columns(3)
        columns[0].metric("Right on the validation side, without", _accuracies(pairs.clean))
        columns[1].metric("with the bug", _accuracies(pairs.spoiled))
        if spoiled.stopped:
            columns[2].metric("The loss stopped being a number at step", spoiled.stopped)
        st.caption(
            f"{len(SEEDS)} seeds, each with the same first weights and batches with and without, Adam at 0.001, "
            f"{STEPS} steps of the default model. With the bug {pairs.better} of them are right more often and "
            f"{pairs.worse} less often; a coin would split them at least as unevenly in {pairs.chance:.0%} of all "
            "cases."
            + (" Expressions of two to four numbers, so that there is padding." if BUGS[key].num_args != 3 else "")
        )
        if key == "no_residual":
            st.info(
                "In a model of two layers the missing path does no harm that a curve would show. A deep one shows it "
                "at once: with eight layers, mean over six seeds, about nine of ten are right after as many steps with "
                "the path, and fewer than half without."
            )


def _accuracies(curves):
    """The mean over the seeds, with the least and the greatest."""
    shares = [curve.accuracy for curve in curves]
    return f"{sum(shares) / len(shares):.1%} ({min(shares):.0%} to {max(shares):.0%})"


@st.cache_resource(max_entries=16, show_spinner=f"Training {2 * len(SEEDS)} models, {STEPS} steps each …")
def _raced(key):
    return race(key)
