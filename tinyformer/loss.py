"""Cross-entropy on logits: loss = mean(log Σ exp(z) − z[target]). Backward: dz = (softmax(z) − one-hot(target)) / B.

Fused with the softmax: the two together have a simpler and safer gradient than either alone.
"""

from typing import NamedTuple

import numpy as np


class CrossEntropyTape(NamedTuple):
    probabilities: np.ndarray  # (B, V), rows sum to 1
    targets: np.ndarray  # (B,)


class CrossEntropyLoss:
    """logits (B, V), targets (B,) → the mean loss in nats. An even guess among 20 tokens costs ln 20 ≈ 3.0."""

    def forward(self, logits, targets):
        """Return the loss, a float, and the tape. ValueError on wrong shapes and on targets that are no token."""
        targets = np.asarray(targets)
        if logits.ndim != 2 or targets.shape != logits.shape[:1] or not targets.size:
            raise ValueError(f"expected logits (B, V) and targets (B,), got {logits.shape} and {targets.shape}")
        if targets.dtype.kind not in "iu":
            raise ValueError(f"targets are token ids, whole numbers, got {targets.dtype}")
        if targets.min() < 0 or targets.max() >= logits.shape[1]:
            raise ValueError(f"targets must lie in 0…{logits.shape[1] - 1}, got {targets.min()}…{targets.max()}")
        shifted = logits - logits.max(axis=1, keepdims=True)  # exp cannot overflow, and the result is the same
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=1, keepdims=True)
        losses = np.log(sums[:, 0]) - shifted[np.arange(len(targets)), targets]  # no log of a vanishing probability
        return float(losses.sum()) / len(targets), CrossEntropyTape(exponentials / sums, targets)

    def backward(self, tape):
        """The gradient of the mean loss at the logits, (B, V)."""
        d_logits = tape.probabilities.copy()
        d_logits[np.arange(len(tape.targets)), tape.targets] -= 1
        d_logits /= len(tape.targets)
        return d_logits
