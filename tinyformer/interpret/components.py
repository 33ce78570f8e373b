"""The parts of a model that can be taken out, and what taking them out means for the values of a forward pass.

A head is taken out of `attn.z`, so the output projection's bias stays. A whole attention or feed-forward layer is
taken out with everything it adds: the residual path alone goes on.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from tinyformer.interpret.trace import attention_heads, embedded, read_out, rest_of_block

REPLACEMENTS = ("zero", "mean")
CHUNK = 500  # expressions per forward pass: bounds the memory, and progress shows in steps as small


class Component(NamedTuple):
    """A head (`head` counts from 0), or one whole "attention" or "feed-forward" layer. `layer` counts from 0."""

    layer: int
    kind: str  # "head", "attention" or "feed-forward"
    head: int | None = None

    def __str__(self):
        """As people count: "layer 1 head 3", "layer 2 attention"."""
        return f"layer {self.layer + 1} " + (f"head {self.head + 1}" if self.kind == "head" else self.kind)


def heads_of(config):
    """All heads, block by block."""
    return [Component(layer, "head", head) for layer in range(config.num_layers) for head in range(config.num_heads)]


def layers_of(config):
    """All attention and feed-forward layers, in the order of computation."""
    return [Component(layer, kind) for layer in range(config.num_layers) for kind in ("attention", "feed-forward")]


def edits_for(components, means):
    """The edits of `trace` that take these components out, with the replacements of `mean_activations`."""
    edits = {}
    for layer in {component.layer for component in components}:
        inside = [component for component in components if component.layer == layer]
        heads = [component.head for component in inside if component.kind == "head"]
        if heads:
            name = f"blocks.{layer}.attn.z"
            edits[name] = partial(_without_heads, heads, means[name])
        for component in inside:
            if component.kind != "head":
                name = f"blocks.{layer}.{'attn' if component.kind == 'attention' else 'mlp'}.out"
                edits[name] = means[name]
    return edits


def _without_heads(heads, replacement, z):
    z = z.copy()
    z[:, heads] = replacement[heads]
    return z


def mean_activations(model, tokens, replacement="mean"):
    """{name: array} for every `attn.z` (H, R, K), `attn.out` and `mlp.out` (R, D): the mean over tokens (N, T).

    Each position has its own mean. With `replacement="zero"` all are zeros. ValueError for any other replacement.
    """
    if replacement not in REPLACEMENTS:
        raise ValueError(f"replacement must be one of {REPLACEMENTS}, got {replacement!r}")
    sums = {}

    def add(name, value):
        if name.endswith((".attn.z", ".out")):
            sums[name] = sums.get(name, 0) + value.sum(axis=0, dtype=np.float64)
        return value

    tokens = np.asarray(tokens)
    for chunk in chunks(len(tokens)) if replacement == "mean" else [slice(1)]:
        run(model, tokens[chunk], at=add)
    share = 1 / len(tokens) if replacement == "mean" else 0
    return {name: (total * share).astype(model.dtype) for name, total in sums.items()}


def run(model, tokens, at):
    """Logits (B, V) of tokens (B, T) without padding, all values passing through at(name, value) → value."""
    x = embedded(model, tokens, at)
    for layer in range(model.config.num_layers):
        z = attention_heads(model, layer, x, None, at, every_row=False)
        x = rest_of_block(model, layer, x, z, at)
    return read_out(model, x, None, at)


def chunks(count, size=CHUNK):
    """Slices that cover `count` expressions."""
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
