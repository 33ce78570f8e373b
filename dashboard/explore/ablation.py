"""Section Ablation: parts taken out, one by one, as a set of one's own, or in every combination."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import results, subsets
from dashboard.explore.names import part_name
from tinyformer import OPERATIONS
from tinyformer.interpret import heads_of, layers_of

COLUMNS = ("all", "First", "Sec.", "Last", "Max", "Min")  # "Second" is wider than a cell
TOLD = ("all", *OPERATIONS)
LABELS = 84  # pixels of the names beside a grid


def draw(subjects, expression):
    replacement = st.segmented_control(
        "What stands in its place", ["zero", "mean"], default="zero", required=True, key="replacement",
        bind="query-params", help="0, or the part's mean output over all expressions at the same position.",
    )  # fmt: skip
    st.subheader("One part taken out", anchor=False)
    st.caption(
        "How many percentage points of accuracy are lost on all 5,000 expressions. 0.0: nobody misses it; below 0: the "
        "model does better without."
    )
    for subject, column, width in components.side_by_side(subjects, lambda subject: subject.note):
        with column:
            _one_part(subject, replacement, min(44, (width - LABELS) // 6), len(subjects))
    components.how_to_read(
        "A head's output is replaced before the output projection; of a whole layer, with its bias, so that the "
        "residual path goes on alone. That one head is not missed does not mean that it does nothing: others may do "
        "the same. The subsets below take that into account.\n\n"
        "Every expression there is was asked: the numbers are counted, not estimated, and have no interval. **mean** "
        "keeps what a part writes on average, and so asks for what it does beyond that."
    )
    st.subheader("A set of your own", anchor=False)
    _own_set(subjects, replacement)
    st.subheader("Every subset of the heads", anchor=False)
    subsets.draw(subjects, replacement)


def _one_part(subject, replacement, cell, count):
    heads, layers = heads_of(subject.config), layers_of(subject.config)
    found = results.single_heads(subject, replacement)
    whole = results.ablation(subject, [[layer] for layer in layers], replacement, "Taking out whole layers")
    drops = np.vstack([_drops(found)[1:], _drops(whole)[1:]])
    figure = grid.grid(
        100 * drops, [part_name(part) for part in (*heads, *layers)], COLUMNS, told_columns=TOLD,
        names=("part", "operation", "drop in points"), cell=cell, height=24, form=".1f", reach=100,
    )  # fmt: skip
    components.draw(figure, key=f"drops-{subject.name}-{count}")


def _drops(ablation):
    """(S, 6): the loss of accuracy over all and per operation."""
    return np.column_stack([ablation.accuracy[0] - ablation.accuracy, ablation.drop_per_operation])


def _own_set(subjects, replacement):
    largest = max(subjects, key=lambda subject: len(heads_of(subject.config)))
    names = {str(part): part for part in (*heads_of(largest.config), *layers_of(largest.config))}
    chosen = st.multiselect(
        "Take out together", list(names), key="without", bind="query-params", placeholder="Heads and layers"
    )
    if not chosen:
        st.caption("Choose some heads or layers to see what is left of the accuracy.")
        return
    for subject, column, width in components.side_by_side(subjects):
        inside = set(heads_of(subject.config)) | set(layers_of(subject.config))
        parts = [names[name] for name in chosen if names[name] in inside]
        with column:
            found = results.ablation(subject, [parts], replacement, "Taking out the set")
            table = np.column_stack([found.accuracy, found.accuracy_per_operation])
            figure = grid.grid(
                100 * table, ["intact", "without"], COLUMNS, told_columns=TOLD,
                names=("model", "operation", "accuracy in %"), cell=min(44, (width - LABELS) // 6), height=28,
                form=".1f", reach=100,
            )  # fmt: skip
            components.draw(figure, key=f"own-{subject.name}-{len(subjects)}")
    components.how_to_read(
        "Accuracy on all expressions, and on those of each operation, of the intact model and of what is left of it "
        "without the chosen parts. Parts that can each be spared may not be spared together."
    )
