"""A head over the tokens: which token would look at which (QK), and what a token that is looked at says (OV).

Elhage et al. (2021). Only tokens and positions are sent through: what earlier heads and feed-forward layers wrote is
left out. Of a norm, centering and γ are folded into the weights. What it divides by depends on the row, and cannot be:
it is left out here, and `exact` says where that makes a difference. β and the biases are the same for all tokens, and
are left out too, but for the query's bias, which tells keys apart. So does β's part of the query, which is left out.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.patched_runs import head_writes
from tinyformer.interpret.trace import score_scale

QK_EXACT = "QK is exact: nothing is normalized before this layer."
QK_NORMALIZED = (  # the first layer of a pre-norm model
    "QK is exact up to what the norm before this layer divides by, which depends on the row, and up to what it adds."
)
QK_LATER = (
    "QK is the part of the scores that comes from tokens and positions themselves: what earlier layers wrote is left "
    "out, which can be half of them or more, as is what the norms divide by and add."
)
OV = "OV is of the token itself, up to what the norms on its way divide by: compare within a row, not in logits."


class HeadCircuits(NamedTuple):
    qk: np.ndarray  # (V, V): the score that a token in the first place (row) gives to another token (column) …
    places: np.ndarray  # (V, T): … and to the place where that stands: to be added
    ov: np.ndarray  # (V, V): what a token that is looked at (row) adds to the logit of another (column)
    exact: bool  # qk and places are: no norm stands between the embedding and this head. Before the logits one does
    told: str  # what could not be folded in, in a sentence


def head_circuits(model, layer, head, positions=8):
    """Layer and head count from 0 → HeadCircuits, in the model's dtype. positions: how many, up to its longest."""
    config, block = model.config, model.blocks[layer]
    K, D = config.head_dim, config.embed_dim
    tokens, places = model.embedding.weight.value, _positions(model, min(positions, config.max_seq_len))
    for earlier in model.blocks[:layer] if config.norm == "post" else ():
        tokens, places = (_folded(_folded(x, earlier.attention_norm), earlier.feed_forward_norm)
                          for x in (tokens, places))  # fmt: skip
    if config.norm == "pre":
        tokens, places = (_folded(x, block.attention_norm) for x in (tokens, places))
    weight, bias = block.attention.qkv.weight.value, block.attention.qkv.bias.value
    q, k, v = (slice(part * D + head * K, part * D + (head + 1) * K) for part in range(3))
    asks = ((tokens + places[0]) @ weight[:, q] + bias[q]) * score_scale(config)
    written = tokens @ weight[:, v] @ head_writes(block, head)
    if config.norm == "post":
        written = _folded(_folded(written, block.attention_norm), block.feed_forward_norm)
        for later in model.blocks[layer + 1 :]:
            written = _folded(_folded(written, later.attention_norm), later.feed_forward_norm)
    else:
        written = _folded(written, model.final_norm)
    exact = config.norm == "post" and layer == 0
    told = f"{QK_EXACT if exact else QK_LATER if layer else QK_NORMALIZED} {OV}"
    qk, at_places = asks @ (tokens @ weight[:, k]).T, asks @ (places @ weight[:, k]).T
    return HeadCircuits(qk, at_places, written @ model.read_out.weight.value, exact, told)


def _positions(model, count):
    """(T, D): what the positions add."""
    zeros = np.zeros((1, count, model.config.embed_dim), model.dtype)
    return model.positions.forward(zeros)[0][0]


def _folded(x, norm):
    """Centering and γ of a norm, without its division."""
    return (x - x.mean(axis=-1, keepdims=True)) * norm.gamma.value
