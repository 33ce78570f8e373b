"""What is computed from a subject's weights once and kept for all: keyed by `Subject.source`, never written to."""

import threading
from collections import OrderedDict

import numpy as np
import streamlit as st

from tinyformer import interpret

MOST_BYTES = 400_000_000  # of all that is kept


@st.cache_resource(max_entries=512, show_spinner=False)
def trace(source, tokens, _model):
    """Every intermediate value for one expression, a tuple of token ids."""
    return interpret.trace(_model, np.array([tokens]))


def of_expression(subject, expression):
    """The trace of a subject that knows the operation: the tokens are those of its own task."""
    return trace(subject.source, tuple(subject.question(expression).tokens), subject.model)


@st.cache_resource(show_spinner=False)
def kept():
    """Results of work in the background: (lock, {key: result}), the oldest first."""
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
        while len(results) > 1 and sum(map(size, results.values())) > MOST_BYTES:
            results.popitem(last=False)
    return result


def size(thing):
    """Bytes of all arrays in tuples, lists, dictionaries and records."""
    if isinstance(thing, np.ndarray):
        return thing.nbytes
    inside = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, tuple | list) else ()
    return sum(map(size, inside)) + sum(map(size, getattr(thing, "__dict__", {}).values()))
