"""Reading, meaning and spelling of expressions."""

import itertools

import pytest

from tinyformer.expressions import OPERATIONS, Expression, ExpressionError, parse_expression
from tinyformer.vocabulary import VOCABULARY, detokenize, tokenize


def test_the_ids_are_those_of_the_design():
    assert len(VOCABULARY) == len(set(VOCABULARY)) == 20
    assert tokenize("Max ( 5 3 9 )") == [15, 17, 7, 5, 11, 18]
    assert tokenize(",") == [19]
    assert tokenize("[PAD][EOS]") == [0, 1]
    assert tokenize("First Second Last Max Min") == [12, 13, 14, 15, 16]


def test_detokenize_undoes_tokenize_for_every_token():
    assert tokenize(detokenize(range(20))) == list(range(20))


@pytest.mark.parametrize("ids", [[20], [-1], [3, 99]])
def test_detokenize_refuses_what_is_no_token(ids):
    with pytest.raises(ValueError, match=r"0…19"):
        detokenize(ids)


def test_tokenize_is_literal_and_points_at_the_character():
    with pytest.raises(ValueError, match="position 5"):
        tokenize("Max max")


@pytest.mark.parametrize(
    "text",
    ["Max(5,3,9)", "max ( 5 3 9 )", "MAX 5 3 9", "Max 5,3,9", "mAx(5 3,9)", "  Max\t(\n5 , 3 9)  ", "Max(5,3 9)"],
)
def test_many_spellings_are_one_expression(text):
    assert parse_expression(text) == Expression("Max", (5, 3, 9))


def test_answers_agree_with_python():
    meaning = {
        "First": lambda n: n[0],
        "Second": lambda n: n[1],
        "Last": lambda n: n[-1],
        "Max": lambda n: sorted(n)[-1],
        "Min": lambda n: sorted(n)[0],
    }
    for operation, numbers in itertools.product(OPERATIONS, itertools.product((0, 4, 9), repeat=4)):
        expression = Expression(operation, numbers)
        assert expression.answer == meaning[operation](numbers)
        assert VOCABULARY[expression.answer_token] == str(expression.answer)
        assert detokenize(expression.tokens) == str(expression)
        assert parse_expression(str(expression)) == expression


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 1, "nothing to read"),
        ("   ", 4, "nothing to read"),
        ("Max ( 5 )", 8, "at least 2 numbers, got 1"),
        ("Max", 4, "at least 2 numbers, got 0"),
        ("Sum(1,2)", 1, "not an operation"),
        ("Frist(1,2)", 1, "did you mean First?"),
        ("5 3", 1, "expected an operation"),
        ("Max(1,10)", 7, "digits from 0 to 9"),
        ("Max(53)", 5, "digits from 0 to 9"),
        ("Max(-1,3)", 5, "without sign"),
        ("Max(1.5,3)", 6, "without sign or point"),
        ("Max(5,,3)", 7, "expected a digit"),
        ("Max(,5,3)", 5, "expected a digit"),
        ("Max(5,3,)", 9, "after the comma"),
        ("Max(5,3", 8, "never closed"),
        ("Max 5 3)", 8, 'no "("'),
        ("Max(5,3))", 9, "ended before"),
        ("Max(5,3) 4", 10, "ended before"),
        ("Max(5,3) Min", 10, "ended before"),
        ("Max[5,3]", 4, "round brackets"),
        ("Max(٣,4)", 5, "ARABIC-INDIC DIGIT THREE"),
        ("Max(５,4)", 5, "FULLWIDTH DIGIT FIVE"),
        ("Max(²,4)", 5, "SUPERSCRIPT TWO"),
        ("Мax(1,2)", 1, "CYRILLIC CAPITAL LETTER EM"),
        ("Max(1\x00,2)", 6, "U+0000"),
        ("Max(1,2)\u202e", 9, "RIGHT-TO-LEFT OVERRIDE"),
        ("__import__('os')", 1, "cannot read LOW LINE"),
    ],
)
def test_everything_else_is_an_error_that_points_at_the_place(text, position, said):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert caught.value.position == position
    assert said in str(caught.value)
    assert f"position {position}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["a" * 10_000, "Max" + " 1" * 5_000, "Max(" + "9" * 10_000, "(" * 10_000, "\x07" * 10_000]
)
def test_ten_thousand_characters_get_a_short_answer(text):
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text)
    assert len(str(caught.value)) < 400


def test_numbers_fit_up_to_the_length_of_the_model():
    fits = "Max" + " 1" * 7
    assert len(parse_expression(fits, max_seq_len=10).tokens) == 10
    with pytest.raises(ExpressionError, match="more than 7 numbers"):
        parse_expression(fits + " 1", max_seq_len=10)


@pytest.mark.parametrize("wrong", [None, 5, b"Max(1,2)", ["Max"]])
def test_what_is_not_text_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="an expression is text"):
        parse_expression(wrong)


@pytest.mark.parametrize(
    ("operation", "numbers"), [("max", (1, 2)), ("Max", (1,)), ("Max", (1, 10)), ("Max", (True, 2))]
)
def test_an_expression_cannot_be_made_of_anything_else(operation, numbers):
    with pytest.raises(ValueError, match=r"operations are|at least 2 digits"):
        Expression(operation, numbers)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
