"""Attention: softmax(q kᵀ / √K) v per head, on projections of the same x. Vaswani et al. (2017), §3.2.

Backward, with a the weights and s the scores: dv = aᵀ dy, da = dy vᵀ, ds = a (da − Σ da a), dq = ds k / √K,
dk = dsᵀ q / √K. Every one of Q, K and V gets its own gradient, through the full Jacobian of the softmax.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.layers.activations import Softmax, SoftmaxTape
from tinyformer.layers.linear import Linear, LinearTape
from tinyformer.parameters import Layer

_softmax = Softmax()


# `out=np.empty_like(q)` below has the memory order of q. In the heads of one projection that is (B, T, H, K), where
# merging them again costs nothing; a product left to itself comes out as (B, H, T, K) and has to be copied.


class AttentionCoreTape(NamedTuple):
    q: np.ndarray  # (…, Tq, K)
    k: np.ndarray  # (…, T, K)
    v: np.ndarray  # (…, T, K)
    weights: np.ndarray  # (…, Tq, T), rows sum to 1
    scale: float  # 1/√K, or 1


def scaled_dot_product_attention(q, k, v, mask=None, scaled=True):
    """q (…, Tq, K), k and v (…, T, K) → y (…, Tq, K) and the tape.

    `mask` is True where a key may be attended to and broadcasts to (…, Tq, T); each row needs one.
    `scaled=False` leaves out the division by √K. Raises ValueError if the mask isn't bool.
    """
    scale = q.shape[-1] ** -0.5 if scaled else 1.0
    scores = q @ k.swapaxes(-1, -2)  # (…, Tq, T)
    scores *= scale
    if mask is not None:
        if mask.dtype != bool:  # ~1 is −2, and some libraries' masks are numbers to be added
            raise ValueError(f"the mask must be bool, True = may be attended to, got {mask.dtype}")
        scores[np.broadcast_to(~mask, scores.shape)] = -np.inf
    weights, _ = _softmax.forward(scores)
    return np.matmul(weights, v, out=np.empty_like(q)), AttentionCoreTape(q, k, v, weights, scale)


def scaled_dot_product_attention_backward(dy, tape):
    """dy (…, Tq, K) → dq (…, Tq, K), dk and dv (…, T, K). A masked key has weight 0, hence no gradient."""
    q, k, v, weights, scale = tape
    dv = np.matmul(weights.swapaxes(-1, -2), dy, out=np.empty_like(v))
    d_weights = dy @ v.swapaxes(-1, -2)  # (…, Tq, T)
    d_scores = _softmax.backward(d_weights, SoftmaxTape(weights))
    d_scores *= scale
    dq = np.matmul(d_scores, k, out=np.empty_like(q))
    dk = np.matmul(d_scores.swapaxes(-1, -2), q, out=np.empty_like(k))
    return dq, dk, dv


class ScaledDotProductAttention(Layer):
    """The two functions above as a layer without parameters."""

    def __init__(self, scaled=True):
        self.scaled = scaled

    def forward(self, q, k, v, mask=None):
        return scaled_dot_product_attention(q, k, v, mask, self.scaled)

    def backward(self, dy, tape):
        return scaled_dot_product_attention_backward(dy, tape)


class AttentionTape(NamedTuple):
    q_projection: LinearTape
    k_projection: LinearTape
    v_projection: LinearTape
    core: AttentionCoreTape  # q, k, v: (B, H, T, K); weights: (B, H, Tq, T)
    output: LinearTape

    @property
    def weights(self):
        return self.core.weights


class MultiHeadAttention(Layer):
    """x (B, T, D) → y (B, Tq, D). Q, K and V are the three thirds of one projection's columns."""

    core_backward = staticmethod(scaled_dot_product_attention_backward)  # by this name a subclass can have another

    def __init__(self, embed_dim, num_heads, rng, scaled=True, dtype=np.float32):
        if embed_dim % num_heads:
            raise ValueError(f"embed_dim must be a multiple of num_heads, got {embed_dim} and {num_heads}")
        self.num_heads, self.scaled = num_heads, scaled
        self.qkv = Linear(embed_dim, 3 * embed_dim, rng, dtype)
        self.output = Linear(embed_dim, embed_dim, rng, dtype)

    def forward(self, x, mask=None, num_queries=None):
        """`mask` (B, T), True = a token. Only the first `num_queries` positions ask (None: all); all T answer."""
        D = x.shape[-1]
        if mask is not None and mask.shape != x.shape[:2]:
            raise ValueError(f"the mask must have the shape of the tokens, {x.shape[:2]}, got {mask.shape}")
        q, q_projection = self.qkv.forward(x[:, :num_queries], columns=slice(D))
        k, k_projection = self.qkv.forward(x, columns=slice(D, 2 * D))
        v, v_projection = self.qkv.forward(x, columns=slice(2 * D, None))
        q, k, v = map(self.split_heads, (q, k, v))  # (B, H, T, K)
        key_mask = None if mask is None else mask[:, None, None, :]
        heads, core = scaled_dot_product_attention(q, k, v, key_mask, self.scaled)
        y, output = self.output.forward(self.merge_heads(heads))
        return y, AttentionTape(q_projection, k_projection, v_projection, core, output)

    def backward(self, dy, tape):
        d_heads = self.split_heads(self.output.backward(dy, tape.output))
        dq, dk, dv = self.core_backward(d_heads, tape.core)
        dx = self.qkv.backward(self.merge_heads(dk), tape.k_projection)
        dx += self.qkv.backward(self.merge_heads(dv), tape.v_projection)
        dx[:, : dq.shape[2]] += self.qkv.backward(self.merge_heads(dq), tape.q_projection)
        return dx

    def split_heads(self, x):
        """(B, T, D) → (B, H, T, K), a view."""
        B, T, D = x.shape
        return x.reshape(B, T, self.num_heads, D // self.num_heads).transpose(0, 2, 1, 3)

    def merge_heads(self, x):
        """(B, H, T, K) → (B, T, D)."""
        B, H, T, K = x.shape
        return x.transpose(0, 2, 1, 3).reshape(B, T, H * K)
