"""Agreement between models: which expressions do all get right, only one, none; who answers unlike whom."""

import pandas as pd
import streamlit as st

from dashboard import components
from dashboard.charts import disagreement
from dashboard.evaluate import explore
from dashboard.evaluate.asked import texts, words
from tinyformer.evaluation.agreement import agreement_table, disagreements, right_counts
from tinyformer.evaluation.intervals import wilson_interval


def draw(asked, expression, key="agreement"):
    """Counts, the matrix, and the expressions that are contested."""
    parts = asked.common
    if not len(parts[0]):
        st.info(
            "No expression is asked of all models on this side. Choose “All” above, or models of the same operations."
        )
        return
    table = counted(agreement_table(parts), asked.census)
    shared = "" if asked.keys is None else ", and that all of them know: the others are left out here"
    st.caption(f"{len(parts[0]):,} expressions, those that are on the chosen side for every model on display{shared}.")
    with st.container(horizontal=True, gap="large"):
        with st.container(width=440):
            st.dataframe(
                table,
                hide_index=True,
                key=f"{key}-counts",
                alt="How many models are right",
                column_config={"share": st.column_config.NumberColumn(format="%.2f%%")},
            )
        with st.container(width=400):
            names = [shown.name for shown in asked.models]
            components.draw(disagreement.disagreement(disagreements(parts), names), key=f"{key}-matrix-{len(names)}")
    contested = contested_expressions(asked.models, parts)
    st.markdown("**Contested expressions**")
    if not len(contested):
        st.success("All models give the right answer to every one of these expressions.")
        return
    st.caption("Those that not all get right. Click a row: it becomes the expression on every page.")
    st.dataframe(
        contested,
        hide_index=True,
        key=f"{key}-contested",
        alt="Contested expressions",
        on_select=explore.rows_choose(f"{key}-contested", contested["expression"]),
        selection_mode="single-row",
    )
    explore.chosen(asked.models, expression, key=f"{key}-explore")


def counted(rows, census=False):
    """agreement_table as a frame in words; with intervals, unless everything was counted."""
    models, total = len(rows) - 1, sum(count for _, count in rows)
    everybody = "both are right" if models == 2 else f"all {models} are right"
    words = {models: everybody, 1: "only one is right", 0: "none is right"}
    intervals = [wilson_interval(count, total) for _, count in rows]
    table = pd.DataFrame({
        "models": [words.get(right, f"{right} are right") for right, _ in rows],
        "expressions": [count for _, count in rows],
        "share": [100 * count / total for _, count in rows],
        "95% interval": [f"{low:.1%} to {high:.1%}" for low, high in intervals],
    })  # fmt: skip
    return table.drop(columns="95% interval") if census else table


def contested_expressions(models, parts):
    """One row for each expression that not all get right: the right answer, and everybody's."""
    right = right_counts(parts)
    where = right < len(parts)
    disputed = [part.select(where) for part in parts]
    table = pd.DataFrame({
        "expression": texts(disputed[0]),
        "right answer": words(disputed[0].targets, disputed[0].task),
        "models right": right[where],
    })  # fmt: skip
    for shown, part in zip(models, disputed, strict=True):
        table[f"{shown.style.glyph} {shown.name}"] = words(part.predictions, part.task)
    return table.sort_values("models right", kind="stable", ignore_index=True)
