"""What heads look at, how focused they are, which of two models correspond: known answers on patterns made by hand."""

import numpy as np
import pytest
from handmade import copies_from

from tinyformer import Transformer, expression_space, extract_attention_weights, normalized_entropy
from tinyformer.interpret import (
    FIRST,
    READ,
    association,
    compare_heads,
    focus,
    holm,
    in_common,
    random_sample,
    role_shares,
    space_patterns,
    tokens_of_length,
)
from tinyformer.interpret.roles import NO_ROLE, answer_positions
from tinyformer.task.vocabulary import tokenize

SPACE = expression_space()
NAMES = SPACE.names
COMPARING = np.isin(SPACE.operations, [NAMES.index("Max"), NAMES.index("Min")])


@pytest.fixture(scope="module")
def patterns():
    return space_patterns(Transformer(embed_dim=24, num_heads=3, num_layers=2, ffn_dim=8, seed=1), SPACE)


def with_rows(patterns, *rows):
    """The same with these rows (N, T) for every head and every query, for each layer or for all alike."""
    rows = rows * 2 if len(rows) == 1 else rows
    weights = [
        np.broadcast_to(some[:, None, None], old.shape) for some, old in zip(rows, patterns.weights, strict=True)
    ]
    return patterns._replace(weights=tuple(weights))


def one_hot(places):
    return np.eye(6)[places]


def even():
    return np.full((5000, 6), 1 / 6)


def test_the_patterns_are_those_of_the_model_and_of_the_rows_that_are_read(patterns):
    model = Transformer(embed_dim=24, num_heads=3, num_layers=2, ffn_dim=8, seed=1)
    some = random_sample(SPACE, 15)
    weights = extract_attention_weights(model, some.tokens)
    found = space_patterns(model, some)
    np.testing.assert_allclose(found.weights[0], weights[0], atol=1e-6)
    np.testing.assert_allclose(found.weights[1], weights[1][:, :, :1], atol=1e-6)
    mean = space_patterns(Transformer(embed_dim=24, num_heads=3, num_layers=2, ffn_dim=8, pooling="mean"), some)
    assert [layer.shape for layer in mean.weights] == [(15, 3, 6, 6)] * 2
    np.testing.assert_allclose(found.entropy(FIRST), normalized_entropy(weights[:, :, :, 0]), atol=1e-6)
    np.testing.assert_allclose(found.entropy(READ)[0], normalized_entropy(weights[0]).mean(axis=-1), atol=1e-6)


def test_a_sample_is_drawn_from_the_whole_space_and_not_from_one_kind_of_expression():
    some = random_sample(SPACE, 500)
    for place in range(3):
        assert set(some.numbers[:, place]) == set(range(10))
    assert len(np.unique(some.tokens, axis=0)) == 500 and some.names == NAMES
    np.testing.assert_array_equal(some.tokens, random_sample(SPACE, 500).tokens)
    assert (random_sample(SPACE, 500, seed=1).tokens != some.tokens).any()
    assert tokens_of_length(2).shape == (500, 5) and tokens_of_length(20).shape == (2000, 23)


# Roles


@pytest.mark.parametrize(
    ("position", "name"),
    [(0, "reads the operation"), (1, "looks at the bracket ("), (2, "looks at number 1"), (3, "looks at number 2"),
     (4, "looks at number 3"), (5, "looks at the bracket )")],
)  # fmt: skip
def test_a_head_built_to_attend_to_a_position_is_reported_as_such(position, name):
    roles = role_shares(space_patterns(copies_from(position), SPACE))
    assert roles.name(0, 0) == name
    np.testing.assert_allclose(roles.shares[0][0, :, 0, position], 1, atol=1e-9)
    assert roles.name(0, 1) == NO_ROLE
    np.testing.assert_allclose(roles.shares[0][1, :, 0, :6], 1 / 6)


def test_shares_of_places_sum_to_one_at_every_row(patterns):
    roles = role_shares(patterns)
    assert [layer.shape for layer in roles.shares] == [(3, 5, 6, 10), (3, 5, 1, 10)]
    for layer in roles.shares:
        np.testing.assert_allclose(layer[..., :6].sum(axis=-1), 1, atol=1e-5)


def test_all_rows_of_an_early_layer_count_and_not_the_first_alone(patterns):
    """A head whose first row looks at the operation, and whose other five rows look at themselves."""
    weights = np.broadcast_to(np.eye(6), patterns.weights[0].shape)
    roles = role_shares(patterns._replace(weights=(weights, patterns.weights[1])))
    assert roles.name(0, 0) == "looks at the token itself"
    assert roles.shares[0][0, 0, 0, 0] == 1 and roles.of_read_rows(0)[0, 0, 0] == pytest.approx(1 / 6)


def test_heads_that_look_at_the_answer_or_the_largest_are_named_so(patterns):
    answer = answer_positions(SPACE)
    roles = role_shares(with_rows(patterns, answer / answer.sum(axis=1, keepdims=True)))
    assert roles.name(0, 0) == "looks at the answer"
    roles = role_shares(with_rows(patterns, one_hot(2 + SPACE.numbers.argmax(axis=1))))
    assert roles.name(1, 2) == "looks at the largest"
    assert roles.shares[1][2, 3, 0, roles.roles.index("largest")] == 1


def test_a_head_that_does_something_for_two_operations_only_is_named_after_them(patterns):
    answer = answer_positions(SPACE)
    rows = np.where(COMPARING[:, None], answer / answer.sum(axis=1, keepdims=True), np.array([0.3, 0, 0.4, 0, 0, 0.3]))
    assert role_shares(with_rows(patterns, rows)).name(0, 0) == "looks at the answer in Max, Min"
    first = SPACE.operations == NAMES.index("First")
    rows = np.where(first[:, None], rows, answer / answer.sum(axis=1, keepdims=True))
    assert role_shares(with_rows(patterns, rows)).name(0, 0) == "looks at the answer, except in First"


def test_a_role_counts_only_above_what_untrained_heads_reach(patterns):
    roles = role_shares(with_rows(patterns, one_hot(np.zeros(5000, int)) * 0.6 + even() * 0.4))
    assert roles.name(1, 0) == "reads the operation"
    assert roles.name(1, 0, levels=np.full(10, 0.7)) == NO_ROLE


def test_where_the_answer_stands():
    texts = ["First ( 5 5 9 )", "Second ( 5 5 9 )", "Last ( 9 5 9 )", "Max ( 9 5 9 )", "Min ( 5 5 9 )"]
    tokens, answers = np.array([tokenize(text) for text in texts]), np.array([7, 7, 11, 11, 7])
    space = SPACE._replace(tokens=tokens, targets=answers, operations=np.arange(5))
    assert [list(np.flatnonzero(row)) for row in answer_positions(space)] == [[2], [3], [4], [2, 4], [2, 3]]
    renamed = space._replace(
        names=("First", "Second", "Last", "Largest", "Least")
    )  # of a name it does not know, by value
    np.testing.assert_array_equal(answer_positions(renamed), answer_positions(space))


# Focus


def test_both_directions_are_judged_by_one_rule(patterns):
    more = focus(with_rows(patterns, np.where(COMPARING[:, None], even(), one_hot(np.full(5000, 2)))))
    less = focus(with_rows(patterns, np.where(COMPARING[:, None], one_hot(np.full(5000, 2)), even())))
    np.testing.assert_allclose(more.difference, 1)
    np.testing.assert_allclose(less.difference, -1)
    assert more.counts([0.99] * 2) == [(3, 0)] * 2 and less.counts([0.99] * 2) == [(0, 3)] * 2
    assert more.explained["operation"] == pytest.approx(1) and more.explained["layer"] == pytest.approx(0)


def test_a_model_in_which_the_layer_decides_is_found_out(patterns):
    found = focus(with_rows(patterns, even(), one_hot(np.full(5000, 3))))
    np.testing.assert_allclose(found.difference, 0, atol=1e-12)
    assert found.explained["layer"] == pytest.approx(1) and found.counts([0.1, 0.1]) == [(0, 0)] * 2


def test_operations_that_differ_in_opposite_ways_in_the_layers_explain_together_what_neither_explains_alone(patterns):
    one, other = (np.where(where[:, None], one_hot(np.full(5000, 2)), even()) for where in (COMPARING, ~COMPARING))
    found = focus(with_rows(patterns, one, other))
    assert found.counts([0.1, 0.1]) == [(0, 3), (3, 0)]
    assert found.explained["layer and operation"] == pytest.approx(1)
    assert found.explained["layer"] < 0.05 and found.explained["operation"] < 0.05


def test_where_all_operations_are_of_one_kind_there_is_no_difference(patterns):
    places = focus(patterns._replace(space=SPACE._replace(names=("First", "Second", "Last", "First", "Last"))))
    assert np.isnan(places.difference).all() and places.difference.shape == (2, 3)


# Look and effect


def test_a_relation_is_found_within_layers_and_only_beyond_chance():
    falling = [(np.arange(4), -np.arange(4.0)), (np.arange(4), -np.arange(4.0))]
    one, two = association(falling[:1]), association(falling)
    assert one.rho == two.rho == pytest.approx(-1) and one.heads == 4
    assert one.p == pytest.approx(2 / 24, abs=0.01)  # of 24 orders, two are as extreme
    assert two.p == pytest.approx(2 / 24**2, abs=0.002)
    assert one.verdict(one.p) == "no relation beyond chance" and two.verdict(two.p) == "focused heads matter more"
    rising = association([(x, -y) for x, y in falling])
    assert rising.verdict(rising.p) == "distributed heads matter more"
    assert association([([1, 1, 1], [1, 2, 3])]).verdict(0.0) == "undefined"


def test_layers_that_differ_make_no_relation_of_their_own():
    """Two layers far apart in both, and no order within them."""
    groups = [([0.1, 0.2, 0.3, 0.4], [2, 1, 4, 3.0]), ([0.8, 0.85, 0.9, 0.95], [31, 34, 30, 32.0])]
    assert abs(association(groups).rho) < 0.5 and association(groups).p > 0.3


def test_a_false_alarm_is_as_rare_as_p_says():
    random = np.random.default_rng(3)
    ps = [association([random.standard_normal((2, 5)), random.standard_normal((2, 5))]).p for _ in range(150)]
    assert np.mean(np.array(ps) <= 0.05) < 0.1 and 0.4 < np.mean(ps) < 0.6


def test_holm_corrects_for_the_number_of_tests():
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03]), [0.06, 0.03, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1, 1])


# Matching


def test_a_model_matches_itself_with_its_heads_in_another_order(patterns):
    shuffled = patterns._replace(weights=tuple(layer[:, [2, 0, 1]] for layer in patterns.weights))
    for layer in compare_heads(patterns, shuffled):
        np.testing.assert_allclose(np.diag(layer.common[:, [1, 2, 0]]), 1, atol=1e-5)
        assert [(pair.first, pair.second) for pair in layer.matched(0)] == [(0, 1), (1, 2), (2, 0)]


def test_heads_that_always_look_at_one_place_have_nothing_more_in_common_than_on_unrelated_expressions(patterns):
    layer = compare_heads(*[with_rows(patterns, one_hot(np.full(5000, 2)))] * 2)[1]
    np.testing.assert_allclose(layer.common, 1)
    np.testing.assert_allclose(layer.excess, 0, atol=1e-12)
    assert layer.matched(0.1) == []


def test_heads_that_look_at_the_answer_have(patterns):
    answer = answer_positions(SPACE)
    rows = with_rows(patterns, answer / answer.sum(axis=1, keepdims=True))
    layer = compare_heads(rows, rows)[1]
    assert layer.common.min() == pytest.approx(1) and 0.3 < layer.unrelated.mean() < 0.5
    assert len(layer.matched(0.1)) == 1  # all pairs are equal: only one can be the best of both its sides


def test_heads_are_matched_only_if_each_is_the_other_s_best():
    from tinyformer.interpret import LayerComparison

    common = np.array([[0.9, 0.2], [0.8, 0.3]])
    layer = LayerComparison(common, np.zeros((2, 2)))
    assert [(pair.first, pair.second) for pair in layer.matched(0.1)] == [(0, 0)]
    assert layer.matched(0.95) == []


def test_heads_that_never_look_at_the_same_token_have_nothing_in_common(patterns):
    first, second = (with_rows(patterns, one_hot(np.full(5000, place))).weights[1] for place in (2, 3))
    np.testing.assert_allclose(in_common(first, second), 0)
    with pytest.raises(ValueError, match="same expressions and rows"):
        in_common(first, second[:7])
