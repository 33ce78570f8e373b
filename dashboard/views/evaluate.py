"""Evaluate: how often each model is right on expressions it did not see, operation by operation."""

import pandas as pd
import streamlit as st

from dashboard import caches, components, selection
from dashboard.charts import intervals, matrix
from tinyformer import accuracy_per_operation, confusion_matrix

SIDES = {"test": "Held out (test)", "validation": "Held out (validation)", "train": "Trained on", "all": "All 5,000"}
CELLS = {1: 34, 2: 32, 3: 24, 4: 17}  # of the confusion matrix in pixels, by the number of models

models = selection.current().models

st.title("Evaluate")
st.markdown(
    "There are only 5,000 expressions of three digits, so each model is asked all of them. "
    "What counts is the part that it never saw in training."
)
components.require_models(models)
side = st.segmented_control(
    "Expressions", list(SIDES), format_func=SIDES.get, default="test", required=True, key="side", bind="query-params",
    help="An expression's side is a fixed property of it: training never sees a held-out one, however often it draws. "
    "Validation chose the best epoch; the test side was looked at once, after that.",
)  # fmt: skip

parts, table, lines, operations = {}, [], [], []
for shown in models:
    part = parts[shown.name] = caches.part(shown.file, side)
    training = shown.checkpoint.training
    table.append({
        "model": f"{shown.style.glyph} {shown.name}",
        "accuracy": 100 * part.accuracy,
        "95% interval": "{:.2%} to {:.2%}".format(*part.interval),
        "wrong": f"{(~part.correct).sum():,} of {len(part):,}",
        "loss": part.loss,
        "parameters": shown.checkpoint.config.num_parameters,
        "seed": training.seed if training else None,
        "epochs": training.epochs if training else None,
    })  # fmt: skip
    lines.append((shown.name, SIDES[side], int(part.correct.sum()), len(part), part.accuracy, *part.interval))
    operations += [
        (shown.name, row.operation, row.correct, row.total, row.accuracy, row.low, row.high)
        for row in accuracy_per_operation(part)
    ]
for name, part in caches.baselines(models[0].file, side).items():
    lines.append((name, SIDES[side], int(part.correct.sum()), len(part), part.accuracy, *part.interval))

st.dataframe(
    pd.DataFrame(table),
    hide_index=True,
    column_config={
        "accuracy": st.column_config.NumberColumn(format="%.2f%%"),
        "loss": st.column_config.NumberColumn(format="%.4f", help="Mean cross-entropy in nats"),
        "parameters": st.column_config.NumberColumn(format="localized"),
    },
)
looks = [(shown.name, shown.style.color, shown.style.shape) for shown in models]
components.draw(intervals.against_baselines(lines, looks), key="overview", stretch=True)
components.how_to_read(
    "The line is the 95% Wilson interval: the accuracies that this count does not rule out. The two gray rules need "
    "no transformer: *most frequent answer* gives each operation the digit that was its answer most often in training, "
    "*copy the first* repeats the first number."
)
components.draw(intervals.per_operation(operations, looks), key=f"operations-{len(models)}", stretch=True)

st.subheader("What is mistaken for what", anchor=False)
st.caption("Counts of answers; a row is a right answer, a column the answer given. Off the diagonal is wrong.")
for shown, column, _ in components.side_by_side(models, lambda shown: f"{parts[shown.name].accuracy:.2%} right"):
    with column:
        figure = matrix.confusion(confusion_matrix(parts[shown.name]), shown.style.color, CELLS[len(models)])
        components.draw(figure, key=f"confusion-{shown.name}")
