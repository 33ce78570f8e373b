"""Which hidden units of a feed-forward network ever fire. A unit that never does has no gradient: it is dead."""

import numpy as np

AT_ONCE = 500  # expressions per forward pass


def pre_activations(model, tokens, block, mask=None):
    """What the ReLUs of one block are given at every row that is read → (N, F).

    With first-token pooling only the first row of the last block is read: nobody sees what a unit does elsewhere.
    """
    _, tape = model.forward(tokens, mask)
    z, _ = model.blocks[block].feed_forward.expand.forward(tape.blocks[block].feed_forward.expand.x)
    return z.reshape(-1, z.shape[-1]) if mask is None else z[np.asarray(mask, bool)[:, : z.shape[1]]]


def activity(model, tokens, block, thresholds=(0.0,)):
    """(thresholds, F): the share of the rows that are read in which each unit fires; 0 is dead. tokens (N, T).

    A threshold is a bias lowered by as much.
    """
    fired, rows = 0, 0
    for start in range(0, len(tokens), AT_ONCE):
        z = pre_activations(model, tokens[start : start + AT_ONCE], block)
        fired = fired + np.stack([(z > threshold).sum(axis=0) for threshold in thresholds])
        rows += len(z)
    return fired / rows
