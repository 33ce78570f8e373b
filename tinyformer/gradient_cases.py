"""The cases in which the gradients are checked: every layer by name, and the whole model, small enough to check it all.

A new layer gets one line in CASES, and `python -m tinyformer gradcheck` and the tests check it.
"""

import numpy as np

from tinyformer.configuration import TransformerConfig
from tinyformer.gradient_check import check_model, gradient_check
from tinyformer.layers import (
    Dropout,
    Embedding,
    FeedForward,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    PositionalEncoding,
    ReLU,
    ScaledDotProductAttention,
    Softmax,
)
from tinyformer.loss import CrossEntropyLoss
from tinyformer.parameters import Layer
from tinyformer.task.datasets import create_batch
from tinyformer.task.expressions import parse_expression
from tinyformer.transformer import Transformer
from tinyformer.transformer_block import TransformerBlock

B, T, D, H, F = 3, 6, 8, 2, 12  # more than one expression, token and head: some errors need that to show
SEED = 0
MASK = np.arange(T) < np.array([[6], [4], [5]])  # (B, T), as padding leaves it


def check(name):
    """Run the case of this name → GradientReport. KeyError if there is none."""
    return CASES[name](np.random.default_rng(SEED))


def _layer(make, *shapes, **options):
    """A case: a layer made from a generator, on random inputs of these shapes."""

    def run(rng):
        layer = make(rng)
        for parameter, _ in layer.get_parameters():  # zeros and ones would hide mistakes
            parameter += 0.3 * rng.standard_normal(parameter.shape)
        return gradient_check(layer, *(rng.standard_normal(shape) for shape in shapes), **options)

    return run


def _embedding(rng):
    return gradient_check(Embedding(20, D, rng, np.float64), rng.integers(0, 20, (B, T)))


def _loss(rng):
    logits, targets = rng.standard_normal((B, 20)), rng.integers(0, 20, B)
    return gradient_check(LossLayer(CrossEntropyLoss(), targets), logits)


def _model(masked, **settings):
    """A case: a whole transformer, every parameter and the embedded input."""
    config = TransformerConfig(embed_dim=D, num_heads=H, ffn_dim=F, max_seq_len=10, **settings)
    texts = ("Max 5 3 9", "First 1 2", "Min 4 0") if masked else ("Max 5 3 9", "Last 1 2 4")

    def run(rng):
        model = Transformer(config, seed=SEED, dtype="float64")
        model.vector += 0.1 * rng.standard_normal(model.vector.shape)
        expressions = map(parse_expression, texts)
        tokens, _, mask = create_batch([(e.tokens, e.answer_token) for e in expressions])
        return check_model(model, tokens, mask=mask)

    return run


class LossLayer(Layer):
    """The loss as a layer, so that its gradient can be checked like any other."""

    def __init__(self, loss_fn, targets):
        self.loss_fn, self.targets = loss_fn, targets

    def forward(self, logits):
        loss, tape = self.loss_fn.forward(logits, self.targets)
        return np.asarray(loss), tape

    def backward(self, dy, tape):
        return dy * self.loss_fn.backward(tape)


class _SameDraws:
    """A generator that draws the same numbers each time: dropout drops the same entries in every forward pass."""

    def random(self, shape, dtype):
        return np.random.default_rng(SEED).random(shape, dtype)


def _block(norm):
    config = TransformerConfig(embed_dim=D, num_heads=H, ffn_dim=F, norm=norm, dropout=0.2)
    return _layer(lambda rng: TransformerBlock(config, rng, np.float64), (B, T, D), mask=MASK, rng=_SameDraws())


CASES = {
    "linear": _layer(lambda rng: Linear(D, F, rng, np.float64), (B, T, D)),
    "linear-no-bias": _layer(lambda rng: Linear(D, F, rng, np.float64, use_bias=False), (B, T, D)),
    "embedding": _embedding,
    "positions": _layer(lambda rng: PositionalEncoding(10, D, rng, "learned", np.float64), (B, T, D)),
    "layer-norm": _layer(lambda rng: LayerNorm(D, dtype=np.float64), (B, T, D)),
    "relu": _layer(lambda rng: ReLU(), (B, T, D)),
    "softmax": _layer(lambda rng: Softmax(), (B, T, D)),
    "dropout": _layer(lambda rng: Dropout(0.3), (B, T, D), rng=_SameDraws()),
    "attention": _layer(lambda rng: ScaledDotProductAttention(), *[(B, H, T, D // H)] * 3, mask=MASK[:, None, None, :]),
    "multi-head": _layer(lambda rng: MultiHeadAttention(D, H, rng, dtype=np.float64), (B, T, D), mask=MASK),
    "feed-forward": _layer(lambda rng: FeedForward(D, F, rng, np.float64), (B, T, D)),
    "block-post": _block("post"),
    "block-pre": _block("pre"),
    "loss": _loss,
    "model-post": _model(masked=True),
    "model-pre": _model(masked=False, norm="pre", pooling="mean", positions="learned"),
}
