"""The model as a drawing: boxes from tokens to answer, and between them wires with the values that flow there.

Forward a wire carries an array; backward it carries the gradient of the loss at that array, of the same shape.
"""

from typing import NamedTuple

import numpy as np


class Box(NamedTuple):
    name: str  # the layer's dotted name, or what is done where no layer is
    label: str
    kind: str  # which bench explains it
    block: int | None
    value: np.ndarray  # on the wire that leaves it
    gradient: np.ndarray | None
    branch: int = 0  # of a sum: how many boxes its second input comes past
    part: str | None = None  # which sublayer of the block it belongs to

    @property
    def norm(self):
        return None if self.kind == "tokenizer" else float(np.linalg.norm(self.value))  # an id is no quantity

    @property
    def gradient_norm(self):
        return None if self.gradient is None else float(np.linalg.norm(self.gradient))


def boxes(anatomy):
    """An Anatomy → its boxes, from the tokens to the loss, in the order of the forward pass."""
    config, first = anatomy.model.config, {name: passages[0] for name, passages in anatomy.passages.items()}
    found = [Box("tokens", "tokens", "tokenizer", None, anatomy.tokens, None)]
    found.append(_box(first, "embedding", "embedding", "embedding"))
    if config.positions != "none":
        found.append(_box(first, "positions", "+ positions", "positional_encoding"))
    for i in range(config.num_layers):
        found += _pre(first, i) if config.norm == "pre" else _post(first, i)
    if config.norm == "pre":
        found.append(_box(first, "final_norm", "layer norm", "layer_norm", None, "final"))
    read_out = first["read_out"]
    pooling = "take the first row" if config.pooling == "first" else "mean of the rows"
    found.append(Box("pooling", pooling, "linear", None, read_out.x, read_out.dx))
    found.append(Box("read_out", "read-out", "linear", None, read_out.y, read_out.dy))
    found.append(Box("softmax", "softmax", "softmax", None, anatomy.probabilities, None))
    found.append(Box("loss", "cross-entropy", "cross_entropy", None, np.array([anatomy.loss]), np.ones(1)))
    return found


def _box(first, name, label, kind, block=None, part=None):
    return Box(name, label, kind, block, first[name].y, first[name].dy, part=part)


def _post(first, i):
    """Attention, sum, norm, feed-forward, sum, norm."""
    found = []
    for part, label, kind in _SUBLAYERS:
        norm = first[f"blocks.{i}.{part}_norm"]
        found.append(_box(first, f"blocks.{i}.{part}", label, kind, i, part))
        found.append(Box(f"blocks.{i}.{part}_sum", "+", "residual", i, norm.x, norm.dx, 1, part))
        found.append(_box(first, f"blocks.{i}.{part}_norm", "layer norm", "layer_norm", i, part))
    return found


def _pre(first, i):
    """Norm, attention, sum, norm, feed-forward, sum."""
    found, block = [], first[f"blocks.{i}"]
    middle = first[f"blocks.{i}.feed_forward_norm"].x
    # The gradient at a residual sum is also the one at the sublayer that is added there.
    sums = ((middle, first[f"blocks.{i}.attention"].dy), (block.y, block.dy))
    for (part, label, kind), (value, gradient) in zip(_SUBLAYERS, sums, strict=True):
        found.append(_box(first, f"blocks.{i}.{part}_norm", "layer norm", "layer_norm", i, part))
        found.append(_box(first, f"blocks.{i}.{part}", label, kind, i, part))
        found.append(Box(f"blocks.{i}.{part}_sum", "+", "residual", i, value, gradient, 2, part))
    return found


_SUBLAYERS = (
    ("attention", "multi-head attention", "multi_head_attention"),
    ("feed_forward", "feed-forward", "feed_forward"),
)
