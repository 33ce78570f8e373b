"""What the size of the first weights does to a deep stack: the scale of activations going up, of gradients coming back.

Glorot & Bengio (2010): with a variance of 2 / (in + out), both stay about as large as they were. Half or twice the
weights, and they shrink or grow by that factor in every layer.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.layers import Linear, ReLU, Softmax


class DepthScales(NamedTuple):
    activations: np.ndarray  # (depth + 1,) standard deviation, of the input and after each layer
    gradients: np.ndarray  # (depth + 1,) the same of the gradient at these places; 1 at the end


def scales_through_depth(gain=1.0, depth=12, width=64, relu=False, rows=64, seed=0):
    """`depth` Linear layers with Xavier's weights times `gain`, perhaps each with a ReLU → DepthScales."""
    rng = np.random.default_rng(seed)
    layers = [Linear(width, width, rng, np.float64) for _ in range(depth)]
    x, tapes = rng.standard_normal((rows, width)), []
    activations = [x.std()]
    for layer in layers:
        layer.weight.value *= gain
        x, tape = layer.forward(x)
        x, bend = ReLU().forward(x) if relu else (x, None)
        tapes.append((tape, bend))
        activations.append(x.std())
    dx = rng.standard_normal(x.shape)
    gradients = [dx.std()]
    for layer, (tape, bend) in zip(reversed(layers), reversed(tapes), strict=True):
        dx = ReLU().backward(dx, bend) if relu else dx
        dx = layer.backward(dx, tape)
        gradients.append(dx.std())
    return DepthScales(np.array(activations), np.array(gradients[::-1]))


def attention_sharpness(head_dims, scaled=True, tokens=6, draws=200, seed=0):
    """For each K of `head_dims`, of a softmax over random scores q·k: (the mean largest weight, the mean size of its
    Jacobian), each (len(head_dims),). The second is what comes through of a gradient.

    q and k have variance 1, so that a score has the variance K; divided by √K it has 1, whatever K is.
    """
    rng = np.random.default_rng(seed)
    largest, slopes = [], []
    for K in head_dims:
        scores = rng.standard_normal((draws, 1, K)) @ rng.standard_normal((draws, tokens, K)).swapaxes(1, 2)
        scores = scores[:, 0] / (np.sqrt(K) if scaled else 1.0)
        weights, _ = Softmax().forward(scores)
        jacobians = weights[:, :, None] * (np.eye(tokens) - weights[:, None, :])
        largest.append(weights.max(axis=1).mean())
        slopes.append(np.linalg.norm(jacobians, axis=(1, 2)).mean())
    return np.array(largest), np.array(slopes)
