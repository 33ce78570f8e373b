"""The head line: one row of figures per model, the best one marked, and what needs no transformer below."""

import pandas as pd
import streamlit as st

from dashboard import caches

PERCENT = st.column_config.NumberColumn(format="%.2f%%")


def draw(models):
    """Held-out accuracy and all the rest, of each model, on the expressions of three digits."""
    reports = [caches.figures(shown.file) for shown in models]
    st.dataframe(
        table(models, reports),
        hide_index=True,
        key="head",
        placeholder="",
        alt="The figures of each model",
        column_config={
            "model": st.column_config.TextColumn(pinned=True),
            "held out": st.column_config.NumberColumn(
                format="%.2f%%", help="Accuracy on the expressions kept out of training, about 500 of the 5,000"
            ),
            "all 5,000": PERCENT,
            "loss": st.column_config.NumberColumn(format="%.2g", help="Held out: mean cross-entropy in nats"),
            "calibration error": st.column_config.NumberColumn(
                format="%.2g", help="Held out: distance between how sure a model is and how often it is right"
            ),
            "parameters": st.column_config.NumberColumn(format="localized"),
            "training": st.column_config.NumberColumn(format="%.1f s", help="Seconds of training steps"),
        },
    )
    leaking = [shown.name for shown, one in zip(models, reports, strict=True) if one["leaks"]]
    if leaking:
        st.warning(
            f"{', '.join(leaking)}: trained on draws split at random, hence on some of what is called held out here."
        )


def table(models, reports):
    """One row per model, then one per baseline, on the held-out side of the first model."""
    score = [(one["sides"]["test"]["accuracy"] or 0, -(one["sides"]["test"]["loss"] or 0)) for one in reports]
    rows = []
    for shown, one, own in zip(models, reports, score, strict=True):
        best = "  ★ best" if len(models) > 1 and own == max(score) else ""
        rows.append(
            _accuracies(f"{shown.style.glyph} {shown.name}{best}", one["sides"]["test"], one["sides"]["all"])
            | {
                "loss": one["sides"]["test"]["loss"],
                "calibration error": one["sides"]["test"]["calibration_error"],
                "parameters": one["parameters"],
                "seed": one["seed"],
                "training": one["training_seconds"],
            }
        )
    for name, rule in reports[0]["sides"]["test"]["baselines"].items():
        rows.append(_accuracies(f"rule: {name}", rule, reports[0]["sides"]["all"]["baselines"][name]))
    frame = pd.DataFrame(rows)
    return frame.astype({"seed": "Int64", "parameters": "Int64"})


def _accuracies(name, test, whole):
    return {
        "model": name,
        "held out": None if test["accuracy"] is None else 100 * test["accuracy"],
        "95% interval": f"{test['low']:.1%} to {test['high']:.1%}",
        "wrong": f"{test['total'] - test['correct']} of {test['total']}",
        "all 5,000": 100 * whole["accuracy"],
    }
