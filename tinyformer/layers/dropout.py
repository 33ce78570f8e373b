"""Dropout: y = x · keep / (1 − rate), each entry kept with probability 1 − rate. Backward: the same mask on dy.

Dividing by 1 − rate preserves the expectation, so that nothing changes outside training. Srivastava et al. (2014).
"""

from typing import NamedTuple

import numpy as np

from tinyformer.parameters import Layer


class DropoutTape(NamedTuple):
    scale: np.ndarray | None  # (…): 0 or 1 / (1 − rate); None when nothing was dropped


class Dropout(Layer):
    """x (…) → y (…). Active only when a random generator is passed: training passes one, nothing else does."""

    def __init__(self, rate=0.0):
        if not 0 <= rate < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {rate}")
        self.rate = rate

    def forward(self, x, rng=None):
        if rng is None or self.rate == 0:
            return x, DropoutTape(None)
        keep = rng.random(x.shape, dtype=x.dtype) >= self.rate
        scale = keep.astype(x.dtype) / x.dtype.type(1 - self.rate)
        return x * scale, DropoutTape(scale)

    def backward(self, dy, tape):
        return dy if tape.scale is None else dy * tape.scale
