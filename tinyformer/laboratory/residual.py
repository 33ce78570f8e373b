"""Residual path: y = x + f(x), f a chain of layers. Backward: dx = dy + f'(x)ᵀ dy. He et al. (2016).

The blocks of the model spell out their two residual sums, with dropout and norms in their places
(transformer_block.py); this is the same thing alone, to be looked at and measured.
"""

import copy

import numpy as np

from tinyformer.layers import FeedForward, LayerNorm, Linear, ReLU
from tinyformer.parameters import Layer


class Chain(Layer):
    """x → y, through layers one after the other."""

    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        tapes = []
        for layer in self.layers:
            x, tape = layer.forward(x)
            tapes.append(tape)
        return x, tuple(tapes)

    def backward(self, dy, tape):
        for layer, layer_tape in zip(reversed(self.layers), reversed(tape), strict=True):
            dy = layer.backward(dy, layer_tape)
        return dy


class Residual(Chain):
    """x (…) → y (…), past any layers that keep the shape."""

    def forward(self, x):
        f, tape = super().forward(x)
        return x + f, tape

    def backward(self, dy, tape):
        return dy + super().backward(dy, tape)


def residual_depth(depth, gain=1.0, residual=True, width=64, rows=32, seed=0):
    """The size of the gradient at each of depth + 1 places of a random stack, 1 at its end: (depth + 1,).

    f is a Linear layer, its weights Xavier's times `gain`, and a ReLU.
    """
    rng = np.random.default_rng(seed)
    x, passed = rng.standard_normal((rows, width)), []
    for _ in range(depth):
        linear = Linear(width, width, rng, np.float64)
        linear.weight.value *= gain
        layer = (Residual if residual else Chain)(linear, ReLU())
        x, tape = layer.forward(x)
        passed.append((layer, tape))
    dx = rng.standard_normal(x.shape)
    start, sizes = np.linalg.norm(dx), [1.0]
    for layer, tape in reversed(passed):
        dx = layer.backward(dx, tape)
        sizes.append(np.linalg.norm(dx) / start)
    return np.array(sizes[::-1])


def direct_path(anatomy):
    """Of the gradient behind the last layer of a model, the share of its size that comes back to the first along the
    residual sums alone, past every sublayer. Pre-norm: 1. Post-norm: a norm stands behind each sum, and rescales it.
    """
    if anatomy.model.config.norm == "pre":
        return 1.0
    names = [
        f"blocks.{i}.{part}_norm" for i in range(len(anatomy.model.blocks)) for part in ("attention", "feed_forward")
    ]
    dx = start = anatomy.passages[names[-1]][0].dy
    for name in reversed(names):
        dx = copy.deepcopy(anatomy.layer(name)).backward(dx, anatomy.passages[name][0].tape)
    return float(np.linalg.norm(dx) / np.linalg.norm(start))


def norm_placement(norm, depth, width=64, rows=32, seed=0):
    """`depth` sublayers before any training, norm "post" or "pre" → the gradient's size at each one's last weights.

    f is a feed-forward network; at the end of all a gradient of size 1 arrives. Xiong et al. (2020), §3: after a post
    norm it stays large at the last sublayers however many there are, with pre norms it shrinks, the slower the deeper.
    """
    rng = np.random.default_rng(seed)
    networks = [FeedForward(width, 4 * width, rng, np.float64) for _ in range(depth)]
    norms = [LayerNorm(width, dtype=np.float64) for _ in range(depth + 1)]
    if norm == "post":
        layers = [Chain(Residual(f), after) for f, after in zip(networks, norms, strict=False)]
    else:
        layers = [Residual(before, f) for f, before in zip(networks, norms, strict=False)] + norms[-1:]
    stack = Chain(*layers)
    y, tape = stack.forward(rng.standard_normal((rows, width)))
    dy = rng.standard_normal(y.shape)
    stack.backward(dy / np.linalg.norm(dy), tape)
    return np.array([np.linalg.norm(network.contract.weight.gradient) for network in networks])
