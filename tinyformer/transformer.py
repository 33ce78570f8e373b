"""The transformer: an encoder that reads a whole expression at once and answers with one token.

tokens → embedding + positions → L blocks → the pooled row → linear read-out → V logits. Vaswani et al. (2017).
"""

from typing import NamedTuple

import numpy as np

from tinyformer.configuration import TransformerConfig
from tinyformer.layers import Dropout, Embedding, LayerNorm, Linear, PositionalEncoding, Softmax
from tinyformer.layers.dropout import DropoutTape
from tinyformer.layers.embedding import EmbeddingTape
from tinyformer.layers.linear import LinearTape
from tinyformer.layers.normalization import LayerNormTape
from tinyformer.memory import PREDICTION, forward_bytes
from tinyformer.parameters import Layer, flatten
from tinyformer.transformer_block import BlockTape, TransformerBlock


class TransformerTape(NamedTuple):
    embedding: EmbeddingTape | None  # None when the forward pass began at embedded tokens
    dropout: DropoutTape
    blocks: tuple[BlockTape, ...]
    final_norm: LayerNormTape | None  # pre-norm only
    row_weights: np.ndarray  # (B or 1, R): the share of each row in the pooled one
    read_out: LinearTape


class Transformer(Layer):
    """tokens (B, T), integers → logits (B, V).

    `Transformer(embed_dim=64, num_heads=4, seed=42)` or `Transformer(config, seed=42)`. The settings are those of
    TransformerConfig. `dtype` is "float32" to train, "float64" to check gradients; nothing upcasts in between.
    """

    def __init__(self, config=None, *, seed=42, dtype="float32", **settings):
        self.config = config = TransformerConfig(**settings) if config is None else config
        if settings and config != TransformerConfig(**settings):
            raise ValueError("pass either a configuration or settings, not both")
        self.dtype = dtype = np.dtype(dtype)
        if dtype.name not in ("float32", "float64"):
            raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype.name!r}")
        rng, D = np.random.default_rng(seed), config.embed_dim
        self.embedding = Embedding(config.vocab_size, D, rng, dtype)
        self.positions = PositionalEncoding(config.max_seq_len, D, rng, config.positions, dtype)
        self.dropout = Dropout(config.dropout)
        self.blocks = tuple(TransformerBlock(config, rng, dtype) for _ in range(config.num_layers))
        self.final_norm = LayerNorm(D, dtype=dtype) if config.norm == "pre" else None
        self.read_out = Linear(D, config.vocab_size, rng, dtype)
        self.vector, self.gradient = flatten(self)
        self._pairs = super().get_parameters()
        self._pairs.flat = (self.vector, self.gradient)

    def forward(self, tokens, mask=None, rng=None, every_row=False, keep_tapes=True):
        """Return the logits (B, V) and the tape. Raises ValueError on tokens or a mask that it cannot read.

        `mask` (B, T), True = a token; `rng` switches dropout on. With first-token pooling the last block computes the
        first row only, since nobody reads the others: `every_row=True` computes them all, for looking at.
        `keep_tapes=False` leaves out the tapes of the blocks, nearly all of the memory, where nothing is learned.
        """
        tokens = np.asarray(tokens)
        if tokens.ndim != 2 or not tokens.size:
            raise ValueError(f"tokens must be (B, T), at least one expression of one token, got shape {tokens.shape}")
        x, embedding = self.embedding.forward(tokens)  # (B, T, D)
        logits, tape = self.forward_embedded(x, mask, rng, every_row, keep_tapes)
        return logits, tape._replace(embedding=embedding)

    def forward_embedded(self, x, mask=None, rng=None, every_row=False, keep_tapes=True):
        """The forward pass from embedded tokens x (B, T, D) on, as interpolation and gradient checks need it."""
        if x.dtype != self.dtype:
            raise ValueError(f"this model computes in {self.dtype}, got {x.dtype}: pass x.astype(model.dtype)")
        mask = self.useful_mask(x, mask)
        x, _ = self.positions.forward(x)
        x, dropout = self.dropout.forward(x, rng)
        tapes = []
        for block in self.blocks:
            first_row_only = block is self.blocks[-1] and self.config.pooling == "first" and not every_row
            x, tape = block.forward(x, mask, rng, num_rows=1 if first_row_only else None)
            if keep_tapes:
                tapes.append(tape)
            del tape  # or it would be there until the next block has made its own
        x, final_norm = self.final_norm.forward(x) if self.final_norm else (x, None)
        row_weights = self.pooling_weights(x, mask)
        pooled = np.vecmat(row_weights, x)  # (B, D)
        logits, read_out = self.read_out.forward(pooled)  # (B, V)
        return logits, TransformerTape(None, dropout, tuple(tapes), final_norm, row_weights, read_out)

    def backward(self, d_logits, tape):
        """Add to all gradients; return the gradient at the embedded tokens (B, T, D)."""
        d_pooled = self.read_out.backward(d_logits, tape.read_out)
        dx = tape.row_weights[:, :, None] * d_pooled[:, None, :]
        if self.final_norm:
            dx = self.final_norm.backward(dx, tape.final_norm)
        for block, block_tape in zip(reversed(self.blocks), reversed(tape.blocks), strict=True):
            dx = block.backward(dx, block_tape)
        dx = self.dropout.backward(dx, tape.dropout)
        dx = self.positions.backward(dx, None)
        if tape.embedding is not None:
            self.embedding.backward(dx, tape.embedding)
        return dx

    def predict(self, tokens, mask=None):
        """Probabilities (B, V) of the answer; rows sum to 1. Computed part by part where B is too many at once."""
        tokens = np.asarray(tokens)
        T = tokens.shape[1] if tokens.ndim == 2 else 1
        most = max(1, PREDICTION // forward_bytes(self.config, max(1, T), self.dtype.itemsize))
        if tokens.ndim != 2 or len(tokens) <= most:
            logits, _ = self.forward(tokens, mask, keep_tapes=False)
            return Softmax().forward(logits)[0]
        mask = self.useful_mask(tokens, mask)
        parts = [slice(start, start + most) for start in range(0, len(tokens), most)]
        return np.concatenate([self.predict(tokens[part], None if mask is None else mask[part]) for part in parts])

    def useful_mask(self, x, mask):
        """None if nothing is masked. An expression without a token would attend to nothing: ValueError."""
        if mask is None:
            return None
        mask = np.asarray(mask)
        if mask.shape != x.shape[:2] or mask.dtype != bool:
            expected = f"bool {x.shape[:2]}, the shape of the tokens, True = a token"
            raise ValueError(f"the mask must be {expected}; got {mask.dtype} {mask.shape}")
        if mask.all():
            return None
        # The first position is the one that is pooled: it has to be a token for every row to have one.
        if not mask[:, 0].all():
            raise ValueError(f"expression {int(np.argmin(mask[:, 0]))} of the batch has no token at its first position")
        return mask

    def pooling_weights(self, x, mask):
        """How the R rows of x (B, R, D) are pooled, (1 or B, R): all of the first, or the mean over the tokens."""
        R = x.shape[1]
        if self.config.pooling == "first":
            return np.eye(1, R, dtype=x.dtype)
        keep = np.ones((1, R), x.dtype) if mask is None else mask.astype(x.dtype)
        return keep / keep.sum(axis=1, keepdims=True)

    def get_parameters(self):
        """The (parameter, gradient) pairs; `.flat` is the pair of vectors that they are views of."""
        return self._pairs

    def zero_grad(self):
        self.gradient.fill(0)

    def __reduce__(self):
        # Copying or pickling views would cut them off from their vector: build anew and copy the vector.
        return _rebuild, (self.config, self.dtype.str, self.vector.copy())


def _rebuild(config, dtype, vector):
    model = Transformer(config, seed=0, dtype=dtype)
    model.vector[:] = vector
    return model
