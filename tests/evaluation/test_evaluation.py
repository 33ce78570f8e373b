"""Evaluation counts what is there. The models here answer by a rule, so that every figure is known beforehand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tinyformer.evaluation.baselines import copy_first, most_frequent_answer
from tinyformer.evaluation.calibration import calibration_error, reliability
from tinyformer.evaluation.evaluate import OTHER, Evaluation, accuracy_per_operation, confusion_matrix, evaluate
from tinyformer.evaluation.intervals import wilson_interval
from tinyformer.task.datasets import create_batch, expression_space, generate_tokenized_dataset, split_dataset
from tinyformer.task.expressions import OPERATIONS
from tinyformer.task.vocabulary import CLOSE, DIGITS, VOCABULARY, tokenize

RULES = {"First": lambda n: n[0], "Second": lambda n: n[1], "Last": lambda n: n[-1], "Max": max, "Min": min}


class RuleModel:
    """Gives `confidence` to the token that `answer(operation, numbers)` names, and spreads the rest over the others."""

    def __init__(self, answer, confidence=0.9):
        self.answer, self.confidence, self.batches = answer, confidence, []

    def predict(self, tokens, mask):
        self.batches.append(len(tokens))
        probabilities = np.full((len(tokens), 20), (1 - self.confidence) / 19, dtype=np.float32)
        for row, (ids, is_token) in enumerate(zip(tokens, mask, strict=True)):
            words = [VOCABULARY[token] for token, real in zip(ids, is_token, strict=True) if real]
            answer = self.answer(words[0], [int(word) for word in words[2:-1]])
            probabilities[row, answer] = self.confidence
        return probabilities


def right_answer(operation, numbers):
    return RULES[operation](numbers) + 2


def always_max(operation, numbers):
    return max(numbers) + 2


def evaluation_of(confidences, correct):
    """A made-up evaluation: the right answer is always 0; a wrong prediction is 1."""
    probabilities = np.zeros((len(correct), 20))
    for row, (confidence, is_correct) in enumerate(zip(confidences, correct, strict=True)):
        probabilities[row, 2 if is_correct else 3] = confidence
    tokens = np.tile(tokenize("Max ( 0 0 )"), (len(correct), 1))
    return Evaluation(tokens, np.ones_like(tokens, dtype=bool), np.full(len(correct), 2), probabilities)


@pytest.fixture(scope="module")
def space():
    return expression_space(3)


@pytest.fixture(scope="module")
def mistaken(space):
    """On the whole space: takes every operation for Max, and says ")" where the largest number is 9."""

    def answer(operation, numbers):
        return CLOSE if max(numbers) == 9 else max(numbers) + 2

    return evaluate(RuleModel(answer), space)


# Evaluation


def test_a_model_that_knows_the_rules_is_right_everywhere(space):
    evaluation = evaluate(RuleModel(right_answer), space)
    assert len(evaluation) == 5000
    assert evaluation.accuracy == 1
    assert evaluation.loss == pytest.approx(-math.log(0.9), abs=1e-6)
    np.testing.assert_allclose(evaluation.confidence, 0.9, atol=1e-6)


def test_accuracy_and_loss_equal_a_count_by_hand():
    dataset = generate_tokenized_dataset(300, num_args=(2, 5), seed=1)
    evaluation = evaluate(RuleModel(always_max, confidence=0.7), dataset)
    right, loss = 0, 0.0
    for (tokens, answer), is_correct in zip(dataset, evaluation.correct, strict=True):
        is_right = max(tokens[2:-1]) == answer
        assert is_correct == is_right
        right += is_right
        loss -= math.log(0.7 if is_right else 0.3 / 19)
    assert 0 < right < 300
    assert evaluation.accuracy == right / 300
    assert evaluation.loss == pytest.approx(loss / 300, rel=1e-6)
    assert evaluation.interval == wilson_interval(right, 300)


def test_the_batch_size_changes_nothing_but_the_batches():
    dataset = generate_tokenized_dataset(100, num_args=(2, 4), seed=2)
    small, large = RuleModel(always_max), RuleModel(always_max)
    in_parts, at_once = evaluate(small, dataset, batch_size=30), evaluate(large, dataset)
    assert small.batches == [30, 30, 30, 10] and large.batches == [100]
    np.testing.assert_array_equal(in_parts.probabilities, at_once.probabilities)


def test_a_list_and_arrays_of_the_same_examples_get_the_same_evaluation():
    dataset = generate_tokenized_dataset(50, num_args=(2, 4), seed=3)
    tokens, targets, mask = create_batch(dataset)
    from_list = evaluate(RuleModel(always_max), dataset)
    for arrays in (SimpleNamespace(tokens=tokens, targets=targets, mask=mask), from_list):
        np.testing.assert_array_equal(evaluate(RuleModel(always_max), arrays).probabilities, from_list.probabilities)
    unmasked = evaluate(RuleModel(always_max), SimpleNamespace(tokens=tokens, targets=targets))
    np.testing.assert_array_equal(unmasked.mask, mask)  # without a mask, what is not PAD is a token


def test_a_probability_of_zero_costs_much_but_not_infinitely_much():
    assert evaluation_of([1.0], [False]).loss == pytest.approx(87.34, abs=0.01)


def test_the_operation_is_read_from_the_first_token(space):
    evaluation = evaluate(RuleModel(always_max), space)
    np.testing.assert_array_equal(evaluation.operations, space.operations)
    no_operation = evaluate(RuleModel(lambda *_: 2), [(tokenize("( 5 3 )"), 2)])
    assert no_operation.operations.tolist() == [-1]


def test_a_part_is_what_an_evaluation_of_the_part_would_be(mistaken):
    where = (mistaken.operations == 4) & (mistaken.confidence > 0.5)
    part = mistaken.select(where)
    assert len(part) == 1000
    assert part.accuracy == sum(mistaken.correct[where]) / 1000
    np.testing.assert_array_equal(part.tokens, mistaken.tokens[4000:])
    np.testing.assert_array_equal(mistaken.select([7, 3]).targets, mistaken.targets[[7, 3]])


def test_an_empty_part_has_no_accuracy_and_says_so(mistaken):
    for part in (mistaken.select([]), mistaken.select(np.zeros(5000, dtype=bool))):
        assert len(part) == 0 and math.isnan(part.accuracy) and math.isnan(part.loss) and part.interval == (0, 1)


def test_what_cannot_be_evaluated_is_refused(mistaken):
    with pytest.raises(ValueError, match="empty"):
        evaluate(RuleModel(always_max), [])
    with pytest.raises(ValueError, match="batch_size"):
        evaluate(RuleModel(always_max), [(tokenize("Max ( 5 3 )"), 7)], batch_size=0)
    with pytest.raises(ValueError, match="one bool for each"):
        mistaken.select([True, False])


# Per operation, and digit by digit


def test_accuracy_per_operation_of_a_model_that_always_takes_the_largest(space):
    rows = accuracy_per_operation(evaluate(RuleModel(always_max), space))
    assert [row.operation for row in rows] == list(OPERATIONS)
    # One place holds the largest of three in 385 of 1,000 (the sum of squares 1² … 10²); all are equal in 10.
    assert [row.correct for row in rows] == [385, 385, 385, 1000, 10]
    for row in rows:
        assert row.total == 1000 and row.accuracy == row.correct / 1000
        assert (row.low, row.high) == wilson_interval(row.correct, 1000)


def test_an_operation_that_does_not_occur_has_a_row_without_a_claim():
    rows = accuracy_per_operation(evaluate(RuleModel(always_max), [(tokenize("Min ( 5 3 )"), 5)]))
    assert [row.total for row in rows] == [0, 0, 0, 0, 1]
    assert math.isnan(rows[0].accuracy) and (rows[0].low, rows[0].high) == (0, 1)
    assert rows[4].accuracy == 0


def test_confusion_matrix_equals_a_count_by_hand(space, mistaken):
    expected = [[0] * 11 for _ in range(10)]
    for operation, numbers in zip(space.operations, space.numbers.tolist(), strict=True):
        truth = RULES[OPERATIONS[operation]](numbers)
        expected[truth][OTHER if max(numbers) == 9 else max(numbers)] += 1
    counts = confusion_matrix(mistaken)
    assert counts.tolist() == expected
    assert counts.sum() == 5000 and counts[:, OTHER].sum() == 5 * 271
    assert np.trace(counts) == mistaken.correct.sum()


def test_an_answer_that_is_no_digit_is_counted_and_not_lost():
    for token in range(20):
        counts = confusion_matrix(evaluate(RuleModel(lambda *_, token=token: token), [(tokenize("Max ( 5 3 )"), 7)]))
        assert counts.sum() == 1
        assert counts[5, token - 2 if token in DIGITS else OTHER] == 1


def test_a_right_answer_that_is_no_digit_is_refused():
    with pytest.raises(ValueError, match="must be a digit"):
        confusion_matrix(evaluate(RuleModel(always_max), [(tokenize("Max ( 5 3 )"), CLOSE)]))


# Baselines


def test_copy_first_on_the_whole_space_has_the_accuracy_that_can_be_worked_out(space):
    assert [row.correct for row in accuracy_per_operation(copy_first(space))] == [1000, 100, 100, 385, 385]
    assert copy_first(space).accuracy == pytest.approx(1970 / 5000)


def test_the_most_frequent_answer_of_the_whole_space_is_9_for_max_and_0_for_the_others(space):
    """First, Second and Last tie over all digits: the smallest is taken. 1,000 - 729 expressions contain a 9."""
    baseline = most_frequent_answer(space, space)
    assert [row.correct for row in accuracy_per_operation(baseline)] == [100, 100, 100, 271, 271]
    assert {DIGITS.index(answer) for answer in baseline.predictions[space.operations == 3]} == {9}
    assert {DIGITS.index(answer) for answer in baseline.predictions[space.operations != 3]} == {0}


def test_the_most_frequent_answer_is_learned_on_the_train_side_only():
    train = [(tokenize("Max ( 5 3 )"), 7), (tokenize("Max ( 4 5 )"), 7), (tokenize("Max ( 9 1 )"), 11)]
    test = [(tokenize("Max ( 9 8 )"), 11), (tokenize("Max ( 2 5 )"), 7), (tokenize("Max ( 9 9 0 )"), 11)]
    baseline = most_frequent_answer(train, test)
    assert baseline.predictions.tolist() == [7, 7, 7]
    assert baseline.correct.tolist() == [False, True, False]
    assert baseline.loss == pytest.approx(-(2 * math.log(1 / 3) + math.log(2 / 3)) / 3)  # the shares in train
    assert most_frequent_answer(train, [(tokenize("Min ( 9 8 )"), 10)]).predictions.tolist() == [7]  # Min: never seen


def test_most_frequent_answer_equals_a_count_by_hand_on_a_real_split():
    train, _, test = split_dataset(generate_tokenized_dataset(2000, seed=4))
    right = 0
    for tokens, answer in test:
        answers = [other_answer for other, other_answer in train if other[0] == tokens[0]]
        right += answer == max(DIGITS, key=lambda digit: (answers.count(digit), -digit))
    assert most_frequent_answer(train, test).accuracy == right / len(test)


# Intervals


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval_has_the_published_values(correct, total, low, high):
    """Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3."""
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("correct, total", [(3, 7), (0, 5), (1, 1), (498, 500)])
def test_both_ends_of_the_interval_are_where_the_score_test_just_rejects(correct, total):
    for p in wilson_interval(correct, total, confidence=0.99):
        if 0 < p < 1:
            assert abs(correct / total - p) / math.sqrt(p * (1 - p) / total) == pytest.approx(2.5758293)


def test_intervals_end_exactly_at_0_and_1_and_mirror_each_other():
    for n in range(1, 501):  # the bare formula misses by some 1e-16 for a part of them
        assert wilson_interval(0, n)[0] == 0 and wilson_interval(n, n)[1] == 1
    low, high = wilson_interval(17, 60)
    assert wilson_interval(43, 60) == pytest.approx((1 - high, 1 - low))
    assert wilson_interval(0, 0) == (0, 1)


@pytest.mark.parametrize("arguments", [(5, 4), (-1, 4), (1, 4, 0), (1, 4, 1.0), (1, 4, float("nan"))])
def test_impossible_counts_and_confidences_are_refused(arguments):
    with pytest.raises(ValueError, match=r"expected 0 <= correct|between 0 and 1"):
        wilson_interval(*arguments)


# Calibration


def test_calibration_error_worked_out_by_hand():
    """Bin (0.5, 0.6]: 4 answers, 0.6 sure, 1 right. Bin (0.9, 1]: 2 answers, 0.95 and 1 sure, both right."""
    evaluation = evaluation_of([0.6, 0.6, 0.6, 0.6, 0.95, 1.0], [True, False, False, False, True, True])
    assert calibration_error(evaluation) == pytest.approx((4 * abs(0.25 - 0.6) + 2 * abs(1 - 0.975)) / 6)
    rows = reliability(evaluation)
    assert [row.count for row in rows] == [0, 0, 0, 0, 0, 4, 0, 0, 0, 2]
    assert rows[5].confidence == pytest.approx(0.6) and rows[5].accuracy == 0.25
    assert (rows[5].low, rows[5].high) == wilson_interval(1, 4)
    assert math.isnan(rows[0].accuracy) and (rows[0].start, rows[0].end) == (0, 0.1)


def test_a_model_that_is_right_as_often_as_it_says_has_no_calibration_error():
    assert calibration_error(evaluation_of([0.75] * 8, [True] * 6 + [False] * 2)) == 0


def test_reliability_equals_a_count_by_hand_at_any_number_of_bins():
    rng = np.random.default_rng(6)
    confidences = np.concatenate([rng.random(500), np.arange(1, 11) / 10])
    correct = rng.random(510) < confidences
    evaluation = evaluation_of(confidences, correct)
    for bins in (1, 7, 10, 15):
        error = 0.0
        for index, row in enumerate(reliability(evaluation, bins)):
            members = [i for i in range(510) if index / bins < confidences[i] <= (index + 1) / bins]
            assert row.count == len(members)
            gap = sum(bool(correct[i]) for i in members) - sum(float(confidences[i]) for i in members)
            error += abs(gap) / 510
        assert calibration_error(evaluation, bins) == pytest.approx(error)


def test_confidences_that_rounding_put_outside_the_scale_are_in_the_outer_bins():
    rows = reliability(evaluation_of([1.0000001, 0.0], [True, True]), bins=4)
    assert [row.count for row in rows] == [1, 0, 0, 1]


def test_what_has_no_calibration_is_refused(mistaken):
    with pytest.raises(ValueError, match="at least 1 bin"):
        calibration_error(mistaken, bins=0)
    with pytest.raises(ValueError, match="diverged"):
        calibration_error(evaluation_of([float("nan")], [True]))
    assert math.isnan(calibration_error(mistaken.select([])))


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
