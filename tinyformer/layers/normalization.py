"""Layer normalization: y = γ x̂ + β with x̂ = (x − mean) / √(var + ε), over the last axis. Ba, Kiros & Hinton (2016).

Backward, with g = γ dy: dx = (g − mean(g) − x̂ mean(g x̂)) / √(var + ε), dγ = Σ dy x̂, dβ = Σ dy. The two means are the
gradient's way through the mean and through the variance.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.layers.rows import column_sums, row_dots, row_means
from tinyformer.parameters import Layer, Parameter


class LayerNormTape(NamedTuple):
    normalized: np.ndarray  # x̂, (…, D)
    inverse_std: np.ndarray  # 1 / √(var + ε), (…, 1)


class LayerNorm(Layer):
    """x (…, D) → y (…, D), each row with mean β and standard deviation γ."""

    def __init__(self, embed_dim, epsilon=1e-5, dtype=np.float32):
        self.epsilon = epsilon
        self.gamma = Parameter(np.ones(embed_dim, dtype))
        self.beta = Parameter(np.zeros(embed_dim, dtype))

    def forward(self, x):
        D = len(self.gamma.value)
        if x.shape[-1] != D:  # a single feature would be broadcast
            raise ValueError(f"LayerNorm expects {D} features on the last axis, got shape {x.shape}")
        normalized = x - row_means(x)
        inverse_std = 1 / np.sqrt(row_dots(normalized, normalized) / D + self.epsilon)
        normalized *= inverse_std
        y = normalized * self.gamma.value
        y += self.beta.value
        return y, LayerNormTape(normalized, inverse_std)

    def backward(self, dy, tape):
        normalized, inverse_std = tape
        D = dy.shape[-1]
        self.beta.gradient += column_sums(dy)
        self.gamma.gradient += column_sums(dy * normalized)
        dx = dy * self.gamma.value  # g, the gradient at x̂
        along = row_dots(dx, normalized) / D
        dx -= row_means(dx)
        dx -= normalized * along
        dx *= inverse_std
        return dx
