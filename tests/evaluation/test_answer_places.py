"""Where the answer stands, and who agrees with whom: counted again the long way."""

import numpy as np
import pytest

from tinyformer import Transformer, evaluate, expression_space, generate_tokenized_dataset
from tinyformer.evaluation.agreement import agreement_table, disagreements, right_counts
from tinyformer.evaluation.answer_places import PLACES, answer_places
from tinyformer.task.datasets import create_batch


def places_by_hand(numbers, answer):
    found = [place for place, number in enumerate(numbers) if number == answer]
    if not found:
        return -1
    if len(found) > 1:
        return PLACES.index("several")
    return PLACES.index("first" if found[0] == 0 else "last" if found[0] == len(numbers) - 1 else "inside")


def test_the_whole_space_as_counted_by_hand():
    space = expression_space()
    expected = [places_by_hand(row, answer - 2) for row, answer in zip(space.numbers, space.targets, strict=True)]
    assert answer_places(space.tokens, space.targets).tolist() == expected
    assert set(expected) == {0, 1, 2, 3}


def test_padded_expressions_of_several_lengths_as_counted_by_hand():
    tokens, targets, _ = create_batch(generate_tokenized_dataset(500, num_args=(2, 9)))
    expected = [
        places_by_hand([token - 2 for token in row if 2 <= token <= 11], answer - 2)
        for row, answer in zip(tokens.tolist(), targets.tolist(), strict=True)
    ]
    assert answer_places(tokens, targets).tolist() == expected


def test_an_expected_answer_that_is_not_among_the_numbers_stands_nowhere():
    tokens = expression_space().tokens[:1]  # First ( 0 0 0 )
    assert answer_places(tokens, [5]).tolist() == [-1]


@pytest.fixture(scope="module")
def evaluations():
    return [evaluate(Transformer(seed=seed), expression_space()) for seed in (1, 2, 3)]


def test_agreement_as_counted_by_hand(evaluations):
    correct = [e.correct for e in evaluations]
    expected = [sum(bool(one[i]) for one in correct) for i in range(5000)]
    assert right_counts(evaluations).tolist() == expected
    assert agreement_table(evaluations) == [(right, expected.count(right)) for right in (3, 2, 1, 0)]


def test_disagreements_are_different_answers_right_or_wrong(evaluations):
    matrix = disagreements(evaluations)
    assert (matrix == matrix.T).all() and (np.diagonal(matrix) == 0).all()
    one, other = evaluations[0].predictions.tolist(), evaluations[2].predictions.tolist()
    assert matrix[0, 2] == sum(a != b for a, b in zip(one, other, strict=True)) > 0


def test_different_expressions_cannot_agree(evaluations):
    with pytest.raises(ValueError, match="same expressions"):
        right_counts([evaluations[0], evaluations[1].select(np.arange(5000)[::-1])])
    with pytest.raises(ValueError, match="at least one"):
        disagreements([])
