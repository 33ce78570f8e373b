"""The attention patterns of many expressions: of each layer the rows that reach the answer.

With first-token pooling only the first row of the last layer is read; in all other layers every row is.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.attention_patterns import effective_positions, normalized_entropy
from tinyformer.interpret.components import chunks, noted
from tinyformer.task.datasets import ExpressionSpace

FIRST, READ = "first", "read"  # rows: the first token's alone, or the mean of all that are read


class SpacePatterns(NamedTuple):
    """Everything about attention that `interpret` derives without running the model again."""

    weights: tuple[np.ndarray, ...]  # of each layer (N, H, R, T): the R rows that are read
    space: ExpressionSpace

    def entropy(self, rows=FIRST):
        """(L, N, H): normalized entropy, 0 one token, 1 all alike."""
        return self._measured(normalized_entropy, rows)

    def effective(self, rows=FIRST):
        """(L, N, H): the number of tokens that are looked at, exp(entropy before it is normalized)."""
        return self._measured(effective_positions, rows)

    def _measured(self, measure, rows):
        kept = 1 if rows == FIRST else None
        return np.stack([measure(layer[:, :, :kept]).mean(axis=2) for layer in self.weights])

    def per_operation(self, values):
        """(L, N, H) of all expressions → (L, H, O): the mean over those of each of the O operations."""
        operations = self.space.operations
        return np.stack([values[:, operations == i].mean(axis=1) for i in range(len(self.space.names))], axis=-1)


def space_patterns(model, space):
    """Run a space (as `expression_space` gives it) or a sample of one, in chunks → SpacePatterns."""
    parts = [noted(model, space.tokens[chunk], "attn.pattern").values() for chunk in chunks(len(space.tokens))]
    return SpacePatterns(tuple(np.concatenate(layer) for layer in zip(*parts, strict=True)), space)
