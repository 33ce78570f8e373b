"""Draws, the leak-free split, batches, and the whole space of expressions."""

import itertools
from collections import Counter

import numpy as np
import pytest

from tinyformer.task.datasets import (
    SIDES,
    answers_of,
    create_batch,
    expression_space,
    generate_tokenized_dataset,
    side_of,
    split_dataset,
)
from tinyformer.task.expressions import OPERATIONS, Expression, parse_expression
from tinyformer.task.vocabulary import COMMA, PAD, detokenize


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
    ("setting", "values", "said"),
    [
        ("max_value", (10, -1, 0, 2.5, True, "9", float("nan")), "from 1 to 9 because an answer is one token"),
        ("num_args", (1, -3, (6, 2), (1, 3), (2, 3, 4), "3", 2.5, True), "from 2 on, or a range"),
        ("num_examples", (0, -5, 1.5, True, "5", float("nan")), "num_examples must be"),
        ("seed", (-1, 0.5, True, "7", None, float("nan")), "seed must be"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_reason(setting, values, said):
    for value in values:
        with pytest.raises(ValueError, match=said):
            generate_tokenized_dataset(**{"num_examples": 10} | {setting: value})


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
    assert side_of(np.array(expression.tokens)) == side_of(expression)
    assert len({side_of(expression, seed) for seed in range(60)}) == 3


def test_sides_are_those_that_shipped_models_were_trained_on():
    assert np.bincount(expression_space(3).sides).tolist() == [4003, 502, 495]
    first = "".join(side_of(parse_expression(f"Max 0 {second} {last}"))[1] for second in "01" for last in range(10))
    assert first == "rrrrrrrrrrrererrrrrr"  # t-r-ain, v-a-lidation, t-e-st


def test_what_has_no_side_is_refused():
    for tokens in ([], [15, 300], [15, -1], "Max"):
        with pytest.raises(ValueError, match="0…19"):
            side_of(tokens)
    for data_seed in ("0", -1, True, 10**70):
        with pytest.raises(ValueError, match="data_seed must be"):
            side_of([15], data_seed)
    for shares in ((1, 1, 1), (0.5, 0.5), (np.nan, 0.5, 0.5), (1.5, -0.5, 0)):
        with pytest.raises(ValueError, match=r"three numbers .* sum to 1"):
            side_of([15], 0, shares)


def test_a_batch_is_padded_and_its_mask_says_where():
    short, long = parse_expression("Max 1 2"), parse_expression("Min 1 2 3 4")
    inputs, targets, mask = create_batch([(e.tokens, e.answer_token) for e in (short, long)])
    assert inputs.shape == mask.shape == (2, 7)
    assert mask.tolist() == [[True] * 5 + [False] * 2, [True] * 7]
    assert inputs[0, :5].tolist() == short.tokens and (inputs[0, 5:] == PAD).all()
    assert inputs[1].tolist() == long.tokens
    assert targets.tolist() == [short.answer_token, long.answer_token]


def test_a_batch_of_anything_else_is_refused():
    for examples in ([], [([], 3), ([15], 3)]):
        with pytest.raises(ValueError, match="at least one example, and an example at least one token"):
            create_batch(examples)
    for name, tokens, answer in [("token", [20], 3), ("token", [2.5], 3), ("token", [2**70], 3), ("answer", [3], -1)]:
        with pytest.raises(ValueError, match=f"{name} ids must be whole numbers in 0…19, got"):
            create_batch([(tokens, answer)])


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
    assert expression_space(2) is expression_space(2, data_seed=0, shares=[0.8, 0.1, 0.1])
    for array in expression_space(2)[:5]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 3


def test_computed_answers_are_those_of_a_loop_at_any_length():
    rng = np.random.default_rng(4)
    numbers, lengths = rng.integers(0, 10, (2_000, 6)), rng.integers(2, 7, 2_000)
    operations = rng.integers(0, 5, 2_000)
    answers = answers_of(operations, numbers, lengths)
    for operation, row, length, answer in zip(operations, numbers.tolist(), lengths, answers, strict=True):
        assert answer == Expression(OPERATIONS[operation], tuple(row[:length])).answer


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
