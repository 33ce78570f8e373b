"""Lines that somebody typed: each is either read or listed with its number and the reason; none is lost."""

import pytest

from tinyformer import evaluate, parse_expression
from tinyformer.task.question_sets import MOST_LINES, parse_test_set


class Knows:
    """Answers as it should."""

    def predict(self, tokens, mask):
        import numpy as np

        from tinyformer import detokenize

        right = [parse_expression(detokenize(row[keep])).answer for row, keep in zip(tokens, mask, strict=True)]
        return np.eye(20)[np.array(right) + 2]


def only(text):
    found = parse_test_set(text)
    assert len(found.lines) + len(found.bad) == 1
    return (found.lines or found.bad)[0]


@pytest.mark.parametrize(
    ("text", "expression", "answer"),
    [
        ("Max(5,3,9)", "Max ( 5 3 9 )", 9),
        ("max 5 3 9", "Max ( 5 3 9 )", 9),
        ("Max(5,3,9),9", "Max ( 5 3 9 )", 9),
        ("  Max( 5 3 9 ) , 4 ", "Max ( 5 3 9 )", 4),
        ('"Max(5,3,9)",9', "Max ( 5 3 9 )", 9),
        ("Max(5,3,9);9", "Max ( 5 3 9 )", 9),
        ("Max 5 3 9\t9", "Max ( 5 3 9 )", 9),
        ("Max 5,3,9", "Max ( 5 3 9 )", 9),  # no bracket: a third number, not an answer
        ("\ufeffMax(5,3,9)\r", "Max ( 5 3 9 )", 9),
    ],
)
def test_ways_to_write_a_line(text, expression, answer):
    line = only(text)
    assert (str(line.expression), line.answer) == (expression, answer)
    assert line.is_disputed == (answer != 9)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Mix(5,3)", "'Mix' is not an operation"),
        ("Max(5)", "Max needs at least 2 numbers, got 1"),
        ("Max(5,19)", "at character 7"),
        ("Max(5,3),x", "the expected answer is a digit from 0 to 9, got 'x'"),
        ("Max(5,3),12", "the expected answer is a digit from 0 to 9, got '12'"),
        ("__import__('os')", "cannot read"),
        ("x" * 10_000, "is not an operation"),
    ],
)
def test_a_bad_line_has_its_reason(text, reason):
    bad = only(text)
    assert bad.number == 1 and reason in bad.reason and len(bad.text) <= 80


def test_a_csv_with_a_header_has_the_answer_in_its_last_column():
    found = parse_test_set('expression,expected\nMax 5 3 9,9\n"Min(7,2)",2\nMax(5,3),5\nMax(5,3)\nMax(5,3),\n')
    assert [(line.number, line.answer) for line in found.lines] == [(2, 9), (3, 2), (4, 5)]
    assert [(bad.number, bad.reason) for bad in found.bad] == [
        (5, "the expected answer is missing"),
        (6, "the expected answer is missing"),
    ]


def test_blank_lines_and_comments_are_passed_over_and_numbers_stay_those_of_the_text():
    found = parse_test_set("# mine\n\nMax(1,2)\n\nfoo\nMin(1,2)")
    assert [line.number for line in found.lines] == [3, 6] and [bad.number for bad in found.bad] == [5]


def test_ten_thousand_lines_are_read_and_the_next_says_that_it_is_left_out():
    assert len(parse_test_set("Max(5,3,9)\n" * MOST_LINES).lines) == MOST_LINES
    found = parse_test_set("Max(5,3,9)\n" * (MOST_LINES + 3))
    assert len(found.lines) == MOST_LINES
    assert found.bad[0].number == MOST_LINES + 1 and "3 are left out" in found.bad[0].reason
    assert found.not_read == found.left_out == 3


@pytest.mark.parametrize("text", ["", "\n\n", "\x00", "\ud800", '"', '"Max(5,3', ",,,;\t", "(((", "9" * 5_000])
def test_any_text_is_read_without_an_exception(text):
    parse_test_set(text)


def test_the_numbers_that_fit_are_those_of_the_model():
    assert "at most 4 numbers" in parse_test_set("Max(1,2,3,4,5)", max_seq_len=7).bad[0].reason


def test_the_expected_answer_is_what_counts():
    found = parse_test_set("Max(5,3,9),9\nMax(5,3,9),3\nMin(1,2,3,4)")
    result = evaluate(Knows(), found.examples())
    assert result.correct.tolist() == [True, False, True]
    with pytest.raises(ValueError, match="at least one"):
        parse_test_set("").examples()


@pytest.mark.parametrize(
    "text",
    [
        'id,expected,expression\n1,8,Max(5,3,9)\n2,2.0,"Min(7,2,2)"\n',
        "Right Answer;Expression;ID\n8.0;Max(5,3,9);a17\n2;Min 7 2 2;b18\n",
        "\ufeffquestion\tkey\tlabel\nMax 5 3 9\tx\t8\nMin(7,2,2)\ty\t2\t\n",
        "1,Max(5,3,9),8\n2,Min(7 2 2),2.00\n",
        "Max(5,3,9),8,,\nMin(7,2,2),2\n",
        "expression,answer\nMax 5,3,9,8\nMin(7,2,2),2\n",
    ],
)
def test_columns_stand_in_any_order_and_a_spreadsheet_may_write_its_digits_as_it_likes(text):
    found = parse_test_set(text)
    assert [(str(line.expression), line.answer) for line in found.lines] == [("Max ( 5 3 9 )", 8), ("Min ( 7 2 2 )", 2)]
    assert found.bad == []


def test_where_no_line_says_which_column_is_the_answer_nothing_is_guessed():
    found = parse_test_set("9,Max(5,3,9)\nMax(5,3,9),7,8\nMax(5,3,9)\n")
    assert [line.number for line in found.lines] == [3]
    assert [bad.number for bad in found.bad] == [1, 2] and "which column is the answer?" in found.bad[0].reason
    assert [line.answer for line in parse_test_set("id,expression\n3,Max(5,3,9)\n").lines] == [9]  # an id is no answer
