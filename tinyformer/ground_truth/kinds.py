"""The kinds of models written by hand. Their circuit is declared where they are built, before any method ran."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinyformer.ground_truth import constructions as made
from tinyformer.ground_truth.writer import HEADS, Writer, rotated
from tinyformer.transformer import Transformer


class Kind(NamedTuple):
    what: str  # in a few words
    layers: int
    write: Callable  # Writer → its circuit
    rotate: bool = False
    noise: float = 0.0  # standard deviation of what is added to every weight
    asleep: bool = False  # a part of the circuit does nothing as long as another part works


class Handmade(NamedTuple):
    """A model with the circuit that is known. `backup`: edges that come into use where the circuit's heads fail."""

    model: Transformer
    kind: str
    edges: frozenset  # of Edge
    backup: frozenset


def build(kind, seed=0, rotate=None, noise=None, order=None, dtype="float32"):
    """A model of one of KINDS → Handmade. `order`: for each layer which head is number 0, 1, …"""
    chosen, rng = KINDS[kind], np.random.default_rng(seed)
    order = order or [rng.permutation(HEADS) for _ in range(chosen.layers)]
    writer = Writer(chosen.layers, order, dtype)
    edges, backup = chosen.write(writer), ()
    if chosen.asleep:
        edges, backup = edges
    if chosen.rotate if rotate is None else rotate:
        rotated(writer.model, rng)
    noise = chosen.noise if noise is None else noise
    writer.model.vector += (noise * rng.standard_normal(writer.model.vector.shape)).astype(dtype)
    return Handmade(writer.model, kind, frozenset(edges), frozenset(backup))


KINDS = {
    "one head": Kind("one head does everything", 1, made.one_head),
    "head per operation": Kind("one head for each operation", 1, made.head_per_operation),
    "places and contents": Kind(
        "one head for First, Second, Last, another for Max and Min", 1, made.places_and_contents
    ),
    "two layers apart": Kind("the same two heads, in two layers", 2, made.two_layers_apart),
    "late head": Kind("one head does everything, in the second layer", 2, made.late_head),
    "previous, then copy": Kind("two layers that compose by keys and values", 2, made.previous_then_copy),
    "find, then point": Kind("two layers that compose by queries", 2, made.find_then_point),
    "relay": Kind("two layers that compose by values", 2, made.relay),
    "feed-forward": Kind("Max and Min are computed by the feed-forward layer", 1, made.by_feed_forward),
    "head, then feed-forward": Kind(
        "the feed-forward layer hands on what a head found", 1, made.head_then_feed_forward
    ),
    "two paths": Kind("two heads do the same, and one would do", 1, made.two_paths),
    "sleeping backup": Kind("a second head answers where the first is silent", 2, made.sleeping_backup, asleep=True),
    "decoys": Kind("four heads look at the answer and write nothing", 2, made.decoys),
    "unread": Kind("four heads write the answer where nobody reads", 2, made.unread),
    "cancelling": Kind("two heads write the next digit, and take it away", 1, made.cancelling),
    "rotated": Kind("previous, then copy, in another basis", 2, made.previous_then_copy, rotate=True),
    "noisy": Kind("find, then point, in another basis, noise on every weight", 2, made.find_then_point, True, 0.005),
}
