"""Reading, meaning and spelling of expressions."""

import itertools

import numpy as np
import pytest

from tinyformer.task.expressions import OPERATIONS, Expression, ExpressionError, parse_expression
from tinyformer.task.vocabulary import VOCABULARY, detokenize, tokenize


def test_the_ids_are_those_of_the_design():
    assert len(VOCABULARY) == len(set(VOCABULARY)) == 20
    assert tokenize("Max ( 5 3 9 )") == [15, 17, 7, 5, 11, 18]
    assert tokenize(",") == [19]
    assert tokenize("[PAD][EOS]") == [0, 1]
    assert tokenize("First Second Last Max Min") == [12, 13, 14, 15, 16]


def test_tokenize_gives_back_any_ids_with_and_without_spaces():
    rng = np.random.default_rng(1)
    for length in range(60):
        ids = rng.integers(0, 20, length)
        assert tokenize(detokenize(ids)) == ids.tolist()
        assert tokenize(detokenize(ids).replace(" ", "")) == ids.tolist()


@pytest.mark.parametrize("ids", [[20], [-1], [3, 99], [1.5], ["5"]])
def test_detokenize_refuses_what_is_no_token(ids):
    with pytest.raises((ValueError, TypeError), match=r"0…19|integer"):
        detokenize(ids)


def test_tokenize_is_literal_and_points_at_the_character():
    for text in ("Max max", "Max ٣", "Max \x00"):
        with pytest.raises(ValueError, match="position 5") as caught:
            tokenize(text)
        assert str(caught.value).isprintable()
    with pytest.raises(TypeError, match="NoneType"):
        tokenize(None)


def test_many_spellings_are_one_expression():
    for text in ("Max(5,3,9)", "max ( 5 3 9 )", "MAX 5 3 9", "mAx(5 3,9)", "  Max\t(\n5 , 3 9)  ", "max5 3 9"):
        assert parse_expression(text) == Expression("Max", (5, 3, 9)), text


def test_answers_agree_with_python():
    for operation, numbers in itertools.product(OPERATIONS, itertools.product((0, 4, 9), repeat=4)):
        expression = Expression(operation, numbers)
        meanings = (numbers[0], numbers[1], numbers[3], max(numbers), min(numbers))
        assert expression.answer == dict(zip(OPERATIONS, meanings, strict=True))[operation]
        assert VOCABULARY[expression.answer_token] == str(expression.answer)
        assert detokenize(expression.tokens) == str(expression)
        assert parse_expression(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 1, "nothing to read"),
        ("   ", 4, "nothing to read"),
        ("Max", 4, "at least 2 numbers, got 0"),
        ("Sum(1,2)", 1, "First, Second, Last, Max, Min"),
        ("Frist(1,2)", 1, "not an operation (First, Second, Last, Max, Min); did you mean First?"),
        ("5 3", 1, "expected an operation"),
        ("Max(05)", 5, "digits from 0 to 9 (an answer is one token), got 05"),
        ("Max(-1,3)", 5, "without sign"),
        ("Max(−1,3)", 5, "without sign"),
        ("Max(1.5,3)", 6, "without sign or point"),
        ("Max(5,,3)", 7, "expected a digit"),
        ("Max(,5,3)", 5, "expected a digit"),
        ("Max(5,3,)", 9, "after the comma"),
        ("Max(5,3", 8, "never closed"),
        ("Max 5 3)", 8, 'no "("'),
        ("Max((5,3))", 5, "expected a digit"),
        ("Max(5,3))", 9, "ended before"),
        ("Max[5,3]", 4, "round brackets"),
        ("Max(٣,4)", 5, "ARABIC-INDIC DIGIT THREE"),
        ("Max(５,4)", 5, "FULLWIDTH DIGIT FIVE"),
        ("Max(²,4)", 5, "SUPERSCRIPT TWO"),
        ("Max(五,4)", 5, "write digits as 0 to 9"),
        ("Мax(1,2)", 1, "CYRILLIC CAPITAL LETTER EM"),
        ("Mаx(1,2)", 2, "CYRILLIC SMALL LETTER A"),
        ("Max(1\x00,2)", 6, "U+0000"),
        ("Max(1,2)\u202e", 9, "RIGHT-TO-LEFT OVERRIDE"),
        ("Max(1\u2028,2)", 6, "LINE SEPARATOR"),
        ("Max(1,2)\ud800", 9, "U+D800"),
        ("__import__('os')", 1, "cannot read LOW LINE"),
    ],
)
def test_everything_else_is_an_error_that_points_at_the_place(text, position, said):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.position == position
    assert said in str(caught.value)
    assert f"position {position}" in str(caught.value)
    assert str(caught.value).isprintable()  # one line, nothing that moves a cursor or turns the text around


def test_a_message_says_what_was_given_what_was_expected_and_where():
    with pytest.raises(ExpressionError) as caught:
        parse_expression("Max ( 5 )")
    assert str(caught.value) == 'Max needs at least 2 numbers, got 1: "Max ( 5 )", position 8'


@pytest.mark.parametrize("start", ["a", "Max" + " 1" * 50, "Max(9", "Max(0", "Max 1 2 ,", " ", "(", "\x07", "😀", "٣"])
def test_ten_thousand_characters_get_a_short_answer(start):
    text = start + start[-1] * (10_000 - len(start))
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert len(str(caught.value)) < 400


def test_any_characters_are_an_expression_or_an_error_that_names_a_place_in_them():
    rng = np.random.default_rng(0)
    likely = "MaxMinFirstSecondLast 0123456789(),,  [-.\n\0é٣²"
    for _ in range(3_000):
        letters = rng.integers(0, len(likely), rng.integers(0, 12))
        text = ("Max " if rng.random() < 0.7 else "") + "".join(likely[i] for i in letters)
        try:
            assert parse_expression(str(parse_expression(text))) == parse_expression(text)
        except ExpressionError as error:
            assert 1 <= error.position <= len(text) + 1
            assert str(error).isprintable()


def test_numbers_fit_up_to_the_length_of_the_model():
    fits = "Max" + " 1" * 7
    assert len(parse_expression(fits, max_seq_len=10).tokens) == 10
    with pytest.raises(ExpressionError, match="at most 7 numbers fit into 10 tokens"):
        parse_expression(fits + " 1", max_seq_len=10)


@pytest.mark.parametrize("wrong", [None, 5, b"Max(1,2)", ["Max"]])
def test_what_is_not_text_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="an expression is text"):
        parse_expression(wrong)


def test_an_expression_cannot_be_made_of_anything_else():
    with pytest.raises(ValueError, match="operations are First, Second"):
        Expression("max", (1, 2))
    for numbers in [(1,), (1, 10), (-1, 2), (True, 2), (1.0, 2), [1, 2], 5]:
        with pytest.raises(ValueError, match="Max needs a tuple of at least 2 digits"):
            Expression("Max", numbers)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
