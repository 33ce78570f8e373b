"""Several models on the same expressions: which do all get right, which only one, which none; who differs from whom."""

import numpy as np


def right_counts(evaluations):
    """M evaluations of the same N expressions → (N,) how many of the models are right, 0 … M."""
    _require_same(evaluations)
    return np.sum([evaluation.correct for evaluation in evaluations], axis=0)


def disagreements(evaluations):
    """→ (M, M) numbers of expressions that two models answer differently, be one of them right or neither."""
    _require_same(evaluations)
    answers = np.array([evaluation.predictions for evaluation in evaluations])  # (M, N)
    return (answers[:, None] != answers[None]).sum(axis=2)


def agreement_table(evaluations):
    """→ a list of (number of models that are right, number of expressions), from all down to none; sums to N."""
    counts = np.bincount(right_counts(evaluations), minlength=len(evaluations) + 1)
    return [(right, int(counts[right])) for right in range(len(evaluations), -1, -1)]


def _require_same(evaluations):
    """ValueError unless there is at least one, and all are of the same expressions."""
    if not evaluations:
        raise ValueError("agreement is between models: give at least one evaluation")
    for other in evaluations[1:]:
        if not np.array_equal(other.targets, evaluations[0].targets) or not np.array_equal(
            other.tokens, evaluations[0].tokens
        ):
            raise ValueError("agreement needs evaluations of the same expressions in the same order")
