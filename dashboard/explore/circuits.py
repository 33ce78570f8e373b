"""Section Circuits: two models with the same accuracy, head against head."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import results
from dashboard.plain_text import plain
from tinyformer.interpret.circuits import SHARED_FROM


def draw(subjects, expression):
    if len(subjects) < 2:
        st.info("Put a second model on display in the sidebar: its heads are then matched with those of the first.")
        return
    first, second = _pair(subjects)
    matches, similarities = results.matches(first.source, second.source, first.model, second.model)
    shared = [match for match in matches if match.shared]
    everything = np.mean([layer.mean() for layer in similarities])
    st.markdown(
        f"**{len(shared)} of {len(matches)} heads** of {plain(first.name)} have a counterpart in "
        f"{plain(second.name)} that looks at the same tokens with at least {SHARED_FROM:.0%} of its attention. Matched "
        "heads have "
        f"{np.mean([match.similarity for match in matches]):.0%} of their attention in common, any two heads of a "
        f"layer {everything:.0%}."
    )
    roles = [results.roles(subject.source, subject.model) for subject in (first, second)]
    lines = [
        f"| {match.layer + 1} | head {match.first + 1}: {plain(roles[0].name(match.layer, match.first))} "
        f"| head {match.second + 1}: {plain(roles[1].name(match.layer, match.second))} "
        f"| {match.similarity:.1%} | {'shared' if match.shared else 'different'} |"
        for match in matches
    ]
    header = f"| layer | {plain(first.name)} | {plain(second.name)} | in common | verdict |"
    st.markdown("\n".join([header, "|---|---|---|---|---|", *lines]))
    with st.container(horizontal=True, gap="medium"):
        for layer, similarity in enumerate(similarities):
            matched = np.zeros(similarity.shape, bool)
            for match in matches:
                if match.layer == layer:
                    matched[match.first, match.second] = True
            rows, columns = (range(count) for count in similarity.shape)
            figure = grid.grid(
                similarity, [f"head {i + 1}" for i in rows], [str(j + 1) for j in columns], cell=46, framed=matched,
                told_rows=[f"head {i + 1}, {roles[0].name(layer, i)}" for i in rows],
                told_columns=[f"head {j + 1}, {roles[1].name(layer, j)}" for j in columns],
                title=f"Layer {layer + 1}: attention in common", names=("first", "second", "in common"),
                titles=(f"head of {first.name}", f"head of {second.name}", "in common"),
            )  # fmt: skip
            with st.container(width="content"):
                components.draw(figure, key=f"similarity-{layer}")
    st.caption(f"Rows: heads of {plain(first.name)}. Columns: heads of {plain(second.name)}. Framed: matched.")
    components.how_to_read(
        "For two heads, the attention they have in common is the sum over tokens of the smaller of the two weights, "
        "averaged over all 5,000 expressions and all rows that count (in the last layer the first one). 1: equal "
        "patterns; 0: they never look at the same token. Two heads that both look everywhere also have much in common. "
        "Within a layer, heads are matched one to one so that the total is largest.\n\n"
        "The number of a head is an accident of its initialization; its pattern is not."
    )


def _pair(subjects):
    names = [subject.name for subject in subjects]
    with st.container(horizontal=True, gap="medium"):
        first = st.segmented_control(
            "Heads of", names, default=names[0], required=True, key="first", bind="query-params", format_func=plain
        )
        others = [name for name in names if name != first]
        second = st.segmented_control(
            "matched with heads of", others, default=others[0], required=True, key="second", bind="query-params",
            format_func=plain,
        )  # fmt: skip
    return (next(subject for subject in subjects if subject.name == name) for name in (first, second))
