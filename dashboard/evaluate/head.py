"""The head of the page: what there is to say in a sentence, and one row of figures per model."""

import pandas as pd
import streamlit as st

from dashboard import caches
from tinyformer.evaluation import best, finding

FAILS = (
    "Fails: less right, beyond chance, than at all lengths it was trained on, taken together (95% intervals that do "
    "not meet)."
)


def draw(models):
    """The finding, then held-out accuracy and all the rest, of each model."""
    reports = [caches.figures(shown.file) for shown in models]
    trained = [(shown, one) for shown, one in zip(models, reports, strict=True) if not shown.checkpoint.by_hand]
    names, of_trained = [shown.name for shown, _ in trained], [one for _, one in trained]
    first_line, held_out = st.empty(), finding.held_out(names, of_trained) if trained else ""
    first_line.text(held_out)
    st.dataframe(
        table(models, reports, best_of(models)),
        hide_index=True,
        key="head",
        placeholder="",
        alt="The figures of each model",
        column_config={
            "model": st.column_config.TextColumn(pinned=True),
            "held out": st.column_config.NumberColumn(
                format="%.2f%%", help="Accuracy on those of a model's expressions that were kept out of its training"
            ),
            _all(reports): st.column_config.NumberColumn(
                format="%.2f%%", help="All expressions of three numbers that it knows, or of the length nearest to it"
            ),
            "loss": st.column_config.NumberColumn(format="%.2g", help="Held out: mean cross-entropy in nats"),
            "calibration error": st.column_config.NumberColumn(
                format="%.2g", help="Held out: distance between how sure a model is and how often it is right"
            ),
            "parameters": st.column_config.NumberColumn(format="localized"),
            "training": st.column_config.NumberColumn(format="%.1f s", help="Seconds of training steps"),
            "fingerprint": st.column_config.TextColumn(
                help="Of architecture and weights: who has the same has the same model, whatever the file is called"
            ),
        },
    )
    if trained:
        beyond = finding.beyond(names, [caches.lengths(shown.file) for shown, _ in trained])  # a second, once
        first_line.text(" ".join(filter(None, (held_out, beyond))), help=FAILS if beyond else None)


def best_of(models):
    """The name of the model that is best beyond chance, or None."""
    wholes = [caches.whole_space(shown.file) for shown in models]
    place = best.best_of([shown.checkpoint for shown in models], wholes)
    return None if place is None else models[place].name


def table(models, reports, first=None):
    """One row per model, then one per baseline, on the held-out side of the first model. `first`: who is best."""
    rows, whole = [], _all(reports)
    asked = f", asked what {models[0].name} is asked" if len({shown.task for shown in models}) > 1 else ""
    for shown, one in zip(models, reports, strict=True):
        best_mark = "  ★ best" if shown.name == first else ""
        rows.append(
            _accuracies(
                f"{shown.style.glyph} {shown.name}{best_mark}", one["sides"]["test"], one["sides"]["all"], whole
            )
            | ({"held out": None, "95% interval": "written by hand", "wrong": ""} if shown.checkpoint.by_hand else {})
            | {
                "loss": None if shown.checkpoint.by_hand else one["sides"]["test"]["loss"],
                "calibration error": None if shown.checkpoint.by_hand else one["sides"]["test"]["calibration_error"],
                "parameters": one["parameters"],
                "seed": one["seed"],
                "training": one["training_seconds"],
                "fingerprint": one["fingerprint"],
            }
        )
    for name, rule in reports[0]["sides"]["test"]["baselines"].items():
        rows.append(_accuracies(f"rule: {name}{asked}", rule, reports[0]["sides"]["all"]["baselines"][name], whole))
    frame = pd.DataFrame(rows)
    return frame.astype({"seed": "Int64", "parameters": "Int64"})


def _all(reports):
    """What the whole space is called: with its size, where that is the same for all."""
    totals = {one["sides"]["all"]["total"] for one in reports}
    return f"all {totals.pop():,}" if len(totals) == 1 else "whole space"


def _accuracies(name, test, everything, whole):
    return {
        "model": name,
        "held out": None if test["accuracy"] is None else 100 * test["accuracy"],
        "95% interval": f"{test['low']:.1%} to {test['high']:.1%}",
        "wrong": f"{test['total'] - test['correct']} of {test['total']}",
        whole: 100 * everything["accuracy"],
    }
