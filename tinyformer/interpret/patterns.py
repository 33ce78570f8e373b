"""The attention patterns of all expressions, and which of their rows reach the answer.

With first-token pooling only the first row of the last block is read; in all other blocks every row is.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.attention_patterns import effective_positions, normalized_entropy
from tinyformer.interpret.components import chunks
from tinyformer.interpret.trace import trace
from tinyformer.task.expressions import OPERATIONS


class SpacePatterns(NamedTuple):
    """Everything about attention that `interpret` derives without running the model again."""

    weights: np.ndarray  # (L, N, H, T, T)
    tokens: np.ndarray  # (N, T)
    targets: np.ndarray  # (N,)
    operations: np.ndarray  # (N,) index into OPERATIONS
    pooling: str

    @property
    def entropy(self):
        """(L, N, H): normalized entropy of the first token's row, 0 one token, 1 all alike."""
        return normalized_entropy(self.weights[:, :, :, 0])

    @property
    def effective(self):
        """(L, N, H): the number of tokens that the first token's row looks at, exp(entropy)."""
        return effective_positions(self.weights[:, :, :, 0])

    def per_operation(self, values):
        """(L, N, H) of all expressions → (L, H, 5): the mean over those of each operation."""
        return np.stack([values[:, self.operations == i].mean(axis=1) for i in range(len(OPERATIONS))], axis=-1)

    def rows_that_count(self, layer):
        """(N, H, R, T): the first row of the last block where only that is read, else all rows."""
        only_first = layer == len(self.weights) - 1 and self.pooling == "first"
        return self.weights[layer, :, :, :1] if only_first else self.weights[layer]


def space_patterns(model, space):
    """Run the whole space (as `expression_space` gives it), in chunks → SpacePatterns."""
    layers = range(model.config.num_layers)
    parts = []
    for chunk in chunks(len(space.tokens)):
        values = trace(model, space.tokens[chunk])
        parts.append(np.stack([values[f"blocks.{layer}.attn.pattern"] for layer in layers]))
    weights = np.concatenate(parts, axis=1)
    return SpacePatterns(weights, space.tokens, space.targets, space.operations, model.config.pooling)
