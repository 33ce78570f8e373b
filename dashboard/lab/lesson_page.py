"""Lessons: one step at a time, answers checked, progress in the URL."""

import streamlit as st

from dashboard import selection
from dashboard.lab.lessons import LESSONS
from dashboard.pages import PAGES

STEP, DONE = "lesson", "done"  # keys of the widgets, and names in the URL
NUMBERS = [str(number) for number in range(1, len(LESSONS) + 1)]


def draw():
    """The path, and the step one stands at."""
    st.session_state.setdefault(DONE, [])
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        number = st.segmented_control(
            "Step", NUMBERS, default="1", required=True, key=STEP, bind="query-params", persist_state="session"
        )
        st.button("Back", key="lesson-back", disabled=number == NUMBERS[0], on_click=_go, args=(int(number) - 1,))
        st.button("Next", key="lesson-next", disabled=number == NUMBERS[-1], on_click=_go, args=(int(number) + 1,))
    st.pills(
        "Answered",
        NUMBERS,
        selection_mode="multi",
        key=DONE,
        bind="query-params",
        disabled=True,
        persist_state="session",
        help="Kept in the URL: a bookmark remembers how far you came.",
    )
    lesson = LESSONS[int(number) - 1]
    st.header(f"{number}. {lesson.title}", anchor=False)
    st.markdown(lesson.text)
    with st.container(border=True):
        st.markdown(f"**Do.** {lesson.todo}")
        _way_there(lesson, number)
    _question(lesson, number)
    if len(st.session_state[DONE]) == len(LESSONS):
        st.success("All ten steps. You have taken a transformer apart and put it together again.")


def _way_there(lesson, number):
    """To the bench or the page of this step, with its state."""
    if lesson.page:
        page = next((page for page in PAGES if page.view == lesson.page), None)
        if page and st.button(
            f"Open {page.title}", key=f"open-{number}", type="primary", on_click=_open, args=(lesson,)
        ):
            selection.open_page(page.path)
        return
    st.button("Open it", key=f"open-{number}", type="primary", on_click=_open, args=(lesson,))


def _open(lesson):
    """Callback: put the lab into the state of this step."""
    st.session_state.update(lesson.place)
    st.session_state["_lesson_open"] = LESSONS.index(lesson) + 1
    if lesson.expression:
        selection.show_expression(lesson.expression)


def way_back():
    """In the other rooms: a button back to the step that led there."""
    number = st.session_state.get("_lesson_open")
    if number:
        st.button(f"← Back to lesson {number}", key="lesson-return", on_click=_return)


def _return():
    st.session_state["room"] = "lessons"


def _go(number):
    """Callback of Back and Next."""
    st.session_state[STEP] = str(number)


def _question(lesson, number):
    """The question; a right answer is remembered as progress."""
    answer = st.radio(f"**{lesson.question}**", lesson.answers, index=None, key=f"answer-{number}",
                      on_change=_answered, args=(lesson, number))  # fmt: skip
    if answer is None:
        return
    if answer == lesson.answers[lesson.right]:
        st.success(f"Right. {lesson.because}", icon=":material/check_circle:")
    else:
        st.error("Not quite. Look again, then choose another answer.", icon=":material/error:")


def _answered(lesson, number):
    """Callback: note the step as done when the answer is right."""
    done = list(st.session_state.get(DONE) or [])
    if st.session_state[f"answer-{number}"] == lesson.answers[lesson.right] and number not in done:
        st.session_state[DONE] = sorted([*done, number], key=int)
