"""The logit lens: the read-out applied to the residual stream of every stage, as if the model ended there.

In a post-norm model every stage is already normalized, so the read-out is applied as it is; in a pre-norm model the
final norm comes first. At the last stage this is what the model does: the pooled logits are its output.
nostalgebraist (2020).
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.trace import trace
from tinyformer.layers import Softmax


class LogitLens(NamedTuple):
    """S = 1 + 2 L stages. With first-token pooling `pooled` is row 0."""

    stages: tuple[str, ...]  # names of `trace`
    rows: np.ndarray  # (S, B, T, V) logits at every token
    pooled: np.ndarray  # (S, B, V) logits of the pooled row

    @property
    def probabilities(self):
        """(S, B, V) of the answer, if the model ended at that stage."""
        return Softmax().forward(self.pooled)[0]


def stage_names(config):
    """The residual stream at the beginning and after each sublayer, in the order of computation."""
    sublayers = [f"blocks.{layer}.{name}" for layer in range(config.num_layers) for name in ("resid_mid", "resid_post")]
    return ("blocks.0.resid_pre", *sublayers)


def stage_label(name):
    """A stage in words: "embedded", "after attention 1", "after feed-forward 2"."""
    _, layer, point = name.split(".")
    sublayer = {"resid_mid": "attention", "resid_post": "feed-forward"}
    return f"after {sublayer[point]} {int(layer) + 1}" if point in sublayer else "embedded"


def logit_lens(model, tokens, mask=None, values=None):
    """tokens (B, T) → LogitLens. `values`: a `trace` of the same tokens, if there is one already."""
    tokens = np.atleast_2d(tokens)
    mask = None if mask is None else np.atleast_2d(mask)
    values = values or trace(model, tokens, mask)
    stages = stage_names(model.config)
    streams = [values[stage] for stage in stages]
    if model.final_norm:
        streams = [model.final_norm.forward(stream)[0] for stream in streams]
    rows = np.stack([model.read_out.forward(stream)[0] for stream in streams])
    weights = model.pooling_weights(streams[0], mask)  # (B or 1, T), rows sum to 1
    return LogitLens(stages, rows, np.einsum("bt,sbtv->sbv", np.broadcast_to(weights, tokens.shape), rows))
