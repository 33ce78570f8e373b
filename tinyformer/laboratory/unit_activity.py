"""Which hidden units of a feed-forward network ever fire. A unit that never does has no gradient: it is dead."""

import numpy as np


def pre_activations(model, tokens, block, mask=None):
    """What the ReLUs of one block are given, at every token of tokens (B, T) → (N, F)."""
    _, tape = model.forward(tokens, mask, every_row=True)
    z, _ = model.blocks[block].feed_forward.expand.forward(tape.blocks[block].feed_forward.expand.x)
    return z.reshape(-1, z.shape[-1]) if mask is None else z[np.asarray(mask, bool)]


def activity(z, threshold=0.0):
    """The share of the N rows in which each unit fires, (F,): 0 is dead. A threshold is a bias lowered by as much."""
    return (z > threshold).mean(axis=0)
