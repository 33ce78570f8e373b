"""Position-wise feed-forward network: y = ReLU(x W₁ + b₁) W₂ + b₂. Vaswani et al. (2017), §3.3."""

from typing import NamedTuple

import numpy as np

from tinyformer.layers.activations import ReLU, ReLUTape
from tinyformer.layers.linear import Linear, LinearTape
from tinyformer.parameters import Layer


class FeedForwardTape(NamedTuple):
    expand: LinearTape
    relu: ReLUTape
    contract: LinearTape


class FeedForward(Layer):
    """x (…, D) → y (…, D), through F hidden units."""

    def __init__(self, embed_dim, ffn_dim, rng, dtype=np.float32):
        self.expand = Linear(embed_dim, ffn_dim, rng, dtype)
        self.relu = ReLU()
        self.contract = Linear(ffn_dim, embed_dim, rng, dtype)

    def forward(self, x):
        h, expand = self.expand.forward(x)  # (…, F)
        h, relu = self.relu.forward(h)
        y, contract = self.contract.forward(h)  # (…, D)
        return y, FeedForwardTape(expand, relu, contract)

    def backward(self, dy, tape):
        dh = self.contract.backward(dy, tape.contract)
        dh = self.relu.backward(dh, tape.relu)
        return self.expand.backward(dh, tape.expand)
