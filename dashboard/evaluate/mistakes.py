"""Who is mistaken for whom, and the expressions behind it: confusion matrices, and a table of mistakes and doubts."""

from functools import partial

import pandas as pd
import streamlit as st

from dashboard import components
from dashboard.charts import matrix
from dashboard.evaluate import explore
from dashboard.evaluate.asked import texts, words
from dashboard.history import histories
from dashboard.plain_text import plain
from tinyformer import confusion_matrix
from tinyformer.evaluation.evaluate import OTHER
from tinyformer.task.vocabulary import DIGITS

CELLS = {1: 34, 2: 32, 3: 23, 4: 17}  # of the confusion matrix in pixels, by the number of models
DOUBTS = 50  # least confident right answers, per model
MOST_LISTED = 1_000  # expressions behind a cell
SURE, RIGHT = "sure of its answer", "gave the right one"


def draw_confusion(asked, key="mistakes"):
    """A confusion matrix for each model, and what is behind a cell."""
    parts = asked.parts
    st.subheader("What is mistaken for what", anchor=False)
    st.caption(
        "A row is a right answer, a column the answer given: off the diagonal is wrong. The color is the share of the "
        "row. Click a cell for its expressions."
    )
    for number, (shown, column, _) in enumerate(components.side_by_side(asked.models, lambda s: s.file and "")):
        with column:
            _confusion(shown, parts[number], f"{key}-confusion-{shown.name}", CELLS[len(asked.models)])


def draw_table(asked, expression, key="mistakes"):
    """All mistakes and the least confident right answers; a click on a row chooses its expression."""
    st.subheader("All mistakes, and the least confident right answers", anchor=False)
    table, note = mistakes(asked)
    st.caption(f"{note} Click a row: it becomes the expression on every page.")
    percent = partial(st.column_config.NumberColumn, format="%.4f%%")
    st.dataframe(
        table,
        hide_index=True,
        key=f"{key}-table",
        alt="Mistakes, and the least confident right answers",
        on_select=explore.rows_choose(f"{key}-table", table["expression"]),
        selection_mode="single-row",
        column_config={
            SURE: percent(help="The probability of the answer given"),
            RIGHT: percent(help="The probability that the right answer was given, however much another one got"),
        },
    )
    explore.chosen(asked.models, expression, key=f"{key}-explore")


def _confusion(shown, part, key, cell):
    counts = confusion_matrix(part)
    figure = matrix.confusion(counts, shown.style.color, cell)
    event = components.draw(figure, key=key, on_select="rerun", selection_mode=[matrix.CLICK])
    clicked = (event or {}).get("selection", {}).get(matrix.CLICK) or []
    if not clicked:
        return
    truth, answer = clicked[0]["truth"], clicked[0]["answer"]
    behind = part.select(behind_cell(part, int(truth), OTHER if answer == "other" else int(answer)))
    listed = pd.DataFrame({"expression": texts(behind)[:MOST_LISTED], SURE: 100 * behind.confidence[:MOST_LISTED]})
    st.caption(f"{len(behind):,} with the answer {plain(truth)}, answered {plain(answer)}" + _first(len(behind)))
    st.dataframe(
        listed,
        hide_index=True,
        height=240 if len(listed) > 6 else "content",
        key=f"{key}-list",
        alt=f"Expressions with the answer {truth}, answered {answer}",
        on_select=explore.rows_choose(f"{key}-list", listed["expression"]),
        selection_mode="single-row",
        column_config={SURE: st.column_config.NumberColumn(format="%.2f%%")},
    )


def _first(count):
    return f"; the first {MOST_LISTED:,}" if count > MOST_LISTED else ""


def behind_cell(evaluation, truth, answer):
    """(N,) bool: the expressions counted in a cell of `confusion_matrix`."""
    given = evaluation.predictions - DIGITS[0]
    given[(given < 0) | (given >= len(DIGITS))] = OTHER
    return (evaluation.targets - DIGITS[0] == truth) & (given == answer)


def mistakes(asked):
    """(DataFrame of all wrong answers and of the least sure right ones, a sentence that counts them)."""
    frames, told = [], []
    for shown, whole, sides, chosen in zip(asked.models, asked.evaluations, asked.sides, asked.chosen, strict=True):
        mistaken = (chosen & ~whole.correct).nonzero()[0]
        right = (chosen & whole.correct).nonzero()[0]
        doubted = right[whole.confidence[right].argsort(kind="stable")[:DOUBTS]]
        rows = [*mistaken[whole.losses[mistaken].argsort(kind="stable")[::-1]], *doubted]
        part = whole.select(rows)
        known = histories(shown.checkpoint, part, sides[rows])
        told += [""] * len(mistaken) if shown.checkpoint.by_hand else known[: len(mistaken)]  # by hand: never trained
        of_right = part.probabilities[range(len(part)), part.targets].astype(float)
        frames.append(pd.DataFrame({
            "model": f"{shown.style.glyph} {shown.name}",
            "expression": texts(part),
            "verdict": ["right" if correct else "wrong" for correct in part.correct],
            "right answer": words(part.targets, part.task),
            "answered": words(part.predictions, part.task),
            SURE: 100 * part.confidence,
            RIGHT: 100 * of_right,
            "in training": known,
        }))  # fmt: skip
    table = pd.concat(frames).sort_values(RIGHT, kind="stable", ignore_index=True)
    counts = of_seen(told) if told else "**None wrong**"
    return table, f"{counts}; with them the {DOUBTS} least confident right answers of each model."


def of_seen(told):
    """What `histories` tells of wrong answers → how many there are, and how many were trained on, as far as known."""
    unknown = sum(one.endswith((" side", "not counted")) for one in told)  # a side alone: nothing is known of draws
    seen = sum(one.startswith("trained on") for one in told)
    if unknown == len(told):
        return f"**{unknown:,} wrong**; whether they were trained on is not known"
    words = f"**{len(told):,} wrong**, {f'{seen:,}' if seen else 'none'} of them on expressions "
    rest = f"known to be trained on; of {unknown:,} it is not known" if unknown else "that were trained on"
    return words + rest
