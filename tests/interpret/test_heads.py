"""What heads look at, how focused they are, which of two models correspond: known answers on patterns made by hand."""

import itertools
import math

import numpy as np
import pytest
from handmade import copies_from

from tinyformer import OPERATIONS, Transformer, expression_space, extract_attention_weights
from tinyformer.interpret import (
    best_assignment,
    correlation,
    focus_evidence,
    head_similarity,
    match_heads,
    role_shares,
    space_patterns,
)
from tinyformer.interpret.focus import share_of_pairs, verdict_of
from tinyformer.interpret.roles import answer_positions
from tinyformer.task.vocabulary import tokenize

SPACE = expression_space()
COMPARING = np.isin(SPACE.operations, [OPERATIONS.index("Max"), OPERATIONS.index("Min")])


@pytest.fixture(scope="module")
def patterns():
    return space_patterns(Transformer(embed_dim=24, num_heads=3, num_layers=2, ffn_dim=8, seed=1), SPACE)


def with_first_rows(patterns, rows):
    """The same with these first-token rows (N, T) for every head."""
    weights = patterns.weights.copy()
    weights[:, :, :, 0] = rows[None, :, None]
    return patterns._replace(weights=weights)


def one_hot(places):
    return np.eye(6)[places]


def test_the_patterns_are_those_of_the_model(patterns):
    model = Transformer(embed_dim=24, num_heads=3, num_layers=2, ffn_dim=8, seed=1)
    chosen = slice(None, None, 333)
    np.testing.assert_allclose(
        patterns.weights[:, chosen], extract_attention_weights(model, SPACE.tokens[chosen]), atol=1e-6
    )


def test_only_the_pooled_row_of_the_last_block_counts(patterns):
    assert patterns.rows_that_count(0).shape == (5000, 3, 6, 6)
    assert patterns.rows_that_count(1).shape == (5000, 3, 1, 6)
    assert patterns._replace(pooling="mean").rows_that_count(1).shape == (5000, 3, 6, 6)


@pytest.mark.parametrize(
    ("position", "name"),
    [(0, "operation reader"), (1, "looks at the bracket ("), (2, "looks at number 1"), (3, "looks at number 2"),
     (4, "looks at number 3"), (5, "looks at the bracket )")],
)  # fmt: skip
def test_a_head_built_to_attend_to_a_position_is_reported_as_such(position, name):
    roles = role_shares(space_patterns(copies_from(position), SPACE))
    assert roles.name(0, 0) == name
    np.testing.assert_allclose(roles.shares[0, 0, :, position], 1, atol=1e-9)
    assert roles.name(0, 1) == "looks everywhere"
    np.testing.assert_allclose(roles.shares[0, 1, :, :6], 1 / 6)


def test_shares_of_places_sum_to_one(patterns):
    np.testing.assert_allclose(role_shares(patterns).shares[..., :6].sum(axis=-1), 1, atol=1e-5)


def test_heads_that_look_at_the_answer_or_the_largest_are_named_so(patterns):
    answer = answer_positions(SPACE.tokens, SPACE.targets, SPACE.operations)
    roles = role_shares(with_first_rows(patterns, answer / answer.sum(axis=1, keepdims=True)))
    assert roles.name(0, 0) == "looks at the answer"
    numbers = SPACE.tokens[:, 2:5]
    roles = role_shares(with_first_rows(patterns, one_hot(2 + numbers.argmax(axis=1))))
    assert roles.name(1, 2) == "looks at the largest"
    assert roles.shares[1, 2, 3, roles.roles.index("largest")] == 1


def test_a_head_that_does_something_for_two_operations_only_is_named_after_them(patterns):
    answer = answer_positions(SPACE.tokens, SPACE.targets, SPACE.operations)
    rows = np.where(COMPARING[:, None], answer / answer.sum(axis=1, keepdims=True), np.array([0.3, 0, 0.4, 0, 0, 0.3]))
    assert role_shares(with_first_rows(patterns, rows)).name(0, 0) == "looks at the answer in Max, Min"
    first = SPACE.operations == OPERATIONS.index("First")
    rows = np.where(first[:, None], rows, answer / answer.sum(axis=1, keepdims=True))
    assert role_shares(with_first_rows(patterns, rows)).name(0, 0) == "looks at the answer, except in First"


def test_where_the_answer_stands():
    texts = ["First ( 5 5 9 )", "Second ( 5 5 9 )", "Last ( 9 5 9 )", "Max ( 9 5 9 )", "Min ( 5 5 9 )"]
    tokens, answers = np.array([tokenize(text) for text in texts]), np.array([7, 7, 11, 11, 7])
    places = answer_positions(tokens, answers, np.arange(5))
    assert [list(np.flatnonzero(row)) for row in places] == [[2], [3], [4], [2, 4], [2, 3]]


# The claim


def test_a_model_that_does_as_claimed_is_found_out(patterns):
    evidence = focus_evidence(with_first_rows(patterns, np.where(COMPARING[:, None], 1 / 6, one_hot(2))))
    assert all(head.verdict == "as claimed" for layer in evidence.heads for head in layer)
    assert evidence.heads[0][0].difference == pytest.approx(1) and evidence.heads[0][0].higher_in == 1
    assert evidence.explained["operation"] == pytest.approx(1) and evidence.explained["layer"] == pytest.approx(0)
    assert evidence.verdict.startswith("The claim holds: 6 of 6") and "The operation decides more" in evidence.verdict


def test_a_model_in_which_the_layer_decides_is_found_out(patterns):
    weights = patterns.weights.copy()
    weights[0, :, :, 0], weights[1, :, :, 0] = 1 / 6, one_hot(3)
    evidence = focus_evidence(patterns._replace(weights=weights))
    assert all(head.verdict == "no difference" for layer in evidence.heads for head in layer)
    assert evidence.explained["layer"] == pytest.approx(1)
    assert evidence.verdict.startswith("The claim fails: 0 of 6") and "The layer decides more" in evidence.verdict


def test_operations_that_differ_in_opposite_ways_in_the_layers_explain_together_what_neither_explains_alone(patterns):
    weights = patterns.weights.copy()
    weights[0, :, :, 0] = np.where(COMPARING[:, None], one_hot(2), 1 / 6)[:, None]
    weights[1, :, :, 0] = np.where(COMPARING[:, None], 1 / 6, one_hot(2))[:, None]
    evidence = focus_evidence(patterns._replace(weights=weights))
    assert [layer.verdict for layer in evidence.layers] == ["opposite", "as claimed"]
    assert evidence.explained["layer and operation"] == pytest.approx(1)
    assert evidence.explained["layer"] < 0.05 and evidence.explained["operation"] < 0.05
    assert evidence.verdict.startswith("The claim fails: 3 of 6") and "Neither layer nor operation" in evidence.verdict


def test_verdicts_follow_from_the_numbers():
    assert verdict_of(0.4, 0.8, 1.0) == "as claimed"
    assert verdict_of(0.41, 0.8, 1.0) == "leans that way"
    assert verdict_of(0.5, 0.61, 0.75) == "leans that way"
    assert verdict_of(0.5, 0.61, 0.7) == "no difference"
    assert verdict_of(0.5, 0.45, 0.2) == "no difference"
    assert verdict_of(0.61, 0.5, 0.1) == "opposite"


def test_share_of_pairs_counts_pairs():
    high, low = np.random.default_rng(0).integers(0, 5, (2, 40))
    expected = np.mean([(a > b) + 0.5 * (a == b) for a, b in itertools.product(high, low)])
    assert share_of_pairs(high, low) == pytest.approx(expected)


def test_correlations():
    assert correlation([1, 2, 3, 4], [10, 20, 30, 40])[1] == pytest.approx(1)
    assert correlation([1, 2, 3, 4], [8, 4, 2, 1]).rho == pytest.approx(-1)
    x, y = np.random.default_rng(0).random((2, 30))
    assert correlation(x, y).r == pytest.approx(np.corrcoef(x, y)[0, 1])
    for undefined in (correlation([1, 1, 1], [1, 2, 3]), correlation([1, 2], [1, 2])):
        assert all(math.isnan(value) for value in undefined[1:]) and undefined.verdict == "undefined"


def test_the_interval_of_a_correlation_holds_the_true_one_in_95_of_100_samples():
    random, true = np.random.default_rng(1), 0.6
    inside = 0
    for _ in range(2000):
        x, noise = random.standard_normal((2, 12))
        found = correlation(x, true * x + np.sqrt(1 - true**2) * noise)
        inside += found.low <= true <= found.high
    assert 0.935 < inside / 2000 < 0.965


def test_what_a_correlation_allows_to_say_depends_on_its_interval():
    falling = [4, 3.2, 2.9, 2.2, 1.4, 1, 0.3]
    assert correlation(range(7), falling).verdict == "focused heads matter more"
    assert correlation(range(7), falling[::-1]).verdict == "distributed heads matter more"
    assert correlation(range(3), falling[:3]).verdict == "no clear relation"  # too few for an interval
    assert correlation(range(7), [0, 3, 0, 3, 0, 3, 1]).verdict == "no clear relation"


# Matching


def test_a_model_matches_itself_with_its_heads_in_another_order(patterns):
    shuffled = patterns._replace(weights=patterns.weights[:, :, [2, 0, 1]])
    matches = match_heads(patterns, shuffled)
    assert [(match.layer, match.first, match.second) for match in matches] == [
        (layer, head, [1, 2, 0][head]) for layer in range(2) for head in range(3)
    ]
    assert all(match.similarity == pytest.approx(1, abs=1e-6) and match.shared for match in matches)


def test_heads_that_never_look_at_the_same_token_have_nothing_in_common(patterns):
    first, second = (with_first_rows(patterns, one_hot(np.full(5000, place))) for place in (2, 3))
    np.testing.assert_allclose(head_similarity(first, second, 1), 0)


@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (5, 5), (3, 5), (5, 2)])
def test_the_assignment_is_the_best_of_all(shape):
    rng = np.random.default_rng(7)
    for _ in range(20):
        gain = rng.random(shape)
        pairs = best_assignment(gain)
        rows, columns = zip(*pairs, strict=True)
        assert len(set(rows)) == len(set(columns)) == min(shape)
        tall = gain if shape[0] <= shape[1] else gain.T
        orders = itertools.permutations(range(tall.shape[1]), tall.shape[0])
        best = max(sum(tall[i, j] for i, j in enumerate(order)) for order in orders)
        assert sum(gain[pair] for pair in pairs) == pytest.approx(best)
