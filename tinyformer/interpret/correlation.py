"""Is a head that looks at little a head that matters? Ranks of entropy against ranks of effect, within layers.

Heads are compared with the other heads of their own model and layer only, since layers differ in both. ρ is Spearman's
rank correlation in each such group, averaged over groups weighted by their heads. Which head of a layer is which is an
accident of the initialization; so under "no relation" all orders within a group are equally probable, and p is the
share of 10,000 random ones with |ρ| at least as large (Phipson & Smyth 2010: with one added above and below).
"""

from typing import NamedTuple

import numpy as np

ORDERS, SEED, UNLIKELY = 10_000, 0, 0.05


class Association(NamedTuple):
    heads: int
    rho: float  # nan where nothing varies, or no group has two heads
    reach: float  # 95 % of the random orders have |ρ| up to this
    p: float

    def verdict(self, p):
        """What a p that was corrected for several tests allows to say."""
        if np.isnan(self.rho):
            return "undefined"
        if p > UNLIKELY:
            return "no relation beyond chance"
        return "focused heads matter more" if self.rho < 0 else "distributed heads matter more"


def association(groups):
    """[(entropies, effects), …], a pair of sequences for each model and layer → Association."""
    pairs = [(_standard(entropy), _standard(effect)) for entropy, effect in groups]
    pairs = [(x, y) for x, y in pairs if x.any() and y.any()]
    count = sum(len(x) for x, _ in pairs)
    if not count:
        return Association(count, *[float("nan")] * 3)
    rho = sum(len(x) * (x @ y) for x, y in pairs) / count
    rng, random = np.random.default_rng(SEED), np.zeros(ORDERS)
    for x, y in pairs:
        random += len(x) * (rng.permuted(np.tile(y, (ORDERS, 1)), axis=1) @ x) / count
    extreme = np.abs(random) >= abs(rho) - 1e-9
    return Association(count, float(rho), float(np.quantile(np.abs(random), 0.95)), (extreme.sum() + 1) / (ORDERS + 1))


def holm(ps):
    """p of several tests, corrected so that one false alarm among all has the probability that p says (Holm 1979)."""
    ps = np.asarray(ps, np.float64)
    order = np.argsort(ps)
    stepped = np.maximum.accumulate(ps[order] * np.arange(len(ps), 0, -1))
    corrected = np.empty_like(ps)
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def _standard(values):
    """Ranks, equal values sharing the mean of theirs, centered and of length 1; zeros where nothing varies."""
    values = np.asarray(values, np.float64)
    ordered = np.sort(values)
    ranks = (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") - 1) / 2
    ranks -= ranks.mean()
    return ranks / max(np.linalg.norm(ranks), 1e-12)
