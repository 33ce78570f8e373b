"""ReLU: y = max(x, 0), dx = dy where x > 0. Softmax over the last axis: y = exp(x) / Σ exp(x), dx = y (dy − Σ dy y)."""

from typing import NamedTuple

import numpy as np

from tinyformer.layers.rows import row_dots, row_maxima, row_sums
from tinyformer.parameters import Layer


class ReLUTape(NamedTuple):
    active: np.ndarray  # (…), bool: where the input was positive


class ReLU(Layer):
    """x (…) → y (…)."""

    def forward(self, x):
        active = x > 0
        return x * active, ReLUTape(active)

    def backward(self, dy, tape):
        return dy * tape.active


class SoftmaxTape(NamedTuple):
    weights: np.ndarray  # (…, T), rows sum to 1


class Softmax(Layer):
    """x (…, T) → y (…, T). An entry of −inf gets weight 0; each row needs one that isn't."""

    def forward(self, x):
        y = x - row_maxima(x)  # exp cannot overflow, and the result is the same
        np.exp(y, out=y)
        y /= row_sums(y)
        return y, SoftmaxTape(y)

    def backward(self, dy, tape):
        y = tape.weights
        dx = dy - row_dots(dy, y)  # the full Jacobian diag(y) − y yᵀ, applied
        dx *= y
        return dx
