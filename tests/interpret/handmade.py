"""A model written by hand, whose every answer to "what does this part do?" is known beforehand.

Tokens and positions are one-hot. Head 0 of the only block attends to one position and copies the digit that stands
there to the first token's row; head 1 attends evenly and writes nothing. The feed-forward layer writes nothing.
"""

import numpy as np

from tinyformer import Transformer
from tinyformer.task.vocabulary import DIGITS, VOCABULARY

WIDTH, K, LOUD = 32, 16, 40.0


def copies_from(position, dtype="float64"):
    """The model that answers with the digit at `position`: right for First if that is 2, for Second if 3."""
    model = Transformer(
        embed_dim=WIDTH, num_heads=2, num_layers=1, ffn_dim=8, max_seq_len=12, positions="learned", dtype=dtype
    )
    model.vector[:] = 0
    weights = model.named_parameters()
    V = len(VOCABULARY)
    weights["embedding.weight"][:, :V] = np.eye(V)
    weights["positions.weight"][:, V:] = np.eye(WIDTH - V)
    for name, value in weights.items():
        if name.endswith("gamma"):
            value[:] = 1
    qkv, out = weights["blocks.0.attention.qkv.weight"], weights["blocks.0.attention.output.weight"]
    weights["blocks.0.attention.qkv.bias"][0] = LOUD  # every query of head 0 asks for component 0 …
    qkv[V + position, WIDTH] = 10.0  # … and the key at this position has it
    for component, digit in enumerate(DIGITS):
        qkv[digit, 2 * WIDTH + component] = 1.0
        out[component, digit] = 5.0
        weights["read_out.weight"][digit, digit] = 10.0
    return model
