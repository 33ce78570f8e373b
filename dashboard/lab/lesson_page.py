"""Lessons: one step at a time, answers checked, progress in the URL."""

import streamlit as st

from dashboard import selection
from dashboard.lab import rooms
from dashboard.lab.lessons import LESSONS
from dashboard.lab.rooms import DONE, STEPS
from dashboard.pages import PAGES

STEP = "lesson"  # key of the widget


def draw():
    """The path, and the step one stands at."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        number = st.segmented_control("Step", STEPS, required=True, key=STEP, persist_state="session")
        st.button("Back", key="lesson-back", disabled=number == STEPS[0], on_click=_go, args=(int(number) - 1,))
        st.button("Next", key="lesson-next", disabled=number == STEPS[-1], on_click=_go, args=(int(number) + 1,))
    done = st.session_state[DONE]
    which = f" ({', '.join(done)}). The address of this page remembers: keep it as a bookmark." if done else "."
    st.progress(len(done) / len(STEPS), text=f"{len(done)} of {len(STEPS)} answered{which}")
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
    """To the bench or the page of this step, in its state."""
    if not lesson.page:
        st.button("Open it", key=f"open-{number}", type="primary", on_click=_leave, args=(lesson, number))
        return
    page = next(page for page in PAGES if page.view == lesson.page)
    if st.button(f"Open {page.title}", key=f"open-{number}", type="primary", on_click=_leave, args=(lesson, number)):
        selection.open_page(page.path)


def _leave(lesson, number):
    """Callback: remember the way back; put the lab and the expression into the state of this step."""
    st.session_state["_lesson_open"] = number
    if lesson.place:
        rooms.enter(**lesson.place)
    if lesson.expression:
        selection.show_expression(lesson.expression)
    on_display = [shown.file.name for shown in selection.current().models]
    for name in lesson.models:
        if name not in on_display and name in selection.known_models():
            selection.show_model(name)


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
