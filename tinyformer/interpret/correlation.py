"""Is a head that looks at little a head that matters? The correlation of entropy with effect, and what follows.

r is Pearson's, ρ Spearman's (Pearson's of the ranks). The 95 % interval of r is Fisher's (1921):
tanh(atanh r ± 1.96 / √(n − 3)). It takes the heads for independent, which heads of one model are not: read it as the
least that is uncertain.

    "undefined"                      fewer than three heads, or one of the two does not vary
    "focused heads matter more"      the whole interval lies below 0
    "distributed heads matter more"  the whole interval lies above 0
    "no clear relation"              else; always so with three heads, which allow no interval
"""

from typing import NamedTuple

import numpy as np

SURE = 1.96  # standard deviations on both sides hold 95 %


class Correlation(NamedTuple):
    count: int
    r: float  # nan where undefined, as all below
    low: float  # of the 95 % interval of r; nan also where there are only three values
    high: float
    rho: float

    @property
    def verdict(self):
        """How the effect goes with the entropy, by the rule above."""
        if np.isnan(self.r):
            return "undefined"
        if self.high < 0:
            return "focused heads matter more"
        return "distributed heads matter more" if self.low > 0 else "no clear relation"


def correlation(entropy, effect):
    """Two sequences of equal length → Correlation."""
    x, y = np.asarray(entropy, np.float64), np.asarray(effect, np.float64)
    r = _pearson(x, y)
    return Correlation(len(x), r, *_interval(r, len(x)), _pearson(_ranks(x), _ranks(y)))


def _interval(r, count):
    if np.isnan(r) or count <= 3:
        return float("nan"), float("nan")
    middle, reach = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)), SURE / np.sqrt(count - 3)
    return float(np.tanh(middle - reach)), float(np.tanh(middle + reach))


def _pearson(x, y):
    x, y = x - x.mean(), y - y.mean()
    norm = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / norm) if len(x) >= 3 and norm > 0 else float("nan")


def _ranks(values):
    """Ranks from 0; equal values share the mean of theirs."""
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right") - 1) / 2
