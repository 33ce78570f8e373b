"""Draws, the leak-free split, batches, and the whole space of expressions."""

import itertools
from collections import Counter

import numpy as np
import pytest

from tinyformer.datasets import (
    SIDES,
    create_batch,
    expression_space,
    generate_tokenized_dataset,
    side_of,
    split_dataset,
)
from tinyformer.expressions import OPERATIONS, parse_expression
from tinyformer.vocabulary import COMMA, PAD, detokenize


def test_every_draw_is_an_expression_with_its_right_answer():
    for tokens, answer in generate_tokenized_dataset(500, num_args=(2, 6), seed=3):
        expression = parse_expression(detokenize(tokens))
        assert expression.tokens == tokens
        assert expression.answer_token == answer


def test_operations_are_balanced_and_lengths_are_even():
    drawn = generate_tokenized_dataset(10_002, num_args=(2, 6), seed=1)
    operations = Counter(tokens[0] for tokens, _ in drawn)
    assert max(operations.values()) - min(operations.values()) <= 1
    lengths = Counter(len(tokens) - 3 for tokens, _ in drawn)
    assert sorted(lengths) == [2, 3, 4, 5, 6]
    assert all(1_800 < count < 2_200 for count in lengths.values())  # 2,000 ± 5 standard deviations


def test_the_seed_decides_the_draws():
    assert generate_tokenized_dataset(50, seed=1) == generate_tokenized_dataset(50, seed=1)
    assert generate_tokenized_dataset(50, seed=1) != generate_tokenized_dataset(50, seed=2)


def test_max_value_bounds_the_numbers():
    drawn = generate_tokenized_dataset(500, max_value=3)
    assert {token - 2 for tokens, _ in drawn for token in tokens[2:-1]} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"max_value": 10}, "one token"),
        ({"max_value": -1}, "one token"),
        ({"num_args": 1}, "at least 2"),
        ({"num_args": (6, 2)}, "in order"),
        ({"num_args": "3"}, "whole number or a range"),
        ({"num_args": 2.5}, "whole number or a range"),
        ({"num_args": True}, "whole number or a range"),
        ({"num_examples": 0}, "num_examples"),
        ({"num_examples": float("nan")}, "num_examples"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(wrong, said):
    with pytest.raises(ValueError, match=said):
        generate_tokenized_dataset(**{"num_examples": 10} | wrong)


def test_no_expression_is_on_two_sides():
    parts = split_dataset(generate_tokenized_dataset(10_000, seed=42))
    kinds = [{tuple(tokens) for tokens, _ in part} for part in parts]
    assert sum(map(len, parts)) == 10_000
    assert all(not (a & b) for a, b in itertools.combinations(kinds, 2))


def test_the_shares_are_80_10_10():
    counts = np.bincount(expression_space(4).sides, minlength=3) / 50_000
    assert np.abs(counts - (0.8, 0.1, 0.1)).max() < 0.01  # 5 standard deviations of a fair split are 0.009


def test_a_side_depends_on_expression_and_data_seed_only():
    expression = parse_expression("Max(5,3,9)")
    with_commas = [15, 17, 7, COMMA, 5, COMMA, 11, 18]
    for seed in range(20):
        assert side_of(expression, seed) == side_of(expression.tokens, seed) == side_of(with_commas, seed)
    assert len({side_of(expression, seed) for seed in range(60)}) == 3


def test_a_batch_is_padded_and_its_mask_says_where():
    short, long = parse_expression("Max 1 2"), parse_expression("Min 1 2 3 4")
    inputs, targets, mask = create_batch([(e.tokens, e.answer_token) for e in (short, long)])
    assert inputs.shape == mask.shape == (2, 7)
    assert mask.tolist() == [[True] * 5 + [False] * 2, [True] * 7]
    assert inputs[0, :5].tolist() == short.tokens and (inputs[0, 5:] == PAD).all()
    assert inputs[1].tolist() == long.tokens
    assert targets.tolist() == [short.answer_token, long.answer_token]


@pytest.mark.parametrize(
    ("examples", "said"), [([], "at least one"), ([([15, 20], 3)], "0…19"), ([([15], -1)], "0…19")]
)
def test_a_batch_of_anything_else_is_refused(examples, said):
    with pytest.raises(ValueError, match=said):
        create_batch(examples)


@pytest.mark.parametrize("num_args", [2, 3])
def test_the_space_is_every_expression_once(num_args):
    space = expression_space(num_args, data_seed=5)
    assert len(space.targets) == 5 * 10**num_args == len({tuple(row) for row in space.tokens.tolist()})
    for i in range(0, len(space.targets), 7):
        expression = parse_expression(detokenize(space.tokens[i]))
        assert expression.answer_token == space.targets[i]
        assert expression.numbers == tuple(space.numbers[i])
        assert expression.operation == OPERATIONS[space.operations[i]]
        assert side_of(expression, 5) == SIDES[space.sides[i]]


def test_the_shared_space_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        expression_space(2).tokens[0, 0] = 3


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
