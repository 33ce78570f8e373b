"""A test set of one's own: pasted or uploaded lines, what could not be read of them, and the results of the rest."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.evaluate import agreement, asked, calibration, mistakes, operations
from tinyformer import evaluate
from tinyformer.datasets import SIDES
from tinyformer.test_sets import MOST_LINES, parse_test_set

EXAMPLE = "Max(5,3,9)\nMin(7,2,2), 2\nLast 4 4 1\nFirst(0,1,2,3,4), 0\nMax(8,8)\n"
TEXT, FILE, REFUSED = "own_text", "own_file", "_own_refused"
VIEWS = {"operations": "Operations", "mistakes": "Mistakes", "agreement": "Agreement", "calibration": "Calibration"}


def draw(models, expression):
    """The two ways in, then the results in the views that the rest of the page has."""
    longest = min(shown.checkpoint.config.max_seq_len for shown in models)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=520):
            text = st.text_area(
                "One expression per line", EXAMPLE, key=TEXT, height=190, persist_state="session",
                help="After an expression, a comma and the expected answer, if you have one. Without it the right "
                "answer is computed. CSV with a first line such as expression,answer is read too.",
            )  # fmt: skip
        with st.container(width=330):
            st.file_uploader(
                f"Or a file, up to {MOST_LINES:,} lines", type=["txt", "csv", "tsv"], key=FILE, on_change=_take_file,
                help="Its lines take the place of the text.",
            )  # fmt: skip
            if refused := st.session_state.get(REFUSED):
                st.warning(refused)
    test_set = _parse(text or "", longest)
    _report(test_set)
    if not test_set.lines:
        st.info("Nothing to ask yet: type an expression such as Max(5,3,9) above.")
        return
    subject, table = results(models, test_set)
    st.dataframe(table, hide_index=True, key="own-results", height=min(38 + 35 * len(table), 300))
    view = st.segmented_control(
        "Results", list(VIEWS), format_func=VIEWS.get, default="operations", required=True, key="own",
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip
    if view == "operations":
        operations.draw(subject, key="own-operations")
    elif view == "mistakes":
        mistakes.draw(subject, expression, key="own-mistakes")
    elif view == "agreement":
        agreement.draw(subject, expression, key="own-agreement")
    else:
        calibration.draw(subject, key="own-calibration")


def results(models, test_set):
    """(Asked, a table with one row per line: what each model answered)."""
    examples = test_set.examples()
    evaluations = [evaluate(shown.model, examples) for shown in models]
    sides = [_sides(shown, test_set) for shown in models]
    table = pd.DataFrame({
        "line": [line.number for line in test_set.lines],
        "expression": [str(line.expression) for line in test_set.lines],
        "right answer": [line.answer for line in test_set.lines],
    })  # fmt: skip
    for shown, evaluation in zip(models, evaluations, strict=True):
        answers = mistakes.words(evaluation.predictions)
        table[f"{shown.style.glyph} {shown.name}"] = [
            answer if right else f"{answer} ✗" for answer, right in zip(answers, evaluation.correct, strict=True)
        ]
    return asked.asked(models, evaluations, sides), table


@st.cache_data(max_entries=32, show_spinner="Reading the lines …")
def _parse(text, longest):
    return parse_test_set(text, longest)


def _sides(shown, test_set):
    """(N,) index into SIDES: where this model's training would have had each expression."""
    return np.array([SIDES.index(shown.side_of(line.expression)) for line in test_set.lines])


def _report(test_set):
    """How much could be read; what could not, line by line; and expected answers that are not what is right."""
    read, bad = len(test_set.lines), len(test_set.bad)
    st.markdown(f"**{read:,}** {'line' if read == 1 else 'lines'} read, **{bad:,}** not.")
    if bad:
        frame = pd.DataFrame(test_set.bad, columns=["line", "text", "reason"])
        st.dataframe(frame, hide_index=True, key="own-bad", height=min(38 + 35 * bad, 220))
    disputed = [line for line in test_set.lines if line.is_disputed]
    if disputed:
        some = ", ".join(
            f"line {line.number} ({line.expression} is {line.expression.answer}, not {line.answer})"
            for line in disputed[:5]
        )
        st.warning(
            f"{len(disputed):,} expected answers are not what the operation gives; models are measured by what the "
            f"lines expect: {some}{' …' if len(disputed) > 5 else ''}"
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
