"""Section Mistakes: what is wrong, on a slice of one's choice; where nothing is, one line says so."""

import streamlit as st

from dashboard import sections
from dashboard.evaluate import agreement, asked, mistakes, operations
from dashboard.plain_text import plain

CODE = """\
from tinyformer import accuracy_per_operation, load_checkpoint
from tinyformer.evaluation.report import by_side, whole_space
evaluation = by_side(*whole_space(load_checkpoint("{path}")))["{side}"]
for row in accuracy_per_operation(evaluation):
    print(row.operation, row.correct, "of", row.total)"""


def draw(models, expression):
    """The whole space of each model, cut down to a side and a place of the answer."""
    side, place = asked.controls(models)
    show(asked.everything(models, side, place), expression)
    sections.in_python(CODE.format(path=models[0].file.path, side=side))


def show(subject, expression, key="mistakes"):
    """What a slice has of mistakes and doubts; by operation and by model only where something is wrong."""
    parts = subject.parts
    if not all(map(len, parts)):
        st.info("No expression is on this side with its answer at this place. Choose another one above.")
        return
    perfect = all(part.correct.all() for part in parts)
    if perfect:
        counts = " and ".join(dict.fromkeys(f"{len(part):,}" for part in parts))
        st.success(f"Nothing is wrong: every model is right on all {plain(counts)} of these expressions.")
    else:
        operations.draw(subject, key=f"{key}-operations")
        mistakes.draw_confusion(subject, key)
    mistakes.draw_table(subject, expression, key)
    if len(parts) > 1 and not perfect:
        st.subheader("Do they agree?", anchor=False)
        agreement.draw(subject, expression, key=f"{key}-agreement")
