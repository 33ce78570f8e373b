"""Real bugs, put into a private copy of a model from outside: what each is, and which check notices it.

    model, loss_fn = sabotage(model, "no_jacobian")

No single check notices them all, and some of the bugs still learn. That is why one checks.
"""

import copy
from collections.abc import Callable
from typing import NamedTuple

from tinyformer.laboratory import sabotaged_layers as wrong
from tinyformer.loss import CrossEntropyLoss


class Bug(NamedTuple):
    title: str
    what: str  # what the code does wrong, and how it comes about
    right: str  # the line as it is in the package, in short
    spoiled: str  # the line as the bug has it
    caught_by: str  # a name in model_checks.CHECKS
    apply: Callable | None  # spoils the copy, in place
    loss: type = CrossEntropyLoss
    num_args: int | tuple[int, int] = 3  # of the expressions to train on; a mask matters only where lengths differ


def _attention(kind):
    def apply(model):
        for block in model.blocks:
            block.attention.__class__ = kind

    return apply


def _norms(model):
    norms = [norm for block in model.blocks for norm in (block.attention_norm, block.feed_forward_norm)]
    for norm in norms + ([model.final_norm] if model.final_norm else []):
        norm.__class__ = wrong.NormWithoutMeans


def _blocks(model):
    for block in model.blocks:
        block.__class__ = wrong.NoResidualBackward


def _model(model):
    model.__class__ = wrong.KeepsOldGradients


def _no_root(model):
    for block in model.blocks:
        block.attention.scaled = False


BUGS = {
    "v_for_all": Bug(
        "Q and K get V's gradient",
        "The gradient of V is used for Q and K as well. It has the right shape, so nothing complains; a published "
        "implementation trains this way.",
        "return d_scores @ k, d_scores.T @ q, weights.T @ dy",
        "return dv, dv, dv",
        "gradient check",
        _attention(wrong.GradientOfVForAll),
    ),
    "no_jacobian": Bug(
        "Softmax without its Jacobian",
        "The gradient at the attention weights is passed on as the gradient at the scores. But the weights of a row "
        "share one sum: raising one lowers the others.",
        "d_scores = weights * (d_weights - (d_weights * weights).sum(-1))",
        "d_scores = d_weights",
        "gradient check",
        _attention(wrong.NoJacobian),
    ),
    "softmax_twice": Bug(
        "Softmax differentiated twice",
        "p − y is the gradient of softmax and cross-entropy together. Sent through the softmax's own backward pass "
        "once more, it shrinks most where the model is surest, also where it is surely wrong.",
        "d_logits = p - y",
        "d_logits = softmax.backward(p - y)",
        "gradient check",
        None,
        wrong.DifferentiatedTwice,
    ),
    "norm_without_means": Bug(
        "Layer norm without the mean terms",
        "Mean and variance are treated as constants. They are made of x, and the gradient has to pass through both.",
        "dx = (g - mean(g) - x̂ * mean(g * x̂)) * inverse_std",
        "dx = g * inverse_std",
        "gradient check",
        _norms,
    ),
    "no_residual": Bug(
        "Residual path dropped in backward",
        "y = x + f(x) has two ways back to x. With the direct one forgotten, the gradient has to find its way "
        "through every sublayer.",
        "dx = dy + f.backward(dy)",
        "dx = f.backward(dy)",
        "gradient check",
        _blocks,
    ),
    "mask_after_softmax": Bug(
        "Mask applied after the softmax",
        "Padding takes part in the sum, then its weights are set to 0: the rest no longer sums to 1. The backward pass "
        "is right for this forward pass, so the gradient check has nothing to say.",
        "weights = softmax(where(mask, scores, -inf))",
        "weights = softmax(scores) * mask",
        "padding invariance",
        _attention(wrong.MaskAfterSoftmax),
        num_args=(2, 4),
    ),
    "old_gradients": Bug(
        "Gradients not zeroed",
        "Each backward pass adds to what the last one left. The first step is right, and so is a gradient check of a "
        "fresh model.",
        "model.zero_grad()",
        "pass",
        "repeated backward",
        _model,
    ),
    "no_root": Bug(
        "√K forgotten, in both passes",
        "Without the division by √K (√d in the paper) the scores are √K times too large. Forward and backward agree "
        "with each other, so that only a comparison with the formula in the paper shows it.",
        "scores = q @ k.T / sqrt(K)",
        "scores = q @ k.T",
        "reference value",
        _no_root,
    ),
}


def sabotage(model, key=None):
    """A copy of `model` with the bug `key` in it, and the loss function to go with it. None: both are clean.

    The copy is not to be copied again: a copy of a model is built from its parameters, hence clean.
    """
    copied = copy.deepcopy(model)
    if key is None:
        return copied, CrossEntropyLoss()
    bug = BUGS[key]
    if bug.apply is not None:
        bug.apply(copied)
    return copied, bug.loss()
