"""Accuracy by length: held-out expressions only, all there are or a fixed draw, counted as `evaluate` counts."""

import pytest

from tinyformer import TrainingConfig, Transformer, TransformerConfig, evaluate, side_of
from tinyformer.evaluation import length_generalization
from tinyformer.evaluation.length_generalization import accuracy_by_length, held_out


def rows_of(examples):
    return [tuple(row) for row in examples.tokens.tolist()]


@pytest.mark.parametrize("length", [2, 3, 4, 8])
def test_all_are_different_of_this_length_and_held_out(length):
    examples = held_out(length, 200, data_seed=5)
    rows = rows_of(examples)
    assert len(set(rows)) == len(rows)
    assert all(side_of(row, 5) == "test" and len(row) == length + 3 for row in rows)
    assert len(rows) == 200 if length > 3 else 30 < len(rows) < 600


def test_short_ones_are_all_there_are():
    every = sum(
        side_of([op, 17, a, b, 18], 0) == "test" for op in range(12, 17) for a in range(2, 12) for b in range(2, 12)
    )
    assert len(held_out(2).targets) == every


def test_the_same_arguments_draw_the_same_expressions():
    first = rows_of(held_out(6, 50, data_seed=1))
    held_out.cache_clear()
    assert rows_of(held_out(6, 50, data_seed=1)) == first != rows_of(held_out(6, 50, data_seed=2))


def test_rows_count_as_evaluate_does_and_know_what_was_trained():
    model = Transformer(seed=1)
    rows = accuracy_by_length(model, TrainingConfig(num_args=(3, 4)), lengths=(2, 3, 4, 5), count=100)
    assert [(row.num_args, row.trained) for row in rows] == [(2, False), (3, True), (4, True), (5, False)]
    result = evaluate(model, held_out(5, 100))
    assert (rows[3].correct, rows[3].total, rows[3].low) == (int(result.correct.sum()), 100, result.interval[0])


def test_lengths_that_do_not_fit_are_left_out():
    model = Transformer(TransformerConfig(max_seq_len=6), seed=1)
    assert [row.num_args for row in accuracy_by_length(model, lengths=(2, 3, 4), count=10)] == [2, 3]


def test_a_test_side_of_hardly_any_expressions_ends_all_the_same(monkeypatch):
    monkeypatch.setattr(length_generalization, "MOST_DRAWS", 20_000)
    few = held_out(4, 1_000, 0, (0.98, 0.01, 0.01))  # of 50,000 expressions, some 500 are on its side
    assert 0 < len(few.targets) < 1_000
    assert held_out(5, 1_000, 0, (1 - 2e-12, 1e-12, 1e-12)).tokens.shape == (0, 8)
    training = TrainingConfig(shares=(1 - 2e-12, 1e-12, 1e-12))
    assert accuracy_by_length(Transformer(), training, lengths=(2, 3, 4)) == []
