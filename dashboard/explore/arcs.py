"""View Arcs: the expression as a line of tokens, and from the chosen token an arc to each that it looks at."""

import streamlit as st

from dashboard import components
from dashboard.charts import arcs
from dashboard.explore import chosen, results
from dashboard.explore.heatmaps import RECIPE, pattern_of  # noqa: F401
from dashboard.explore.subjects import rows_that_answer

WIDTHS = {1: 210, 2: 210, 3: 128, 4: 96}  # of one head in pixels, by the number of models


def draw(subjects, expression):
    words = expression.words
    cell = chosen.pick(subjects, words, key=False, of_model=False)
    for subject, column, _ in components.side_by_side(subjects, lambda subject: subject.note):
        values = results.of_expression(subject, expression)
        weights = pattern_of(values, subject.config)[:, :, cell.query]
        # A model alone has room for its layers side by side, and below one another where the window is narrow.
        layers = [(0, weights)] if len(subjects) > 1 else [(i, weights[i : i + 1]) for i in range(len(weights))]
        with column, st.container(horizontal=True, gap="small"):
            for first, some in layers:
                with st.container(width="content" if len(layers) > 1 else "stretch"):
                    figure = arcs.arcs(
                        some, words, cell.query, subject.style.color, WIDTHS[len(subjects)], first_layer=first
                    )
                    components.draw(figure, key=f"arcs-{subject.name}-{len(subjects)}-{first}")
    components.how_to_read(
        "The bold token looks; an arc's width is the weight that it gives to the token where the arc ends. A small "
        f"loop is the weight it gives to itself. Weights below {arcs.SMALLEST:.0%} are left out. Where a long "
        f"expression leaves no room for all tokens, only those with {arcs.NOTICED:.0%} or more are written. "
        f"{rows_that_answer(subjects)}"
    )
