"""A circuit found by path patching: the edges that are left when all that matter little are taken away.

As in Conmy et al. (2023), edges are tried from the answer backwards: one is taken away, for good, where that moves no
operation's share of the logit difference by more than a threshold, and leaves 0.95 of it *for every operation*. Then
again, with larger thresholds, those first that mattered least. What is left is the circuit.

faithfulness   what the circuit alone carries of the logit difference, everything else being corrupted: near 1
completeness   what all the rest carries where the circuit is corrupted: near 0, else something was left out
minimality     what the least of its edges carries: where that is near 0, something in it is not needed
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.interpret.patched_runs import PatchedRuns, answered_pairs
from tinyformer.interpret.paths import Edge, edges_of

THRESHOLDS = (0.002, 0.005, 0.01, 0.02, 0.05)
ENOUGH = 0.95


@dataclass(frozen=True, eq=False)
class PathCircuit:
    """Shares of the logit difference: column 0 over all pairs, then of each operation."""

    names: tuple[str, ...]  # of the operations
    pairs: np.ndarray  # (1 + O,): how many the model answers right on both sides
    every_edge: int  # how many there are
    way: tuple[Edge, ...]  # in the order in which they were taken away
    curve: np.ndarray  # (1 + len(way), 1 + O): after none, one, two … were taken away
    edges: frozenset  # of Edge: the circuit
    completeness: np.ndarray  # (1 + O,): the share that is left without the circuit's edges
    effects: dict  # Edge of the circuit → (1 + O,): what the circuit loses without it
    elsewhere: np.ndarray  # (1 + O,): its faithfulness on pairs that had no part in finding it; nan if there were none

    @property
    def faithfulness(self):
        return self.curve[self.every_edge - len(self.edges)]

    @property
    def minimality(self):
        """The least that an edge of the circuit carries, for the operation that needs it most."""
        return min((float(np.nanmax(np.abs(lost[1:]))) for lost in self.effects.values()), default=float("nan"))


def circuit_steps(model, pairs, others=None):
    """A generator that yields the share that is done and returns a PathCircuit of a model on Contrasts.

    `others`: more of them, to test it on. ValueError where the model answers no pair right on both sides.
    """
    runs, every = PatchedRuns(model, pairs), edges_of(model.config)
    kept, way, curve = set(every), [], [runs.faithfulness(every)]
    moved = {edge: -place for place, edge in enumerate(every)}  # at first: from the answer backwards
    for turn, threshold in enumerate(THRESHOLDS):
        tried = sorted(kept, key=moved.get)
        for number, edge in enumerate(tried):
            shares = runs.faithfulness(kept - {edge})
            moved[edge] = np.nanmax(np.abs(shares - curve[-1]))
            if moved[edge] <= threshold and np.nanmin(shares) >= ENOUGH:
                kept.discard(edge)
                way.append(edge)
                curve.append(shares)
            yield (turn + number / len(tried)) / (len(THRESHOLDS) + 1)
    circuit = frozenset(kept)
    effects = {}
    for number, edge in enumerate(sorted(circuit)):
        effects[edge] = curve[-1] - runs.faithfulness(circuit - {edge})
        yield (len(THRESHOLDS) + number / len(circuit)) / (len(THRESHOLDS) + 1)
    completeness = runs.faithfulness(set(every) - circuit)
    for edge in sorted(circuit, key=lambda edge: np.nanmax(np.abs(effects[edge]))):  # the curve goes on to its end
        kept.discard(edge)
        way.append(edge)
        curve.append(runs.faithfulness(kept))
    elsewhere = np.full(1 + len(pairs.names), np.nan)
    if others is not None and answered_pairs(model, others):
        elsewhere = PatchedRuns(model, others).faithfulness(circuit)
    counts = np.append(len(runs.rows), np.bincount(runs.pairs.operations, minlength=len(pairs.names)))
    return PathCircuit(
        pairs.names, counts, len(every), tuple(way), np.array(curve), circuit, completeness, effects, elsewhere
    )
