"""Trials of what is no layer of the model under one name: the core of attention, a residual sum, dropout, the end.

Each is taken from an Anatomy, on the values that flow there, with the gradient that the loss sends to it.
"""

import numpy as np

from tinyformer.gradient_cases import LossLayer
from tinyformer.laboratory.anatomy import Trial, dissect  # noqa: F401  so that five lines are enough for a recipe
from tinyformer.laboratory.dropout_average import SeededDropout
from tinyformer.laboratory.residual import Residual
from tinyformer.layers import ScaledDotProductAttention, Softmax
from tinyformer.loss import CrossEntropyLoss

REACH = 6.0  # between the largest and the smallest logit of a check


def attention(anatomy, block):
    """q, k, v of all heads of a block, (1, H, T, K)."""
    name = f"blocks.{block}.attention"
    layer, core = anatomy.layer(name), anatomy.passages[name][0].tape.core
    d_heads = layer.split_heads(anatomy.passages[f"{name}.output"][0].dx)
    return Trial(ScaledDotProductAttention(layer.scaled), (core.q, core.k, core.v), {}, d_heads)


def residual(anatomy, block, part="attention"):
    """x + part(x), or x + part(norm(x)), as this model's block has it; part: "attention" or "feed_forward"."""
    name, passages = f"blocks.{block}.{part}", anatomy.passages
    layer, norm = anatomy.layer(name), anatomy.layer(f"{name}_norm")
    # Where the norm stands before, the gradient at the sum is also the one at the sublayer that is added there.
    if anatomy.layer(f"blocks.{block}").norm_first:
        return Trial(Residual(norm, layer), (passages[f"{name}_norm"][0].x,), {}, passages[name][0].dy)
    return Trial(Residual(layer), (passages[name][0].x,), {}, passages[f"{name}_norm"][0].dx)


def layer_norm(anatomy, block, part="attention"):
    """The norm at a sublayer of a block, or, with part "final", the one after all blocks of a pre-norm model."""
    return anatomy.trial("final_norm" if part == "final" else f"blocks.{block}.{part}_norm")


def dropout(anatomy, block, rate=0.3):
    """Dropout, always with the same draw, on what the feed-forward network of a block returns."""
    passage = anatomy.passages[f"blocks.{block}.feed_forward"][0]
    return Trial(SeededDropout(rate), (passage.y,), {}, passage.dy)


def softmax(anatomy):
    """The logits, and the gradient that the loss, −ln p of the asked token, sends to the probabilities."""
    asked, p = anatomy.target, anatomy.probabilities
    return Trial(Softmax(), (anatomy.logits,), {}, -np.eye(p.shape[1])[[asked]] / p[0, asked])


def cross_entropy(anatomy):
    """The logits, and the loss that asks for the anatomy's target."""
    return Trial(LossLayer(CrossEntropyLoss(), np.array([anatomy.target])), (anatomy.logits,), {}, np.ones(()))


def softened(trial):
    """A Trial to check instead, and what its logits were divided by.

    Where they lie far apart, hardly any gradient passes, and what does is lost in the rounding of a difference.
    """
    x = trial.inputs[0]
    factor = max(1.0, float(np.ptp(x, axis=-1).max()) / REACH)
    return trial._replace(inputs=(x / factor,)), factor


def output_gradient(trial, y, kind, cell=(0, 0), head=0):
    """What a backward pass may start from, of the shape of y: "loss", "ones", "random", or "cell", a 1 at one cell.

    `cell` is (row, column) of the matrix of `head`, where y has heads, (1, H, T, K).
    """
    y = np.asarray(y)
    if kind == "loss":
        return trial.d_output
    if kind == "random":
        return np.random.default_rng(0).standard_normal(y.shape)
    if kind == "ones":
        return np.ones(y.shape)
    gradient = np.zeros(y.shape)
    matrix = gradient[0, head] if y.ndim == 4 else gradient.reshape(-1, y.shape[-1] if y.ndim else 1)
    matrix[cell] = 1
    return gradient
