"""A split by draw tests what was learned by heart; a split by expression does not."""

import sys

import numpy as np
import pytest

from tinyformer import TrainingConfig, Transformer
from tinyformer.evaluation.evaluate import Evaluation
from tinyformer.evaluation.leak import Leak, measure_leak
from tinyformer.task.training_data import prepare_data


@pytest.mark.parametrize("split_by", ["draw", "expression"])
def test_only_a_split_by_draw_tests_what_was_trained_on(split_by):
    config = TrainingConfig(num_examples=2_000, split_by=split_by)
    leak = measure_leak(Transformer(seed=1), config)
    assert (leak.known > 0) == (split_by == "draw")
    distinct = {tuple(tokens) for tokens in prepare_data(config).train.tokens.tolist()}
    assert len(leak.never_trained_on) == 5_000 - len(distinct)
    assert not distinct & {tuple(tokens) for tokens in leak.never_trained_on.tokens.tolist()}


def test_four_of_five_test_expressions_of_the_experiment_were_trained_on():
    """What Train says of its split by draw, at the 10,000 draws of its reference."""
    data = prepare_data(TrainingConfig(split_by="draw"))
    trained_on = {tuple(tokens) for tokens in data.train.tokens.tolist()}
    known = sum(tuple(tokens) in trained_on for tokens in data.test.tokens.tolist())
    assert 0.75 < known / len(data.test.targets) < 0.85


def _answered(correct, total):
    """An Evaluation of so many right answers."""
    right = np.arange(total) < correct
    nothing = np.zeros((total, 1), int)
    return Evaluation(nothing, nothing == 0, np.zeros(total, int), np.stack([right, ~right], axis=1).astype(float))


@pytest.mark.parametrize("test, honest, flatters", [((95, 100), (800, 1_000), True), ((95, 100), (970, 1_000), False),
                                                    ((95, 100), (930, 1_000), False)])  # fmt: skip
def test_a_test_flatters_only_where_its_interval_lies_above_what_is_new(test, honest, flatters):
    assert Leak(_answered(*test), 50, _answered(*honest)).flatters == flatters


def test_of_expressions_that_are_too_many_it_says_so():
    with pytest.raises(ValueError, match="too many"):
        measure_leak(Transformer(seed=1), TrainingConfig(num_args=(2, 5)))


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
