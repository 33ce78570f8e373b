"""How sure a proportion is: the score interval of Wilson (1927), recommended by Brown, Cai & DasGupta (2001).

And how sure a comparison of pairs is: the sign test.
"""

import math
from statistics import NormalDist


def wilson_interval(correct, total, confidence=0.95):
    """The proportions p that `correct` out of `total` do not rule out → (low, high), both within [0, 1].

        (p̂ + z²/2n ± z √(p̂(1-p̂)/n + z²/4n²)) / (1 + z²/n),   p̂ = correct/total,  n = total,  z = Φ⁻¹((1 + confidence)/2)

    Unlike p̂ ± z·σ it stays honest at the ends: 500 of 500 gives (0.992, 1), not (1, 1). Of 0 trials nothing is known:
    (0, 1). ValueError where the counts are not 0 ≤ correct ≤ total or the confidence is not between 0 and 1.

    >>> low, high = wilson_interval(81, 263)
    >>> print(f"{low:.4f} {high:.4f}")
    0.2553 0.3662
    """
    if not 0 <= correct <= total:
        raise ValueError(f"expected 0 <= correct <= total, got {correct} correct of {total}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a probability between 0 and 1, for example 0.95; got {confidence}")
    if total == 0:
        return 0.0, 1.0
    n = int(total)
    share = int(correct) / n
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    center = share + z * z / (2 * n)
    reach = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    scale = 1 + z * z / n
    # The formula gives exactly 0 and 1 at the two ends; rounding does not.
    low = 0.0 if correct == 0 else (center - reach) / scale
    high = 1.0 if correct == total else (center + reach) / scale
    return low, high


def sign_test(better, worse):
    """Of pairs that differ, so many are better and so many worse → how often a fair coin splits them at least as
    unevenly, either way: the exact two-sided p-value (McNemar 1947). 1 where no pair differs.

    >>> sign_test(6, 0), sign_test(3, 3)
    (0.03125, 1.0)
    """
    n, most = better + worse, max(better, worse)
    return min(1.0, 2 * sum(math.comb(n, k) for k in range(most, n + 1)) / 2**n)
