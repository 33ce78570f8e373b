"""Residual path: y = x + f(x), f a chain of layers. Backward: dx = dy + f'(x)ᵀ dy. He et al. (2016).

The blocks of the model spell out their two residual sums, with dropout and norms in their places
(transformer_block.py); this is the same thing alone, to be looked at and measured.
"""

import numpy as np

from tinyformer.layers import Linear, ReLU
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
    """The size of the gradient at each of depth + 1 places of a random stack, 1 at its end: (depth + 1,)."""
    rng = np.random.default_rng(seed)
    x, passed = rng.standard_normal((rows, width)), []
    for _ in range(depth):
        linear = Linear(width, width, rng, np.float64)
        linear.weight.value *= gain
        layer = (Residual if residual else Chain)(linear, ReLU())
        x, tape = layer.forward(x)
        passed.append((layer, tape))
    dx = rng.standard_normal(x.shape)
    sizes = [1.0]
    start = np.linalg.norm(dx)
    for layer, tape in reversed(passed):
        dx = layer.backward(dx, tape)
        sizes.append(np.linalg.norm(dx) / start)
    return np.array(sizes[::-1])
