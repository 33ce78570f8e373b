"""Path patching: what travels along a single edge between two parts of a model. Goldowsky-Dill et al. (2023).

Senders are the tokens' embedding, the positions, every head and every feed-forward layer; receivers are queries, keys
and values of every head, every feed-forward layer, and the answer. An edge carries what its sender wrote, at all rows,
to one receiver, along the residual path alone.

Every receiver gets a stream of its own, the sum of what all senders before it wrote: where an edge is kept, in this
run; where it is not, in the run of a corrupted expression. That sum is sent through the norms anew, so they divide by
what *it* has, nothing is frozen. With all edges kept that is the clean run, without any it is the corrupted one.

The corrupted expression has another answer. Its numbers stand in other rows, with their positions: so the tokens in a
row differ, and so do the positions, which would else be the same in every run and could not be seen to matter.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.components import Component
from tinyformer.task.vocabulary import DIGITS

TOKENS_NODE, POSITIONS_NODE, ANSWER_NODE = "tokens", "positions", "answer"
PORTS = ("q", "k", "v")
EACH, SEED = 16, 0  # pairs of each operation


class Edge(NamedTuple):
    sender: str  # "tokens", "positions", "head 1.2", "feed-forward 1"
    receiver: str  # "head 2.1 k", "feed-forward 2", "answer"

    @property
    def component(self):
        """The receiver without the letter of its port."""
        return self.receiver[:-2] if self.receiver.startswith("head") else self.receiver


class Contrasts(NamedTuple):
    """B pairs of a clean and a corrupted expression with different answers."""

    clean: np.ndarray  # (B, T)
    corrupted: np.ndarray  # (B, T), its numbers in other rows
    order: np.ndarray  # (B, T): which position a row of the corrupted one has
    answers: np.ndarray  # (B, 2) token ids: of the clean one, of the corrupted one
    operations: np.ndarray  # (B,) of the clean one, index into `names`
    names: tuple[str, ...]


def contrasts(space, each=EACH, seed=SEED):
    """Drawn at random from a space: `each` pairs for every operation; the corrupted one may have any operation."""
    rng, pairs = np.random.default_rng(seed), []
    for index in range(len(space.names)):
        mine = np.flatnonzero(space.operations == index)
        for one in rng.choice(mine, each if len(mine) else 0):
            others = np.flatnonzero(space.targets != space.targets[one])  # none, where every answer is the same
            pairs += [(one, rng.choice(others))] if len(others) else []
    one, other = np.array(pairs, int).reshape(-1, 2).T
    places = np.flatnonzero(np.isin(space.tokens[0], list(DIGITS)))
    order = np.tile(np.arange(space.tokens.shape[1]), (len(pairs), 1))
    turns = rng.integers(1, len(places), len(pairs))
    order[:, places] = places[(np.arange(len(places)) + turns[:, None]) % len(places)]
    corrupted = np.take_along_axis(space.tokens[other], order, axis=1)
    answers = np.stack([space.targets[one], space.targets[other]], axis=1)
    return Contrasts(space.tokens[one], corrupted, order, answers, space.operations[one], space.names)


def senders(config):
    """The names of all senders, in the order of computation."""
    parts = [TOKENS_NODE, POSITIONS_NODE]
    for layer in range(config.num_layers):
        parts += [str(Component(layer, "head", head)) for head in range(config.num_heads)]
        parts.append(str(Component(layer, "feed-forward")))
    return parts


def edges_of(config):
    """Every Edge that there can be, by receiver, in the order of computation."""
    names, H, edges = senders(config), config.num_heads, []
    for layer in range(config.num_layers):
        before = 2 + layer * (H + 1)
        ports = [f"{head} {port}" for head in names[before : before + H] for port in PORTS]
        edges += [Edge(sender, port) for port in ports for sender in names[:before]]
        edges += [Edge(sender, names[before + H]) for sender in names[: before + H]]
    return edges + [Edge(sender, ANSWER_NODE) for sender in names]


def parts_of(edges):
    """The heads and feed-forward layers at the ends of edges."""
    ends = {end for edge in edges for end in (edge.sender, edge.component)}
    return frozenset(ends - {TOKENS_NODE, POSITIONS_NODE, ANSWER_NODE})
