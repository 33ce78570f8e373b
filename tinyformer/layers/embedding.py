"""Embedding: each token id selects a row of a table. Backward: each row gathers the gradients of its occurrences."""

from typing import NamedTuple

import numpy as np

from tinyformer.layers.rows import as_rows
from tinyformer.parameters import Layer, Parameter


class EmbeddingTape(NamedTuple):
    tokens: np.ndarray  # (B, T), integers


class Embedding(Layer):
    """tokens (B, T), integers in [0, V) → y (B, T, D). There is no gradient with respect to integers."""

    def __init__(self, vocab_size, embed_dim, rng, dtype=np.float32):
        self.weight = Parameter(rng.standard_normal((vocab_size, embed_dim)).astype(dtype))

    def forward(self, tokens):
        """Raises ValueError if an id is outside the vocabulary (a negative one would select from the end)."""
        tokens, table = np.asarray(tokens), self.weight.value
        if tokens.dtype.kind not in "iu":
            raise ValueError(f"token ids are whole numbers, got {tokens.dtype}")
        if tokens.size and (tokens.min() < 0 or tokens.max() >= len(table)):
            raise ValueError(f"token ids must lie in 0…{len(table) - 1}, got {tokens.min()}…{tokens.max()}")
        return table.take(tokens, axis=0), EmbeddingTape(tokens)

    def backward(self, dy, tape):
        # A product with one-hot rows adds up what np.add.at would, several times faster.
        one_hot = np.eye(len(self.weight.value), dtype=dy.dtype).take(tape.tokens.ravel(), axis=0)  # (N, V)
        self.weight.gradient += one_hot.T @ as_rows(dy)
