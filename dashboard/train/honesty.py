"""For runs whose split leaks: how much better their test looks than it is."""

from functools import lru_cache

import streamlit as st

from tinyformer import CheckpointError, load_checkpoint
from tinyformer.analysis.leak import measure_leak


@lru_cache(maxsize=64)
def _leak(run):
    return measure_leak(load_checkpoint(run.model_path).model, run.config)


def draw(shown):
    """A sentence for each of them that has ended."""
    for one in shown:
        try:
            if one.run.config.split_by != "draw" or not one.run.model_path.is_file():
                continue
            test, known, honest = _leak(one.run)
        except (CheckpointError, ValueError):
            continue
        st.warning(
            f"**{one.name} looks better than it is.** Its test says {test.accuracy:.1%}, but {known} of {len(test)} "
            f"expressions were trained on. Of {len(honest):,} expressions it never trained on, it "
            f"answers {honest.accuracy:.1%} right."
        )
