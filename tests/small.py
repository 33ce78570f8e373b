"""What several tests share: a model small enough to check every coordinate of, and tapes taken apart."""

import numpy as np
import pytest

from tinyformer import Transformer

SETTINGS = {"vocab_size": 20, "embed_dim": 6, "num_heads": 3, "num_layers": 2, "ffn_dim": 7, "max_seq_len": 9}

# Three expressions of different lengths: Max ( 5 3 9 ), Min ( 0 7 ), First ( 1 8 4 6 ).
TOKENS = np.array(
    [
        [15, 17, 7, 5, 11, 18, 0],
        [16, 17, 2, 9, 18, 0, 0],
        [12, 17, 3, 10, 6, 8, 18],
    ]
)
MASK = TOKENS != 0
TARGETS = np.array([11, 2, 3])


def mostly_slow(values, *quick):
    """A family as parameters of a test: `quick` belong to the README's test command, the others to .ci/run alone.

    A value is a tuple where the test has several parameters.
    """
    assert all(value in values for value in quick)
    several = [value if isinstance(value, tuple) else (value,) for value in values]
    return [value if value in quick else pytest.param(*each, marks=pytest.mark.slow)
            for value, each in zip(values, several, strict=True)]  # fmt: skip


def small_model(dtype="float64", seed=1, **settings):
    """A model whose biases, gammas and betas are no longer 0 and 1, so that no gradient is right by accident."""
    model = Transformer(seed=seed, dtype=dtype, **SETTINGS | settings)
    model.vector += np.random.default_rng(seed + 1).normal(0, 0.2, model.vector.shape).astype(dtype)
    return model


def arrays_in(tape, path="tape"):
    """Yield (path, array) for every array in a tape and the tapes inside it."""
    if isinstance(tape, np.ndarray):
        yield path, tape
    elif isinstance(tape, tuple):
        names = getattr(tape, "_fields", range(len(tape)))
        for name, part in zip(names, tape, strict=True):
            yield from arrays_in(part, f"{path}.{name}")


def snapshot(thing):
    """Everything reachable from a layer's attributes, as something comparable: what forward must not touch."""
    if isinstance(thing, np.ndarray):
        return (thing.ctypes.data, thing.dtype.str, thing.shape, thing.tobytes())
    if isinstance(thing, list | tuple):
        return tuple(snapshot(part) for part in thing)
    members = getattr(thing, "__dict__", None)
    if members is None and hasattr(thing, "__slots__"):
        members = {name: getattr(thing, name) for name in thing.__slots__}
    if members is None:
        return repr(thing)
    return {name: snapshot(member) for name, member in members.items()}


class Reseeded:
    """A layer whose dropout drops the same entries each time: a fresh generator of the same seed for every forward."""

    def __init__(self, layer, seed=5):
        self.layer, self.seed = layer, seed

    def forward(self, *inputs, **options):
        return self.layer.forward(*inputs, rng=np.random.default_rng(self.seed), **options)

    def __getattr__(self, name):
        return getattr(self.layer, name)
