"""View Known circuits: what each method of this page finds in models written by hand; and each view's line of it."""

import math

import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.sections import named
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.ground_truth.kinds import KINDS
from tinyformer.ground_truth.methods import METHODS
from tinyformer.ground_truth.published import published_scores
from tinyformer.ground_truth.scores import GROUPS, average

RECIPE = """\
from tinyformer.ground_truth.kinds import KINDS
from tinyformer.ground_truth.published import published_scores  # as `python -m tinyformer ground-truth` measured them
from tinyformer.ground_truth.scores import average
for one in average(published_scores(), list(KINDS)):
    print(one)"""
MEASURES = ("precision", "recall")
RULES = (
    "Methods that give parts or tokens a share of the whole name those with a twentieth of it, for one operation or in "
    "one expression; lens and probes name the stages after which they read right in a twentieth more of the "
    "expressions; the others have a rule of their own."
)
JOINT = (
    "*One path*: nothing stands in for anything else. *Backups and cancelling*: two heads do the same, or the second "
    "only where the first is silent, or one takes away what another wrote. Most methods that name heads, parts or "
    "edges miss a sleeping backup, and most name heads that only cancel each other, path patching too, though both can "
    "go."
)
CLEAN = (
    "These models are cleaner than trained ones: without a part that is not of the circuit the logit difference moves "
    "by less than a hundredth of itself, but where heads cancel each other and in the noisy kind."
)
MISSING = "The table of scores is not there; `python -m tinyformer ground-truth` measures them."


def scores():
    return _scores(str(shipped_folder()))


@st.cache_resource(max_entries=4, show_spinner=False)
def _scores(folder):
    return published_scores()


def draw(subjects, expression):
    if not scores():
        st.info(MISSING)
        return
    seeds = len({one.seed for one in scores()})
    st.markdown(
        f"**{len(KINDS)} kinds of models were written by hand, weight by weight, so that their circuit is known.** "
        f"Here is what each method of this page finds in {seeds} models of each kind, left to itself. {RULES}"
    )
    tables = [{(one.method, one.finds): one for one in average(scores(), kinds)} for kinds in GROUPS.values()]
    lines = [
        f"| {method} | {finds} | " + " | ".join(_both(table.get((method, finds))) for table in tables) + " |"
        for method, finds in tables[0]
    ]
    st.caption(
        "Mean precision · mean recall. A model in which a method names nothing has no precision, and is left out of it:"
    )
    st.html("<style>@media (min-width: 641px) {.st-key-known-table td:nth-child(n+3) {white-space: nowrap}}</style>")
    with st.container(key="known-table"):
        st.markdown("\n".join([f"| method | finds | {' | '.join(GROUPS)} |", "|---" * (2 + len(GROUPS)) + "|", *lines]))
    _by_kind()
    components.how_to_read(
        "Precision: how much of what is named belongs to the circuit. Recall: how much of the circuit is named. "
        "Edges are those of path patching, parts are heads and feed-forward layers; stages are those at which the "
        "answer is written; tokens those that a place depends on: the operation, and the number that stands there.\n\n"
        f"{JOINT}\n\n{CLEAN} What fails here is not to be believed there; what succeeds here may still fail there."
    )


def _both(one):
    return "–" if one is None else f"{_rate(one.precision)} · {_rate(one.recall)}"


def _rate(value):
    return "–" if math.isnan(value) else f"{value:.2f}"


def _by_kind():
    """Method × kind, one of the two measures."""
    measure = named("Measure", MEASURES, "known_measure")
    methods = [name for name in METHODS if any(one.method == name for one in scores())]
    of = {
        (name, kind): getattr(found[0], measure)
        for kind in KINDS for name in methods
        if (found := average([one for one in scores() if one.method == name], [kind]))
    }  # fmt: skip
    kinds = list(KINDS)
    figure = grid.grid(
        [[of.get((name, kind), math.nan) for kind in kinds] for name in methods], methods, range(1, len(kinds) + 1),
        told_columns=kinds, names=("method", "kind", measure), cell=19, height=22,
        title=f"{measure.capitalize()} by kind",
    )  # fmt: skip
    components.draw(figure, key="known")
    numbered = [f"{place} {kind}: {KINDS[kind].what}" for place, kind in enumerate(kinds, 1)]
    st.caption(f"Kinds: {'; '.join(numbered)}.")


def line(view):
    """Under a view: how far its methods found circuits that were known."""
    told = [_told(name) for name, method in METHODS.items() if view in method.views and scores()]
    if told:
        st.caption(
            "How far can one trust this? On models written by hand, whose circuit is known: "
            + "; ".join(filter(None, told)) + ". More under “Known circuits”."
        )  # fmt: skip


def _told(name):
    """A method in half a sentence: what it names, and the kind that it is worst on."""
    found = average([one for one in scores() if one.method == name])
    if not found:
        return ""
    one = found[0]
    worst = [
        f"{_rate(rate)} on “{kind}”" if rate < 1 else "" for kind, rate in (one.least_precise, one.least_complete)
    ]  # fmt: skip
    parts = [
        f"{measure} {_rate(value)}" + (f" (at worst {at})" if at else "")
        for measure, value, at in zip(MEASURES, (one.precision, one.recall), worst, strict=True)
    ]
    silent = f", and nothing in {one.silent} of {one.models} models" if one.silent else ""
    return f"**{name}** finds {one.finds} with {' and '.join(parts)}{silent}"
