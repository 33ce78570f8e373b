"""Is a model right as often as it says? Reliability diagram, calibration error (Guo et al. 2017, section 2)."""

from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.intervals import wilson_interval


class ReliabilityBin(NamedTuple):
    """The answers whose confidence is in (start, end]; low and high are the 95 % Wilson interval of accuracy."""

    start: float
    end: float
    count: int
    confidence: float  # mean; nan where count is 0, as accuracy is
    accuracy: float
    low: float
    high: float


def reliability(evaluation, bins=10):
    """`bins` rows of equal width over [0, 1], empty ones too → list of ReliabilityBin.

    ValueError where `bins` is below 1 or a confidence is not finite.
    """
    if bins < 1:
        raise ValueError(f"expected at least 1 bin, got {bins}")
    confidence, correct = evaluation.confidence, evaluation.correct
    if not np.isfinite(confidence).all():
        raise ValueError("the model's probabilities are not finite: it has diverged, and has no calibration")
    edges = np.linspace(0.0, 1.0, bins + 1)
    # side="left": a confidence on an edge belongs to the bin below. Clipped, as float32 can say 1.0000001.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    rows = []
    for index in range(bins):
        inside = place == index
        count, right = int(inside.sum()), int(correct[inside].sum())
        mean, accuracy = (float(confidence[inside].mean()), right / count) if count else (float("nan"),) * 2
        interval = wilson_interval(right, count)
        rows.append(ReliabilityBin(float(edges[index]), float(edges[index + 1]), count, mean, accuracy, *interval))
    return rows


def calibration_error(evaluation, bins=10):
    """Expected calibration error: Σ over bins count/N · |accuracy - mean confidence|, in [0, 1]; nan of nothing.

    Raises what `reliability` raises.
    """
    rows = [row for row in reliability(evaluation, bins) if row.count]
    total = sum(row.count for row in rows)
    return sum(row.count * abs(row.accuracy - row.confidence) for row in rows) / total if total else float("nan")


# Where a model is nearly always right, ten equal bins are one: these count the nines.
BAND_ENDS = (0.5, 0.9, 0.99, 0.999, 0.9999, 1.0)


def confidence_bands(evaluation):
    """[(answers right, answers wrong)] with a confidence up to each of `BAND_ENDS` and above the one before."""
    # float32 can say 1.0000001: what is above the last end belongs to its band.
    band = np.searchsorted(BAND_ENDS[:-1], evaluation.confidence, side="left")
    counted = [
        np.bincount(band[which], minlength=len(BAND_ENDS)) for which in (evaluation.correct, ~evaluation.correct)
    ]
    return [(int(right), int(wrong)) for right, wrong in zip(*counted, strict=True)]
