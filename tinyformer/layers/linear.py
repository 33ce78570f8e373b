"""Linear layer: y = x W + b. Backward: dW = xᵀ dy, db = Σ dy, dx = dy Wᵀ. Initialized after Glorot & Bengio (2010)."""

from typing import NamedTuple

import numpy as np

from tinyformer.layers.rows import as_rows, column_sums
from tinyformer.parameters import Layer, Parameter


class LinearTape(NamedTuple):
    x: np.ndarray  # (…, D_in)
    columns: slice  # of W and b


class Linear(Layer):
    """x (…, in_features) → y (…, out_features), with a bias unless `use_bias=False`."""

    def __init__(self, in_features, out_features, rng, dtype=np.float32, use_bias=True):
        bound = np.sqrt(6 / (in_features + out_features))  # Xavier: keeps the variance forwards and backwards
        self.weight = Parameter(rng.uniform(-bound, bound, (in_features, out_features)).astype(dtype))
        self.bias = Parameter(np.zeros(out_features, dtype)) if use_bias else None

    def forward(self, x, columns=slice(None)):
        """`columns` computes only these of the outputs. Raises ValueError if x has another number of features."""
        if x.shape[-1] != len(self.weight.value):
            raise ValueError(f"Linear expects {len(self.weight.value)} features on the last axis, got shape {x.shape}")
        y = as_rows(x) @ self.weight.value[:, columns]
        if self.bias:
            y += self.bias.value[columns]
        return y.reshape(*x.shape[:-1], -1), LinearTape(x, columns)

    def backward(self, dy, tape):
        x, columns = tape
        rows = as_rows(dy)
        self.weight.gradient[:, columns] += as_rows(x).T @ rows
        if self.bias:
            self.bias.gradient[columns] += column_sums(rows)
        return (rows @ self.weight.value[:, columns].T).reshape(x.shape)
