"""How often a training drew an expression: counted from the training set itself, here."""

import numpy as np
import pytest

from tinyformer import expression_space
from tinyformer.configuration import TrainingConfig
from tinyformer.evaluation.drawn import times_drawn
from tinyformer.task.training_data import prepare_data

CONFIGS = {
    "by expression": TrainingConfig(num_examples=2000),
    "other data": TrainingConfig(num_examples=2000, data_seed=5, max_value=6),
    "several lengths": TrainingConfig(num_examples=2000, num_args=(2, 5)),
    "only some": TrainingConfig(num_examples=2000, train_limit=100),
    "leaking": TrainingConfig(num_examples=2000, split_by="draw"),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_draws_are_those_of_the_training_set(name):
    config = CONFIGS[name]
    space = expression_space(data_seed=config.data_seed, shares=tuple(config.shares))
    found = times_drawn(config, space.tokens, space.tokens > 0, space.sides)
    train = prepare_data(config).train
    of_three = [tuple(row[keep]) for row, keep in zip(train.tokens, train.mask, strict=True) if keep.sum() == 6]
    assert found.sum() == len(of_three)
    for i in (0, 17, *map(int, np.flatnonzero(found)[:20])):
        assert found[i] == of_three.count(tuple(space.tokens[i]))
    assert (found[space.sides != 0].sum() > 0) == (name == "leaking")


@pytest.mark.parametrize(
    "settings",
    [
        {"num_examples": 10_000_000},
        {"num_examples": 500_000, "num_args": (2, 40)},
        {"num_examples": 100, "split_by": "draw", "shares": (1 - 2e-6, 1e-6, 1e-6)},  # it would leave sides empty
    ],
)
def test_what_is_too_much_or_cannot_have_been_is_not_counted(settings):
    space = expression_space()
    assert times_drawn(TrainingConfig(**settings), space.tokens, space.tokens > 0, space.sides) is None
