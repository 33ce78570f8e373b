"""Which tokens the answer depends on: gradient × input, and integrated gradients (Sundararajan et al. 2017).

What is explained is a logit *difference*, answer minus another token: a logit alone may rise with all others.
The input is a token's embedding, before the position is added. The baseline of the integrated gradients is the zero
vector at every token, with the positions kept: places without content.

The integral runs along the straight line α from the baseline to the input. The gradient jumps wherever a ReLU switches,
and between two jumps it is smooth: so the line is cut at the switches, found by the sign changes of what the ReLUs are
given, and each piece is integrated by Gauss and Legendre's rule. α = u⁷ with even steps in u, as the norms of a nearly
empty place turn fast near 0 (in pre-norm without positions between 1e-8 and 1e-3). Steps are doubled until no token's
share, and no sum, is further off than the tolerance.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.transformer import Transformer

FEWEST_STEPS, MOST_STEPS, AT_ONCE = 128, 4096, 64
TOLERANCE = 1e-4  # of the difference in output: for each token, and for the sum
POWER = 7
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


class IntegratedGradients(NamedTuple):
    tokens: np.ndarray  # (T,) attribution of each token, in logits
    difference: float  # output at the input − output at the baseline: what they should sum to
    steps: int  # points at which the gradient was taken
    moved: float  # the most that a token's share changed when the steps were doubled last

    @property
    def error(self):
        """|sum − difference| / |difference|."""
        return abs(self.tokens.sum() - self.difference) / max(abs(self.difference), 1e-12)


def gradient_times_input(model, tokens, answer, other):
    """tokens (T,) → (T,): Σ over the width of d (logit(answer) − logit(other)) / d embedding × embedding."""
    model, x = _embedded(model, tokens)
    return _gradients(model, x, np.ones(1), answer, other)[0]


def integrated_gradients(model, tokens, answer, other, tolerance=TOLERANCE):
    """tokens (T,), the token ids of the answer and of what it is compared with → IntegratedGradients."""
    model, x = _embedded(model, tokens)
    ends, _ = model.forward_embedded(np.concatenate([np.zeros_like(x), x]))
    difference = float(np.diff(ends[:, answer] - ends[:, other])[0])
    allowed, steps, before = tolerance * max(abs(difference), 1e-12), FEWEST_STEPS, None
    while True:
        found, taken = _integral(model, x, answer, other, steps)
        moved = np.inf if before is None else float(np.abs(found - before).max())
        result = IntegratedGradients(found, difference, taken, moved)
        if max(moved, result.error * abs(difference)) <= allowed or steps >= MOST_STEPS:
            return result
        steps, before = 2 * steps, found


def _embedded(model, tokens):
    """A copy of the model in float64, whose gradients are nobody else's; and the embedded tokens (1, T, D)."""
    copy = Transformer(model.config, seed=0, dtype="float64")
    copy.vector[:] = model.vector
    return copy, copy.embedding.forward(np.asarray(tokens)[None])[0]


def _integral(model, x, answer, other, steps):
    """→ (T,) attributions, and at how many points the gradient was taken."""
    borders = _borders(model, x, steps)
    half, middle = np.diff(borders) / 2, (borders[1:] + borders[:-1]) / 2
    u = (middle[:, None] + half[:, None] * _NODES).ravel()
    weights = (half[:, None] * _WEIGHTS).ravel() * POWER * u ** (POWER - 1)  # dα
    total = np.zeros(x.shape[1])
    for start in range(0, len(u), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        total += weights[some] @ _gradients(model, x, u[some] ** POWER, answer, other)
    return total, len(u)


def _borders(model, x, steps):
    """Where the line is cut, in u from 0 to 1: at even steps, and where a ReLU switches in between."""
    grid, cuts, last = np.linspace(0, 1, steps + 1), [], None
    for start in range(0, len(grid), AT_ONCE):
        u = grid[start : start + AT_ONCE]
        given = _given_to_relus(model, u[:, None, None] ** POWER * x)  # (points, units)
        if last is not None:
            given, u = np.concatenate([last, given]), np.append(grid[start - 1], u)
        here, unit = np.nonzero((given[:-1] > 0) != (given[1:] > 0))
        low, high = given[here, unit], given[here + 1, unit]
        cuts.append(u[here] + (u[here + 1] - u[here]) * low / (low - high))
        last = given[-1:]
    return np.unique(np.concatenate([grid, *cuts]))


def _given_to_relus(model, x):
    """Embedded tokens (B, T, D) → what all ReLUs whose rows are read are given, (B, units)."""
    _, tape = model.forward_embedded(x)
    layers = zip(model.blocks, tape.blocks, strict=True)
    given = [block.feed_forward.expand.forward(seen.feed_forward.expand.x)[0] for block, seen in layers]
    return np.concatenate([z.reshape(len(x), -1) for z in given], axis=1)


def _gradients(model, x, shares, answer, other):
    """At each share of the embedded tokens x (1, T, D): the gradient of the logit difference times x → (B, T)."""
    logits, tape = model.forward_embedded(shares[:, None, None] * x)
    seed = np.zeros_like(logits)
    seed[:, answer] += 1
    seed[:, other] -= 1
    return (model.backward(seed, tape) * x).sum(axis=-1)
