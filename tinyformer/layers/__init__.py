"""The layers of a transformer, each with its forward pass and, mirroring it, its exact backward pass."""

from tinyformer.layers.activations import ReLU, Softmax
from tinyformer.layers.attention import (
    MultiHeadAttention,
    ScaledDotProductAttention,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)
from tinyformer.layers.dropout import Dropout
from tinyformer.layers.embedding import Embedding
from tinyformer.layers.feed_forward import FeedForward
from tinyformer.layers.linear import Linear
from tinyformer.layers.normalization import LayerNorm
from tinyformer.layers.positional_encoding import PositionalEncoding, sinusoidal_table

__all__ = [
    "Dropout",
    "Embedding",
    "FeedForward",
    "LayerNorm",
    "Linear",
    "MultiHeadAttention",
    "PositionalEncoding",
    "ReLU",
    "ScaledDotProductAttention",
    "Softmax",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_backward",
    "sinusoidal_table",
]
