"""For runs whose split leaks: whether their test looks better than the model is, and by how much."""

from functools import lru_cache

import streamlit as st

from dashboard.plain_text import plain
from tinyformer import CheckpointError, load_checkpoint
from tinyformer.evaluation.leak import measure_leak


@lru_cache(maxsize=64)
def _leak(run):
    return measure_leak(load_checkpoint(run.model_path).model, run.config)


def draw(shown):
    """A sentence for each of them that has ended."""
    for one in shown:
        try:
            if one.run.config.split_by != "draw" or not one.run.model_path.is_file():
                continue
            leak = _leak(one.run)
        except (CheckpointError, ValueError):
            continue
        st.warning(_in_words(one.name, leak))


def _in_words(name, leak):
    test, honest, (low, high) = leak.test.accuracy, leak.never_trained_on.accuracy, leak.interval
    if leak.flatters:
        verdict = f"**{plain(name)} looks better than it is, by {100 * (test - honest):.1f} points.**"
    else:
        verdict = f"**The test of {plain(name)} leaks, though that does not show in its result.**"
    return (
        f"{verdict} {leak.known:,} of {len(leak.test)} expressions of its test were trained on. It says {test:.1%} (95 "
        f"% interval {low:.1%} to {high:.1%}). Of all {len(leak.never_trained_on):,} expressions never trained on, "
        f"{honest:.1%} are answered right."
    )
