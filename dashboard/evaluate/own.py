"""A test set of one's own: pasted or uploaded lines, what could not be read of them, and the results of the rest."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import caches
from dashboard.evaluate import asked, calibration, mistakes, wrong
from dashboard.plain_text import plain
from tinyformer import evaluate
from tinyformer.evaluation.drawn import times_drawn
from tinyformer.evaluation.report import split_of
from tinyformer.task.datasets import SIDES, side_of
from tinyformer.task.question_sets import MOST_LINES, parse_test_set

EXAMPLE = "Max(5,3,9)\nMin(7,2,2), 2\nLast 4 4 1\nFirst(0,1,2,3,4), 0\nMax(8,8)\n"
TEXT, FILE, REFUSED = "own_text", "own_file", "_own_refused"
VIEWS = {"mistakes": "Mistakes", "calibration": "Sure and right"}


def draw(models, expression):
    """The two ways in, then the results in the views that the rest of the page has."""
    longest = min(shown.checkpoint.config.max_seq_len for shown in models)
    st.session_state.setdefault(TEXT, EXAMPLE)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=520):
            text = st.text_area(
                "One expression per line", key=TEXT, height=190, persist_state="session",
                help="After an expression, a comma and the expected answer, if you have one. Without it the right "
                "answer is computed. CSV with a first line such as expression,answer is read too. The lines are "
                "yours: a link to this page has all the rest, but not them.",
            )  # fmt: skip
        with st.container(width=330):
            st.file_uploader(
                f"Or a file, up to {MOST_LINES:,} lines", type=["txt", "csv", "tsv"], key=FILE, on_change=_take_file,
                help="Its lines take the place of the text.",
            )  # fmt: skip
            if refused := st.session_state.get(REFUSED):
                st.warning(plain(refused))
    test_set = _parse(text or "", longest)
    _report(test_set)
    if not test_set.lines:
        st.info("Nothing to ask yet: type an expression such as Max(5,3,9) above.")
        return
    answers = [_answers(shown.file, text, longest) for shown in models]
    subject = asked.asked(models, *zip(*answers, strict=True))
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
    for shown, evaluation in zip(subject.models, subject.evaluations, strict=True):
        answers = mistakes.words(evaluation.predictions)
        table[f"{shown.style.glyph} {shown.name}"] = [
            answer if right else f"{answer} ✗" for answer, right in zip(answers, evaluation.correct, strict=True)
        ]
    return table


@st.cache_data(max_entries=32, show_spinner="Reading the lines …")
def _parse(text, longest):
    return parse_test_set(text, longest)


@st.cache_resource(max_entries=8, show_spinner="Asking all lines …")
def _answers(file, text, longest):
    """(Evaluation of the lines, (N,) index into SIDES: where this model's training would have had each expression)."""
    checkpoint, test_set = caches.checkpoint(file), _parse(text, longest)
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
