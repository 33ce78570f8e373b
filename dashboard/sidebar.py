"""The sidebar: what is on display, chosen here, on every page."""

import streamlit as st

from dashboard import components, models, selection
from dashboard.plain_text import plain
from tinyformer.checkpoints.folders import shown_at_first


def draw(with_expression=True):
    """The two widgets, what they mean, and what is wrong with them; return the Selection.

    with_expression: False where the field for the expression stands on the page itself.
    """
    known = selection.known_models()
    asked_for = len(set(st.query_params.get_all(selection.MODELS)))
    with st.sidebar:
        if with_expression:
            selection.expression_field()
            under_expression = st.container()
        st.multiselect(
            "Models on display",
            selection.with_asked(selection.MODELS, known),
            default=shown_at_first(known),
            key=selection.MODELS,
            bind="query-params",
            max_selections=models.MOST_ON_DISPLAY,
            placeholder="Choose up to four",
            help="Up to four trained models, side by side on every page. A model keeps its color and shape everywhere.",
        )
        chosen = selection.resolve()
        if chosen.complaint and with_expression:
            with under_expression:
                components.complaint(chosen.complaint, chosen.expression)
        if chosen.models:
            components.legend(chosen.models)
        for problem in chosen.problems:
            st.error(f"{plain(problem)}.{' The other models are shown.' if chosen.models else ''}", icon=None)
        if asked_for > models.MOST_ON_DISPLAY:
            st.warning(f"The link names {asked_for:,} models, of which {models.MOST_ON_DISPLAY} are shown.")
    return chosen
