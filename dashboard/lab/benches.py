"""The list of all benches, in the order in which a token meets them. A new layer gets its entry here."""

from dashboard.lab import (
    adam,
    cross_entropy,
    dropout,
    embedding,
    feed_forward,
    layer_norm,
    linear,
    multi_head,
    positional_encoding,
    relu,
    residual,
    scaled_dot_product,
    softmax,
    tokenizer,
)

MODULES = (
    tokenizer,
    embedding,
    positional_encoding,
    linear,
    scaled_dot_product,
    multi_head,
    residual,
    layer_norm,
    feed_forward,
    relu,
    dropout,
    softmax,
    cross_entropy,
    adam,
)
BENCHES = {module.BENCH.key: module.BENCH for module in MODULES}
