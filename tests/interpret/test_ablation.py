"""Taking parts out: known answers on a model written by hand, and identities on trained-like ones."""

import itertools

import numpy as np
import pytest
from handmade import copies_from

from tinyformer import OPERATIONS, Transformer, expression_space
from tinyformer.interpret import (
    Component,
    ablate,
    ablation_steps,
    best_per_size,
    drain,
    heads_of,
    layers_of,
    mean_activations,
    shapley_values,
    smallest_sufficient,
    subset_steps,
    trace,
)
from tinyformer.interpret.components import edits_for
from tinyformer.interpret.subsets import Subsets

SPACE = expression_space()
FIRST = OPERATIONS.index("First")
HEADS = [Component(0, "head", 0), Component(0, "head", 1)]


@pytest.fixture(scope="module")
def model():
    model = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=24, seed=3)
    model.vector *= 1.5
    return model


def test_only_the_head_that_copies_is_missed():
    result = ablate(copies_from(2), SPACE, [[head] for head in HEADS])
    assert result.accuracy_per_operation[0, FIRST] == 1
    np.testing.assert_array_equal(result.drop_per_operation[2], 0)  # head 1 does nothing
    assert result.drop_per_operation[1, FIRST] == 1  # head 0 does everything
    losses = result.losses[:, SPACE.operations == FIRST].mean(axis=1)
    assert losses[0] < 1e-3 and losses[1] > 1 and abs(result.loss_rise[2]) < 1e-6


def test_whole_layers_of_the_hand_made_model():
    result = ablate(copies_from(2), SPACE, [[layer] for layer in layers_of(copies_from(2).config)])
    np.testing.assert_array_equal(result.drop_per_operation[1:, FIRST], [1, 0])  # attention, feed-forward


@pytest.mark.parametrize("replacement", ["zero", "mean"])
def test_shared_computation_gives_what_each_set_alone_gives(model, replacement):
    """Against `trace` with the same edits, for heads and layers in any mixture."""
    parts = [*heads_of(model.config), *layers_of(model.config)]
    rng = np.random.default_rng(0)
    sets = [[parts[i] for i in rng.choice(len(parts), size, replace=False)] for size in (1, 1, 2, 3, 4, 6)]
    some = SPACE._replace(**{name: getattr(SPACE, name)[::50] for name in SPACE._fields[:5]})
    result = ablate(model, some, sets, replacement)
    means = mean_activations(model, some.tokens, replacement)
    for index, components in enumerate([[], *sets]):
        logits = trace(model, some.tokens, edits=edits_for(components, means), every_row=False)["logits"]
        np.testing.assert_array_equal(result.correct[index], logits.argmax(axis=1) == some.targets)


def test_mean_activations_are_the_means(model):
    values = trace(model, SPACE.tokens[::10], every_row=False)
    for name, mean in mean_activations(model, SPACE.tokens[::10]).items():
        np.testing.assert_allclose(mean, values[name].mean(axis=0), atol=1e-5)


def test_progress_rises_to_one_and_can_be_left(model):
    steps = ablation_steps(model, SPACE, [[head] for head in heads_of(model.config)])
    assert 0 < next(steps) < 0.1
    steps.close()
    progress = list(ablation_steps(model, SPACE, [[heads_of(model.config)[0]]]))
    assert progress == sorted(progress) and progress[-1] == 1


def test_an_unknown_replacement_is_refused(model):
    with pytest.raises(ValueError, match="replacement must be one of"):
        ablate(model, SPACE, [], "median")


def test_subsets_of_the_hand_made_model():
    subsets = drain(subset_steps(copies_from(2), SPACE))
    np.testing.assert_array_equal(subsets.per_operation[:, FIRST], [0, 1, 0, 1])  # none, head 0, head 1, both
    assert subsets.kept(smallest_sufficient(subsets)) == [HEADS[0]]
    np.testing.assert_allclose(shapley_values(subsets.per_operation[:, FIRST]), [1, 0])
    assert [size for size, _, _ in best_per_size(subsets)] == [0, 1, 2]


def test_shapley_values_are_the_mean_over_all_orders():
    values = np.random.default_rng(4).random(16)
    by_orders = np.zeros(4)
    for order in itertools.permutations(range(4)):
        kept = 0
        for head in order:
            by_orders[head] += values[kept | 1 << head] - values[kept]
            kept |= 1 << head
    np.testing.assert_allclose(shapley_values(values), by_orders / 24, atol=1e-12)
    assert shapley_values(values).sum() == pytest.approx(values[-1] - values[0])


def test_the_smallest_sufficient_subset_is_small_before_it_is_good():
    accuracy = np.array([0.1, 0.985, 0.99, 1.0])
    subsets = Subsets(tuple(HEADS), accuracy, np.zeros((4, 5)))
    assert smallest_sufficient(subsets, 0.99) == 2
    assert smallest_sufficient(subsets, 0.5) == 2  # of the two with one head, the better
    assert smallest_sufficient(subsets, 0.999) == 3


def test_too_many_heads_are_refused_before_anything_is_computed():
    many = Transformer(embed_dim=16, num_heads=4, num_layers=3, ffn_dim=8)
    with pytest.raises(ValueError, match=r"12 heads have 2\^12 subsets"):
        next(subset_steps(many, SPACE))
