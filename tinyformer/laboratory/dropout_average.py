"""What dropout does to an activation on average: nothing. Each entry is 0 or 1 / (1 − rate) times itself."""

import numpy as np

from tinyformer.layers import Dropout


def running_means(x, rate, draws=200, seed=0):
    """x (N,) → the mean over the first 1, 2, … draws of the mean of dropped-out x, (draws,)."""
    rng, layer = np.random.default_rng(seed), Dropout(rate)
    means = np.array([layer.forward(x, rng)[0].mean() for _ in range(draws)])
    return np.cumsum(means) / np.arange(1, draws + 1)


class SeededDropout(Dropout):
    """Dropout that draws the same mask at every call, so that its gradient can be checked."""

    def forward(self, x):
        return super().forward(x, np.random.default_rng(0))
