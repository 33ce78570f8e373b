"""A claim, tested: "First, Second and Last attend in a focused way, Max and Min in a distributed one".

The measure is the normalized entropy of the first token's row, for every expression there is. Nothing is sampled, so
there is no significance to test: what counts is how large the difference is. For every head and every layer:

    "as claimed"     First/Second/Last at most 0.4 on average (focused), Max/Min at least 0.8 (distributed)
    "leans that way" Max/Min higher by at least 0.1, and higher in at least 75 % of pairs of expressions
    "opposite"       Max/Min lower by at least 0.1
    "no difference"  else

The claim "holds" if more than half of the heads do as claimed; it "fails" if no more heads do so or lean that way than
do the opposite; else it "has some support". Beside it stands how much of the variance of the entropy is explained by
the layer alone, the operation alone, and both together: shares of the total sum of squares.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.attention_patterns import DISTRIBUTED_FROM, FOCUSED_UP_TO
from tinyformer.task.expressions import OPERATIONS

PICKING, COMPARING = ("First", "Second", "Last"), ("Max", "Min")
NOTICEABLE = 0.1  # of normalized entropy
MOST_PAIRS = 0.75


class Evidence(NamedTuple):
    """Of one head, or of a layer (the mean over its heads)."""

    per_operation: np.ndarray  # (5,) mean normalized entropy
    picking: float  # mean over First, Second, Last
    comparing: float  # mean over Max, Min
    higher_in: float  # share of pairs (a Max/Min, a First/Second/Last) in which Max/Min has the higher entropy
    verdict: str

    @property
    def difference(self):
        return self.comparing - self.picking


class FocusEvidence(NamedTuple):
    heads: tuple[tuple[Evidence, ...], ...]  # [layer][head]
    layers: tuple[Evidence, ...]
    explained: dict  # "layer", "head", "operation", "layer and operation" → share of the variance of entropy

    @property
    def verdict(self):
        """One sentence that follows from the numbers."""
        heads = [head for layer in self.heads for head in layer]
        counts = {kind: sum(head.verdict == kind for head in heads) for kind in VERDICTS}
        supporting = counts["as claimed"] + counts["leans that way"]
        holds = "holds" if counts["as claimed"] > len(heads) / 2 else "has some support"
        if supporting <= counts["opposite"] and holds != "holds":
            holds = "fails"
        shares = {name: self.explained[name] for name in ("layer", "operation")}
        by = max(shares, key=shares.get)
        more = f"The {by} decides more" if shares[by] >= NOTICEABLE else "Neither layer nor operation decides much"
        return (
            f"The claim {holds}: {counts['as claimed']} of {len(heads)} heads do as claimed, "
            f"{counts['leans that way']} lean that way, {counts['opposite']} do the opposite. "
            f"{more}: of the variance of the entropy, the layer alone explains {shares['layer']:.0%}, the operation "
            f"alone {shares['operation']:.0%}, the two together {self.explained['layer and operation']:.0%}."
        )


VERDICTS = ("as claimed", "leans that way", "no difference", "opposite")


def focus_evidence(patterns):
    """SpacePatterns → FocusEvidence."""
    entropy, operations = patterns.entropy, patterns.operations  # (L, N, H), (N,)
    heads = tuple(tuple(_evidence(layer[:, head], operations) for head in range(layer.shape[1])) for layer in entropy)
    layers = tuple(_evidence(layer.mean(axis=1), operations) for layer in entropy)
    cells = np.array([entropy[:, operations == index].mean(axis=(1, 2)) for index in range(len(OPERATIONS))])  # (5, L)
    means = {
        "layer": cells.mean(axis=0),  # the operations are equally frequent
        "head": entropy.mean(axis=1),
        "operation": cells.mean(axis=1),
        "layer and operation": cells,
    }
    total = entropy.var()
    explained = {name: float(mean.var() / total) if total else 0.0 for name, mean in means.items()}
    return FocusEvidence(heads, layers, explained)


def _evidence(entropy, operations):
    """entropy (N,) of all expressions."""
    means = np.array([entropy[operations == index].mean() for index in range(len(OPERATIONS))])
    picks = np.isin(operations, [OPERATIONS.index(name) for name in PICKING])
    picking, comparing = float(entropy[picks].mean()), float(entropy[~picks].mean())
    higher_in = share_of_pairs(entropy[~picks], entropy[picks])
    return Evidence(means, picking, comparing, higher_in, verdict_of(picking, comparing, higher_in))


def verdict_of(picking, comparing, higher_in):
    """One of VERDICTS, by the thresholds above."""
    if picking <= FOCUSED_UP_TO and comparing >= DISTRIBUTED_FROM:
        return "as claimed"
    if comparing - picking >= NOTICEABLE and higher_in >= MOST_PAIRS:
        return "leans that way"
    return "opposite" if picking - comparing >= NOTICEABLE else "no difference"


def share_of_pairs(high, low):
    """The share of pairs (a of `high`, b of `low`) with a > b, ties counting half: 0.5 where they do not differ."""
    low = np.sort(low)
    below, up_to = np.searchsorted(low, high, "left"), np.searchsorted(low, high, "right")
    return float((below + up_to).mean() / (2 * len(low)))
