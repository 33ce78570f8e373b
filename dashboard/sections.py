"""The sections of a page: each says its title and its question and draws itself; only the one that is chosen does."""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st


class Section(NamedTuple):
    key: str
    title: str  # also in the link
    question: str
    draw: Callable
    before: tuple[str, ...] = ()  # titles in links that were made when its subject had another place


def choose(sections, key):
    """Place the choice, in the link under `key`, with the question of what is chosen → the Section."""
    of = {section.key: section for section in sections}
    moved = {old: section.key for section in sections for old in section.before}
    if key not in st.session_state and st.query_params.get(key) in moved:
        st.session_state[key] = moved[st.query_params[key]]
    chosen = of[one_of("Look at", list(of), key, lambda name: of[name].title)]
    st.header(chosen.question, anchor=False)
    return chosen


def one_of(label, options, key, format_func=str):
    """Place a choice of one, in the link under `key` → the option. The first is the default."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    default = None if key in st.session_state else options[0]  # not both: Streamlit would complain
    return st.segmented_control(
        label, options, format_func=format_func, default=default, required=True, key=key,
        bind="query-params", label_visibility="collapsed",
    )  # fmt: skip


def in_python(code):
    """The lines that give the numbers of a section, run from the folder of the project; unfolded on demand."""
    unfolded = st.expander("In Python", key="in-python", on_change="rerun")
    if unfolded.open:
        unfolded.code(code, language="python")
