"""How two models' circuits differ: by what travels from one kind of part to another.

Which head of a layer is which is an accident of the seed, so edges are taken together: a *route* is all edges from one
group of senders (the tokens, the positions, the heads of a layer, its feed-forward layer) to one group of receivers.
Its share is what is lost of the logit difference, pair by pair, where all its edges are corrupted and all else is not.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from tinyformer.interpret.patched_runs import PatchedRuns
from tinyformer.interpret.paths import edges_of

WORTH_A_WORD = 0.05  # of the logit difference
ERROR = 0.05  # of all intervals together


class Routes(NamedTuple):
    names: tuple[tuple[str, str], ...]  # R of (senders, receivers), as ("heads 1", "feed-forward 2")
    shares: np.ndarray  # (R, B): nan for pairs that are not answered right on both sides


class Difference(NamedTuple):
    """The route in which two models differ most, if any by more than chance; its interval holds for all `tested`."""

    route: tuple[str, str]
    first: float  # mean shares
    second: float
    low: float  # of first − second
    high: float
    pairs: int
    tested: int

    @property
    def is_told(self):
        return (self.low > 0 or self.high < 0) and abs(self.first - self.second) >= WORTH_A_WORD


def route_steps(model, pairs):
    """A generator that yields the share that is done and returns the Routes of a model on Contrasts."""
    runs, every, routes = PatchedRuns(model, pairs), edges_of(model.config), {}
    for edge in every:
        routes.setdefault((_group(edge.sender), _group(edge.component)), set()).add(edge)
    shares, gap = np.full((len(routes), len(pairs.clean)), np.nan), runs.after - runs.before
    for number, edges in enumerate(routes.values()):
        lost = runs.after - runs.difference(edge for edge in every if edge not in edges)
        shares[number, runs.rows] = lost / gap.mean()
        yield (number + 1) / len(routes)
    return Routes(tuple(routes), shares)


def _group(name):
    """ "head 2.3" → "heads 2"."""
    return f"heads {name[5:].split('.')[0]}" if name.startswith("head ") else name


def largest_difference(first, second):
    """Routes of two models on the same Contrasts → Difference, or None where they have no two pairs in common."""
    routes = [name for name in first.names if name in second.names]
    of_first, of_second = (
        routes_of.shares[[routes_of.names.index(name) for name in routes]] for routes_of in (first, second)
    )
    there = ~np.isnan(of_first[0] + of_second[0])
    if there.sum() < 2:
        return None
    apart = (of_first - of_second)[:, there]
    reach = NormalDist().inv_cdf(1 - ERROR / 2 / len(routes)) * apart.std(axis=1, ddof=1) / np.sqrt(there.sum())
    middles = apart.mean(axis=1)
    sure = (np.abs(middles) > reach) & (
        np.abs(middles) >= WORTH_A_WORD
    )  # if any is, the one that differs most of these
    most = int(np.where(sure if sure.any() else True, np.abs(middles), -1).argmax())
    middle = float(middles[most])
    means = (float(of[most, there].mean()) for of in (of_first, of_second))
    return Difference(
        routes[most], *means, middle - float(reach[most]), middle + float(reach[most]), int(there.sum()), len(routes)
    )
