"""What is computed from a subject's weights once and kept for all: keyed by `Subject.source`, never written to."""

import threading
import time
from collections import OrderedDict

import numpy as np
import streamlit as st

from dashboard.plain_text import plain
from tinyformer import expression_space, interpret

MOST_KEPT = 256


@st.cache_resource(max_entries=512, show_spinner=False)
def trace(source, tokens, _model):
    """Every intermediate value for one expression, a tuple of token ids."""
    return interpret.trace(_model, np.array([tokens]))


@st.cache_resource(max_entries=24, show_spinner="Asking every expression there is …")
def patterns(source, _model):
    """SpacePatterns."""
    return interpret.space_patterns(_model, expression_space())


@st.cache_resource(max_entries=256, show_spinner=False)
def focus(source, _model):
    """FocusEvidence."""
    return interpret.focus_evidence(patterns(source, _model))


@st.cache_resource(max_entries=256, show_spinner=False)
def roles(source, _model):
    """RoleShares."""
    return interpret.role_shares(patterns(source, _model))


@st.cache_resource(max_entries=64, show_spinner=False)
def matches(first, second, _first_model, _second_model):
    """([Match, …], [(H, H') similarities of each layer])."""
    one, other = patterns(first, _first_model), patterns(second, _second_model)
    layers = range(min(len(one.weights), len(other.weights)))
    return interpret.match_heads(one, other), [interpret.head_similarity(one, other, layer) for layer in layers]


@st.cache_resource(show_spinner=False)
def kept():
    """Results of generators: (lock, {key: result}), the oldest first."""
    return threading.Lock(), OrderedDict()


def recall(key):
    """A kept result, or None."""
    lock, results = kept()
    with lock:
        if key in results:
            results.move_to_end(key)
        return results.get(key)


def keep(key, result):
    lock, results = kept()
    with lock:
        results[key] = result
        while len(results) > MOST_KEPT:
            results.popitem(last=False)
    return result


def computed(key, steps, text):
    """The result of a generator as `interpret.ablation_steps`: a kept one, or computed now, under a progress bar."""
    result = recall(key)
    if result is not None:
        return result
    place, running, shown = st.empty(), steps(), 0.0
    while True:
        try:
            share = next(running)
        except StopIteration as stop:
            place.empty()
            return keep(key, stop.value)
        if time.monotonic() - shown > 0.1:
            shown = time.monotonic()
            place.progress(share, text)


def ablation(subject, sets, replacement, text):
    """Ablation of sets of components on the whole space, computed under a progress bar or kept."""
    sets = tuple(frozenset(components) for components in sets)
    return computed(
        ("ablation", subject.source, sets, replacement),
        lambda: interpret.ablation_steps(subject.model, expression_space(), sets, replacement),
        f"{text} of {plain(subject.name)} …",
    )


def single_heads(subject, replacement):
    """Ablation of each head alone."""
    sets = [[head] for head in interpret.heads_of(subject.config)]
    return ablation(subject, sets, replacement, "Taking out one head after the other")
