"""A test set of one's own: pasted or uploaded lines, what could not be read of them, and the results of the rest."""

from functools import lru_cache

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import caches, questions
from dashboard.evaluate import asked, calibration, wrong
from dashboard.plain_text import plain
from tinyformer import evaluate
from tinyformer.evaluation.drawn import times_drawn
from tinyformer.evaluation.report import split_of
from tinyformer.task.datasets import SIDES, side_of
from tinyformer.task.question_sets import MOST_LINES, OwnTestSet, parse_test_set
from tinyformer.task.task import DEFAULT_TASK

EXAMPLE = "Max(5,3,9)\nMin(7,2,2), 2\nLast 4 4 1\nFirst(0,1,2,3,4), 0\nMax(8,8)\n"
TEXT, FILE, REFUSED = "own_text", "own_file", "_own_refused"
VIEWS = {"mistakes": "Mistakes", "calibration": "Sure and right"}


def draw(models, expression):
    """The two ways in, then the results in the views that the rest of the page has."""
    longest = min(shown.checkpoint.config.max_seq_len for shown in models)
    st.session_state.setdefault(TEXT, _example(models))
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=520):
            text = st.text_area(
                "One expression per line", key=TEXT, height=190, persist_state="session",
                help="After an expression, a comma and the expected answer, if you have one. Without it the right "
                "answer is computed. CSV with a first line such as id,answer,expression is read too, in any "
                "order. The lines are yours: a link to this page has all the rest, but not them.",
            )  # fmt: skip
        with st.container(width=330):
            st.file_uploader(
                f"Or a file, up to {MOST_LINES:,} lines", type=["txt", "csv", "tsv"], key=FILE, on_change=_take_file,
                help="Its lines take the place of the text.",
            )  # fmt: skip
            if refused := st.session_state.get(REFUSED):
                st.warning(plain(refused))
    read = {shown.name: _parse(text or "", longest, shown.task) for shown in models}
    test_set = union(read.values())
    _report(test_set)
    if not test_set.lines:
        st.info("Nothing to ask yet: type an expression such as Max(5,3,9) above.")
        return
    for shown in models:
        if not read[shown.name].lines:
            st.caption(f"{plain(shown.name)} knows none of these operations, or none of these expressions.")
    answering = [shown for shown in models if read[shown.name].lines]
    answers = [_answers(shown.file, text, longest) for shown in answering]
    numbers = [[line.number for line in read[shown.name].lines] for shown in answering]
    subject = asked.asked(answering, *zip(*answers, strict=True), keys=tuple(numbers))
    percent = st.column_config.NumberColumn(format="%.2f%%")
    st.dataframe(scores(subject), hide_index=True, key="own-scores", alt="Scores", column_config={"accuracy": percent})
    st.dataframe(results(subject, test_set), hide_index=True, key="own-results", alt="Answers, line by line")
    view = st.segmented_control(
        "Results", list(VIEWS), format_func=VIEWS.get, default="mistakes", required=True, key="own",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    if view == "mistakes":
        wrong.show(subject, expression, key="own-mistakes")
    else:
        calibration.show(subject, key="own-calibration")


def scores(subject):
    """One row per model: how many lines are right, and of those whose expression it never trained on."""
    rows = []
    for shown, answered, sides in zip(subject.models, subject.evaluations, subject.sides, strict=True):
        low, high = answered.interval
        row = {
            "model": f"{shown.style.glyph} {shown.name}",
            "right": f"{answered.correct.sum():,} of {len(answered):,}",
            "accuracy": 100 * answered.accuracy,
            "95% interval": f"{low:.1%} to {high:.1%}",
        }
        training = shown.checkpoint.training
        draws = times_drawn(training, answered.tokens, answered.mask, sides) if training else None
        if draws is not None:
            new = answered.select(draws == 0)
            low, high = new.interval
            row["right of what it never trained on"] = f"{new.correct.sum():,} of {len(new):,}"
            row["95% interval of that"] = f"{low:.1%} to {high:.1%}" if len(new) else ""
        rows.append(row)
    return pd.DataFrame(rows)


def results(subject, test_set):
    """One row per line: what each model answered."""
    table = pd.DataFrame({
        "line": [line.number for line in test_set.lines],
        "expression": [str(line.expression) for line in test_set.lines],
        "expected": [line.answer for line in test_set.lines],
    })  # fmt: skip
    for shown, evaluation, numbers in zip(subject.models, subject.evaluations, subject.keys, strict=True):
        answers = asked.words(evaluation.predictions, evaluation.task)
        marked = [answer if right else f"{answer} ✗" for answer, right in zip(answers, evaluation.correct, strict=True)]
        of = dict(zip(numbers, marked, strict=True))
        table[f"{shown.style.glyph} {shown.name}"] = [of.get(line.number, "unknown to it") for line in test_set.lines]
    return table


def union(test_sets):
    """The OwnTestSets of the same text, as models of different operations read it → what at least one of them reads."""
    read = {line.number: line for one in reversed(list(test_sets)) for line in one.lines}
    bad = {line.number: line for one in test_sets for line in one.bad if line.number not in read}
    in_order = [[lines[number] for number in sorted(lines)] for lines in (read, bad)]
    return OwnTestSet(*in_order, left_out=max(one.left_out for one in test_sets))


@lru_cache(maxsize=32)
def _parse(text, longest, task):
    return parse_test_set(text, longest, task)


def _example(models):
    """Lines to begin with, that the models on display know."""
    operations = {operation: shown.task for shown in models for operation in shown.task.operations}
    if set(operations) == set(DEFAULT_TASK.operations):
        return EXAMPLE
    return "".join(f"{questions.of_operation(*pair)}\n" for pair in operations.items())


@st.cache_resource(max_entries=8, show_spinner="Asking all lines …")
def _answers(file, text, longest):
    """(Evaluation of the lines, (N,) index into SIDES: where this model's training would have had each expression)."""
    checkpoint = caches.checkpoint(file)
    test_set = _parse(text, longest, checkpoint.task)
    data_seed, shares = split_of(checkpoint)
    sides = [SIDES.index(side_of(line.expression, data_seed, shares)) for line in test_set.lines]
    return evaluate(checkpoint.model, test_set.examples()), np.array(sides)


def _report(test_set):
    """How much could be read; what could not, line by line; and expected answers that are not what is right."""
    read = len(test_set.lines)
    st.markdown(f"**{read:,}** {'line' if read == 1 else 'lines'} read, **{test_set.not_read:,}** not.")
    if test_set.bad:
        frame = pd.DataFrame(test_set.bad, columns=["line", "text", "reason"])
        st.dataframe(frame, hide_index=True, key="own-bad", alt="Lines that could not be read")
    disputed = [line for line in test_set.lines if line.is_disputed]
    if disputed:
        some = ", ".join(
            plain(f"line {line.number} ({line.expression} is {line.expression.answer}, not {line.answer})")
            for line in disputed[:5]
        )
        st.warning(
            "Models are measured by what the lines expect, and some expect what the operation does not give "
            f"({len(disputed):,}): {some}{' …' if len(disputed) > 5 else ''}"
        )


def _take_file():
    """Callback: the lines of a file that was chosen take the place of the text."""
    st.session_state[REFUSED] = None
    file = st.session_state[FILE]
    if file is None:
        return
    try:
        st.session_state[TEXT] = file.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        st.session_state[REFUSED] = (
            f"{file.name} is not text in UTF-8: byte {error.start + 1} cannot be read. The text is as it was."
        )
