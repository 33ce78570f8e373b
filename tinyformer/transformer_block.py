"""One block: attention, then a feed-forward network, each beside a residual path.

post-norm:  m = norm₁(x + attend(x)),   y = norm₂(m + feed(m))       Vaswani et al. (2017)
pre-norm:   m = x + attend(norm₁(x)),   y = m + feed(norm₂(m))       Xiong et al. (2020)
"""

from typing import NamedTuple

from tinyformer.layers import Dropout, FeedForward, LayerNorm, MultiHeadAttention
from tinyformer.layers.attention import AttentionTape
from tinyformer.layers.dropout import DropoutTape
from tinyformer.layers.feed_forward import FeedForwardTape
from tinyformer.layers.normalization import LayerNormTape
from tinyformer.parameters import Layer


class BlockTape(NamedTuple):
    attention: AttentionTape
    attention_dropout: DropoutTape
    attention_norm: LayerNormTape
    feed_forward: FeedForwardTape
    feed_forward_dropout: DropoutTape
    feed_forward_norm: LayerNormTape


class TransformerBlock(Layer):
    """x (B, T, D) → y (B, R, D): the first R rows only, when nobody reads the others."""

    def __init__(self, config, rng, dtype):
        D = config.embed_dim
        self.norm_first = config.norm == "pre"
        self.attention = MultiHeadAttention(D, config.num_heads, rng, config.scale_attention, dtype)
        self.attention_norm = LayerNorm(D, dtype=dtype)
        self.feed_forward = FeedForward(D, config.ffn_dim, rng, dtype)
        self.feed_forward_norm = LayerNorm(D, dtype=dtype)
        self.dropout = Dropout(config.dropout)

    def forward(self, x, mask=None, rng=None, num_rows=None):
        """`mask` (B, T), True = a token. `rng` switches dropout on. `num_rows` = R (None: all T)."""
        if self.norm_first:
            a, attention_norm = self.attention_norm.forward(x)
            a, attention = self.attention.forward(a, mask, num_rows)
            a, attention_dropout = self.dropout.forward(a, rng)
            middle = x[:, :num_rows] + a  # (B, R, D)
            f, feed_forward_norm = self.feed_forward_norm.forward(middle)
            f, feed_forward = self.feed_forward.forward(f)
            f, feed_forward_dropout = self.dropout.forward(f, rng)
            y = middle + f
        else:
            a, attention = self.attention.forward(x, mask, num_rows)
            a, attention_dropout = self.dropout.forward(a, rng)
            middle, attention_norm = self.attention_norm.forward(x[:, :num_rows] + a)  # (B, R, D)
            f, feed_forward = self.feed_forward.forward(middle)
            f, feed_forward_dropout = self.dropout.forward(f, rng)
            y, feed_forward_norm = self.feed_forward_norm.forward(middle + f)
        return y, BlockTape(
            attention, attention_dropout, attention_norm, feed_forward, feed_forward_dropout, feed_forward_norm
        )

    def backward(self, dy, tape):
        R = dy.shape[1]
        if self.norm_first:
            df = self.dropout.backward(dy, tape.feed_forward_dropout)
            df = self.feed_forward.backward(df, tape.feed_forward)
            d_middle = dy + self.feed_forward_norm.backward(df, tape.feed_forward_norm)  # y = middle + f
            da = self.dropout.backward(d_middle, tape.attention_dropout)
            da = self.attention.backward(da, tape.attention)
            dx = self.attention_norm.backward(da, tape.attention_norm)
            dx[:, :R] += d_middle  # middle = x + a
        else:
            d_sum = self.feed_forward_norm.backward(dy, tape.feed_forward_norm)
            df = self.dropout.backward(d_sum, tape.feed_forward_dropout)
            d_middle = d_sum + self.feed_forward.backward(df, tape.feed_forward)  # middle + f
            d_sum = self.attention_norm.backward(d_middle, tape.attention_norm)
            da = self.dropout.backward(d_sum, tape.attention_dropout)
            dx = self.attention.backward(da, tape.attention)
            dx[:, :R] += d_sum  # x + a
        return dx
