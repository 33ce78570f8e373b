"""Which tokens the answer's logit depends on: gradient × input, and integrated gradients (Sundararajan et al. 2017).

The input is a token's embedding, before the position is added. The baseline of the integrated gradients is the zero
vector at every token, with the positions kept: places without content. The integral along the straight line from there
is a midpoint sum, with 64 steps, doubled until the attributions sum to the difference in output within half a percent,
or 4,096.
"""

import copy
from typing import NamedTuple

import numpy as np

FEWEST_STEPS, MOST_STEPS = 64, 4096
TOLERANCE = 0.01


class IntegratedGradients(NamedTuple):
    tokens: np.ndarray  # (T,) attribution of each token, in logits
    difference: float  # logit at the input − logit at the baseline: what they should sum to
    steps: int

    @property
    def error(self):
        """|sum − difference| / |difference|."""
        return abs(self.tokens.sum() - self.difference) / max(abs(self.difference), 1e-12)


def gradient_times_input(model, tokens, answer):
    """tokens (T,) → (T,): Σ over the width of d logit(answer) / d embedding × embedding."""
    x = model.embedding.forward(np.asarray(tokens)[None])[0]
    _, gradient = _logits_and_gradients(_private_copy(model), x, answer)
    return (gradient * x).sum(axis=-1, dtype=np.float64)[0]


def integrated_gradients(model, tokens, answer):
    """tokens (T,) and the token id of the answer → IntegratedGradients."""
    model = _private_copy(model)
    x = model.embedding.forward(np.asarray(tokens)[None])[0]  # (1, T, D)
    ends, _ = model.forward_embedded(np.concatenate([np.zeros_like(x), x]))
    difference = float(ends[1, answer].astype(np.float64) - ends[0, answer])
    steps = FEWEST_STEPS
    while True:
        shares = (np.arange(steps, dtype=x.dtype) + 0.5) / steps
        total = sum(
            _logits_and_gradients(model, part[:, None, None] * x, answer)[1].sum(axis=0, dtype=np.float64)
            for part in np.array_split(shares, max(steps // 256, 1))
        )
        result = IntegratedGradients((total / steps * x[0]).sum(axis=-1), difference, steps)
        if result.error <= TOLERANCE / 2 or steps >= MOST_STEPS:
            return result
        steps *= 2


def _private_copy(model):
    """Backward adds to the gradients of its model: never to those of a shared one."""
    return copy.deepcopy(model)


def _logits_and_gradients(model, x, answer):
    """Embedded tokens x (B, T, D) → logits (B, V), and the gradient of logit(answer) at x (B, T, D)."""
    logits, tape = model.forward_embedded(x)
    seed = np.zeros_like(logits)
    seed[:, answer] = 1
    return logits, model.backward(seed, tape)
