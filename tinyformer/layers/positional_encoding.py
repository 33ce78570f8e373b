"""Positional encoding: y = x + P[:T], so that order can matter. Backward: dx = dy, and dP[:T] = Σ dy over the batch.

Sinusoidal: P[t, 2i] = sin(t / 10000^(2i/D)), P[t, 2i+1] = cos(the same). Vaswani et al. (2017), §3.5.
"""

import numpy as np

from tinyformer.parameters import Layer, Parameter


def sinusoidal_table(max_seq_len, embed_dim, dtype=np.float64):
    """The fixed table (max_seq_len, embed_dim) of sines (even columns) and cosines (odd columns)."""
    frequencies = 10_000.0 ** (-np.arange(0, embed_dim, 2) / embed_dim)
    angles = np.arange(max_seq_len)[:, None] * frequencies  # (T, ⌈D/2⌉)
    table = np.empty((max_seq_len, embed_dim), dtype)
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles[:, : embed_dim // 2])
    return table


class PositionalEncoding(Layer):
    """x (B, T, D) → y (B, T, D). `kind`: "sinusoidal" (fixed), "learned" (a parameter) or "none" (y = x)."""

    def __init__(self, max_seq_len, embed_dim, rng=None, kind="sinusoidal", dtype=np.float32):
        self.kind, self.max_seq_len = kind, max_seq_len
        if kind == "sinusoidal":
            self.table = sinusoidal_table(max_seq_len, embed_dim, dtype)
        elif kind == "learned":
            self.weight = Parameter(rng.standard_normal((max_seq_len, embed_dim)).astype(dtype))
        elif kind != "none":
            raise ValueError(f'positions must be "sinusoidal", "learned" or "none", got {kind!r}')

    def forward(self, x):
        """Raises ValueError if x has more positions than the table has rows."""
        T = x.shape[1]
        if self.max_seq_len < T:
            raise ValueError(f"{T} tokens do not fit into max_seq_len = {self.max_seq_len}")
        if self.kind == "none":
            return x, None
        table = self.table if self.kind == "sinusoidal" else self.weight.value
        return x + table[:T], None

    def backward(self, dy, tape):
        if self.kind == "learned":
            self.weight.gradient[: dy.shape[1]] += dy.sum(axis=0)
        return dy
