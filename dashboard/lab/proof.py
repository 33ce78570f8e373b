"""The gradient check of a bench, live, with the worst element named."""

import streamlit as st

from tinyformer.laboratory import trials


def draw(bench, trial, cache_key):
    """The gradient check, with the worst element named."""
    instead, why = trial, ""
    if bench.softened:
        instead, factor = trials.softened(trial)
        if factor > 1:
            why = (
                f" Checked at x / {factor:.1f}: at x itself the model is so sure that its gradients are lost in the "
                "rounding of a numerical difference."
            )
    report = _report((bench.key, *cache_key), instead)
    place = f"{_as_drawn(bench, report.name)}[{', '.join(map(str, report.index))}]"
    says = "Exact" if report.passed else "WRONG"
    (st.success if report.passed else st.error)(
        f"**Gradient check: {says.lower()}.** {report.checked} derivatives compared with (f(x+h) − f(x−h)) / 2h. "
        f"The worst is off by **{report.error:.1e}** (relative), at `{place}`: "
        f"analytic {report.analytic:.6g}, numerical {report.numerical:.6g}."
        + (f" {report.kinks} at a kink of a ReLU were left out." if report.kinks else "")
        + why,
        icon=":material/check_circle:" if report.passed else ":material/error:",
    )


def _as_drawn(bench, name):
    """What the bench calls an array that the check calls "input" or "input 1"."""
    names = list(bench.hand.arrays) if bench.hand and len(bench.hand.arrays) > 1 else ["x"]
    number = name.removeprefix("input").strip()
    return names[int(number or 0)] if name.startswith("input") else name


@st.cache_resource(max_entries=256, show_spinner=False)
def _report(key, _trial):
    return _trial.check()
