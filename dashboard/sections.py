"""The sections of a page, the choice of one in the link, and where an old link's subject now is."""

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
    open_old(key, {old: section.key for section in sections for old in section.before})
    chosen = of[one_of("Look at", list(of), key, lambda name: of[name].title)]
    st.header(chosen.question, anchor=False)
    return chosen


def open_old(key, now):
    """Before its widget: what an old link says under `key` is what `now` says of it, {old: new}."""
    if key not in st.session_state and st.query_params.get(key) in now:
        st.session_state[key] = now[st.query_params[key]]


def one_of(label, options, key, format_func=str, start=0, help=None, label_visibility="collapsed"):
    """Place a choice of one, in the link under `key` → the option. Option number `start` is the default."""
    if st.session_state.get(key, options[0]) not in options:
        del st.session_state[key]
    default = None if key in st.session_state else options[start]  # not both: Streamlit would complain
    return st.segmented_control(
        label, options, format_func=format_func, default=default, required=True, key=key,
        bind="query-params", help=help, label_visibility=label_visibility,
    )  # fmt: skip


def named(label, options, key, format_func=str, start=0, help=None):
    """`one_of` with its label above it."""
    return one_of(label, options, key, format_func, start, help, "visible")


def in_python(code):
    """The lines that give the numbers of a section, run from the folder of the project; unfolded on demand."""
    unfolded = st.expander("In Python", key="in-python", on_change="rerun")
    if unfolded.open:
        unfolded.code(code, language="python")
