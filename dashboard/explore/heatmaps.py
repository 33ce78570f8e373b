"""View Heatmaps: every layer and head of every model for one expression; under it, one cell in all its stages."""

from functools import partial

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import attention, heatmaps
from dashboard.explore import chosen, results, stages
from dashboard.explore.subjects import rows_that_answer
from tinyformer import normalized_entropy

RECIPE = """\
from tinyformer import load_checkpoint, parse_expression
from tinyformer.interpret import trace
model = {model}
values = trace(model, parse_expression("{expression}").tokens)
print(*(values[f"blocks.{{layer}}.attn.pattern"][0].round(4) for layer in range(model.config.num_layers)), sep="\\n")"""
HEAD_SIZES = {1: 196, 2: 196, 3: 115, 4: 82}  # of one heatmap in pixels, by the number of models


def draw(subjects, expression):
    words = expression.words
    traces = {subject.name: results.of_expression(subject, expression) for subject in subjects}
    maps, below = st.container(), st.container()
    with below:
        cell = chosen.opened(subjects, words)
    with maps:
        for subject, column, _ in components.side_by_side(subjects, lambda subject: subject.note):
            pattern = pattern_of(traces[subject.name], subject.config)
            entropy = normalized_entropy(pattern[:, :, 0])
            notes = [[f"entropy {value:.2f}" for value in layer] for layer in entropy]
            # A model alone has room for its layers side by side, and below one another where the window is narrow.
            parts = [slice(i, i + 1) for i in range(len(pattern))] if len(subjects) == 1 else [slice(None)]
            with column, st.container(horizontal=True, gap="medium"):
                for part in parts:
                    figure = heatmaps.heatmaps(
                        pattern[part], words, notes[part], HEAD_SIZES[len(subjects)],
                        chosen=cell.place if cell and cell.subject is subject else None,
                        pooled_row=subject.config.pooling == "first" and part is parts[-1],
                        first_layer=part.start or 0,
                    )  # fmt: skip
                    key = f"heads-{subject.name}-{len(subjects)}-{part.start or 0}"
                    click = partial(chosen.choose, key, subject.name)
                    with st.container(width="content" if len(parts) > 1 else "stretch"):
                        components.draw(figure, key=key, on_select=click, selection_mode=heatmaps.CELL)
        components.draw(attention.scale(), key="scale")
        components.how_to_read(
            "Rows are **queries**, the tokens that look; columns are **keys**, the tokens that are looked at. A row "
            "sums to 1. One strong cell in a row: the head picks that token. An even row: it averages over "
            "all.\n\n"
            f"{rows_that_answer(subjects)} A row that alone of its layer reaches it is framed; the others of that "
            "layer are computed for looking at. "
            "In the layers before, every row counts.\n\n"
            "The number above a square is the normalized entropy of the first row: 0 one token, 1 all alike."
        )
    if cell:
        with below:
            stages.draw(cell, traces[cell.subject.name], words)


def pattern_of(values, config):
    """(L, H, T, T) of one expression's trace."""
    return np.stack([values[f"blocks.{layer}.attn.pattern"][0] for layer in range(config.num_layers)])
