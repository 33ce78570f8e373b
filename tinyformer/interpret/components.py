"""The parts of a model that can be taken out, and what taking them out means for the values of a forward pass.

A head is taken out of `attn.z`, so the output projection's bias stays. A whole attention or feed-forward layer is
taken out with everything it adds: the residual path alone goes on.
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from tinyformer.interpret.trace import attention_heads, embedded, read_out, rest_of_block

REPLACEMENTS = ("mean", "resampled", "zero")
CHUNK = 500  # expressions per forward pass: bounds the memory, and progress shows in steps as small


class Component(NamedTuple):
    """A head (`head` counts from 0), or one whole "attention" or "feed-forward" layer. `layer` counts from 0."""

    layer: int
    kind: str  # "head", "attention" or "feed-forward"
    head: int | None = None

    def __str__(self):
        """As people count: "head 1.3", "attention 2"."""
        return f"head {self.layer + 1}.{self.head + 1}" if self.kind == "head" else f"{self.kind} {self.layer + 1}"

    @property
    def traced(self):
        """As `direct_contributions` names it: "blocks.0.head.2", "blocks.0.mlp"."""
        return f"blocks.{self.layer}." + (f"head.{self.head}" if self.kind == "head" else "mlp")


def heads_of(config):
    """All heads, block by block."""
    return [Component(layer, "head", head) for layer in range(config.num_layers) for head in range(config.num_heads)]


def layers_of(config):
    """All attention and feed-forward layers, in the order of computation."""
    return [Component(layer, kind) for layer in range(config.num_layers) for kind in ("attention", "feed-forward")]


def writers_of(config):
    """All that writes into the stream by itself: the heads, block by block, then the feed-forward layers."""
    return heads_of(config) + [part for part in layers_of(config) if part.kind == "feed-forward"]


def edits_for(components, replacements):
    """The edits of `trace` that take these components out. replacements: {name: what stands in its place}."""
    edits = {}
    for layer in {component.layer for component in components}:
        inside = [component for component in components if component.layer == layer]
        heads = [component.head for component in inside if component.kind == "head"]
        if heads:
            name = f"blocks.{layer}.attn.z"
            edits[name] = partial(_without_heads, heads, replacements[name])
        for component in inside:
            if component.kind != "head":
                name = f"blocks.{layer}.{'attn' if component.kind == 'attention' else 'mlp'}.out"
                edits[name] = replacements[name]
    return edits


def _without_heads(heads, replacement, z):
    z = z.copy()
    z[:, heads] = replacement[..., heads, :, :]
    return z


def replacer(model, tokens, kind="mean", seed=0):
    """A function chunk → {name: array} for every `attn.z`, `attn.out` and `mlp.out` of tokens[chunk], tokens (N, T).

    "mean": the mean over all N expressions at the same position, (H, R, K) or (R, D). "zero": zeros. "resampled": the
    value in the run of another of the N expressions, drawn at random for each, so that what a part writes is what it
    might have written. ValueError for any other kind.
    """
    if kind not in REPLACEMENTS:
        raise ValueError(f"replacement must be one of {REPLACEMENTS}, got {kind!r}")
    tokens = np.asarray(tokens)
    if kind == "resampled":
        order = np.random.default_rng(seed).permutation(len(tokens))
        donors = np.empty_like(order)
        donors[order] = np.roll(order, 1)  # one circle through all: nobody is their own donor
        return lambda chunk: outputs(model, tokens[donors[chunk]])
    means = mean_activations(model, tokens if kind == "mean" else tokens[:1])
    if kind == "zero":
        means = {name: np.zeros_like(mean) for name, mean in means.items()}
    return lambda chunk: means


def mean_activations(model, tokens):
    """{name: array} for every `attn.z` (H, R, K), `attn.out` and `mlp.out` (R, D): the mean over tokens (N, T)."""
    tokens, sums = np.asarray(tokens), {}
    for chunk in chunks(len(tokens)):
        for name, value in outputs(model, tokens[chunk]).items():
            sums[name] = sums.get(name, 0) + value.sum(axis=0, dtype=np.float64)
    return {name: (total / len(tokens)).astype(model.dtype) for name, total in sums.items()}


def outputs(model, tokens):
    """{name: array} of every `attn.z` (B, H, R, K), `attn.out` and `mlp.out` (B, R, D) in the run of tokens (B, T)."""
    return noted(model, tokens, (".attn.z", ".out"))


def noted(model, tokens, endings):
    """{name: array} of the values whose name in `trace` ends so, in the run of tokens (B, T): of rows that are read."""
    found = {}

    def at(name, value):
        if name.endswith(endings):
            found[name] = value
        return value

    run(model, tokens, at)
    return found


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
