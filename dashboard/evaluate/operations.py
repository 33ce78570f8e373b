"""Accuracy per operation, models side by side with their intervals."""

import pandas as pd
import streamlit as st

from dashboard import components, questions
from dashboard.charts import intervals
from tinyformer import accuracy_per_operation
from tinyformer.task.task import DEFAULT_TASK

NAMES = {"group": "operation", "correct": "right", "total": "of", "low": "95% interval from", "high": "to"}
COUNTED = "All expressions were counted: there is nothing to be unsure of, and no interval."
INTERVAL = (
    "A line is the 95% Wilson interval: the accuracies that this count does not rule out. It is shorter the "
    "more expressions were counted, and the nearer the accuracy is to 0 or 100%."
)
PLACE_AND_SIZE = (
    " *First*, *Second* and *Last* need the place of a number, *Max* and *Min* its size.\n\n"
    "With *place of the answer*, look at one kind of expression only: is a model that answers Max right because "
    "it found the largest number, or because that is often the last one?"
)


def draw(asked, key="operations"):
    """The chart and its table. An operation that is not among the expressions has no mark."""
    titles = questions.titles([operation for part in asked.parts for operation in part.task.operations])
    rows = [
        (shown.name, titles[operation], row.correct, row.total, row.accuracy, *_ends(row, asked.census))
        for shown, part in zip(asked.models, asked.parts, strict=True)
        for operation, row in zip(part.task.operations, accuracy_per_operation(part), strict=True)
        if row.total
    ]
    looks = [(shown.name, shown.style.color, shown.style.shape) for shown in asked.models]
    figure = intervals.per_operation(rows, looks, asked.census)
    components.draw(figure, key=f"{key}-{len(asked.models)}-{asked.census}", stretch=True)
    components.how_to_read(
        (COUNTED if asked.census else INTERVAL)
        + (PLACE_AND_SIZE if all(part.task == DEFAULT_TASK for part in asked.parts) else "")
    )
    numbers = st.expander("The numbers as a table", key=f"{key}-numbers", on_change="rerun")
    if numbers.open:
        with numbers:
            _table(rows, f"{key}-table", asked.census)


def _ends(row, census):
    """The interval, which what was counted completely does not have."""
    return (row.accuracy, row.accuracy) if census else (row.low, row.high)


def _table(rows, key, census):
    frame = pd.DataFrame(rows, columns=intervals.COLUMNS)
    frame[["accuracy", "low", "high"]] *= 100
    frame = frame.drop(columns=["low", "high"]) if census else frame
    percent = st.column_config.NumberColumn(format="%.2f%%")
    st.dataframe(
        frame.rename(columns=NAMES),
        hide_index=True,
        key=key,
        column_config={name: percent for name in ("accuracy", "95% interval from", "to")},
    )
