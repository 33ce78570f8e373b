"""Where the heads look: the attention weights of a forward pass, and how concentrated a row of them is.

A row of weights p over the T keys has the entropy H = -Σ p log p (nats; 0·log 0 = 0). Shapes: L blocks, B expressions,
H heads, T tokens; the last axis is the key, the one before it the query.
"""

import numpy as np

# Of normalized entropy, on trained models: heads that pick one or two tokens have 0.05–0.3, heads that look everywhere
# 0.9–1.0. The thresholds stand at equal distance from both groups. In six tokens, 0.4 is two tokens looked at alike
# (log 2 / log 6 = 0.39), 0.8 is about four (6 ** 0.8 = 4.2).
FOCUSED_UP_TO = 0.4
DISTRIBUTED_FROM = 0.8


def extract_attention_weights(model, tokens, mask=None):
    """The weights that the model's own forward pass used → (L, B, H, T, T), rows sum to 1, fresh memory.

    tokens (B, T) with mask (B, T) bool, or one expression (T,) with mask (T,), which counts as B = 1. Every query's row
    is there, also those that the last block can skip because only the pooled token is read. Padded keys have weight 0;
    the rows of padded queries mean nothing: leave them out of averages. ValueError as `model.forward` raises it.
    """
    tokens = np.atleast_2d(tokens)
    mask = None if mask is None else np.atleast_2d(mask)
    _, tape = model.forward(tokens, mask, every_row=True)
    return np.stack([block.attention.weights for block in tape.blocks])


def effective_positions(weights):
    """How many tokens a row looks at, exp(H): weights (..., T) → (...) float64, from 1 (one token) to T (all alike)."""
    return np.exp(_entropy(weights))


def normalized_entropy(weights, mask=None):
    """H / log(number of tokens): weights (..., T) → (...) float64, from 0 (one token) to 1 (all alike).

    The division makes short and long expressions comparable. `mask` is True at tokens: (T,) for all rows, or (B, T)
    with weights (..., B, H, T, T); without it every key counts. An expression of one token has 0.
    ValueError where the mask does not fit the weights.
    """
    weights = np.asarray(weights)
    length = np.asarray(weights.shape[-1] if mask is None else _lengths(weights, np.asarray(mask, dtype=bool)))
    largest = np.log(np.maximum(length, 2))  # one token: H is 0, and 0 / log 2 is 0
    return np.minimum(_entropy(weights) / largest, 1.0)  # rounding may pass 1 by some 1e-7


def focus_label(value):
    """A normalized entropy in words: "focused" up to 0.4, "distributed" from 0.8, "mixed" between.

    ValueError where the value is not in [0, 1], as H itself is not.
    """
    if not 0 <= value <= 1:
        raise ValueError(f"a normalized entropy lies between 0 and 1, got {value}; see normalized_entropy")
    if value <= FOCUSED_UP_TO:
        return "focused"
    return "distributed" if value >= DISTRIBUTED_FROM else "mixed"


def _entropy(weights):
    """H over the last axis, (..., T) → (...), in nats; never below 0."""
    weights = np.asarray(weights, dtype=np.float64)
    logs = np.log(weights, where=weights > 0, out=np.zeros_like(weights))
    return np.maximum(0.0 - np.sum(weights * logs, axis=-1), 0.0)


def _lengths(weights, mask):
    """The number of tokens under each row, in a shape that broadcasts against weights.shape[:-1]."""
    if mask.shape == weights.shape[-1:]:
        return mask.sum()
    if mask.ndim == 2 and weights.ndim >= 4 and mask.shape == (weights.shape[-4], weights.shape[-1]):
        return mask.sum(axis=1)[:, None, None]  # (B, 1, 1) against (..., B, H, T)
    raise ValueError(f"a mask of shape {mask.shape} does not fit weights of shape {weights.shape}")
