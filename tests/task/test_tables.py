"""Tables: how they may be written, what is wrong with a line, and that nothing is lost."""

import itertools

import pytest

from tinyformer.task.tables import read_table

ROWS = [(numbers, sum(numbers) % 2) for numbers in itertools.product(range(10), repeat=3)]


@pytest.mark.parametrize(
    "line",
    [
        "Odd({0},{1},{2}),{3}",
        '"Odd({0},{1},{2})",{3}',
        "Odd ( {0} {1} {2} );{3}",
        "odd {0} {1} {2}\t{3}",
        "ODD {0} {1} {2},{3}",
        "  Odd ( {0}, {1}, {2} ) , {3} ",
    ],
)
@pytest.mark.parametrize("before", ["", "\ufeff", "expression,answer\n", "Expression;Answer\n", "# by hand\n\n"])
def test_a_table_is_read_however_it_is_written(line, before):
    table = read_table(before + "\r\n".join(line.format(*numbers, answer) for numbers, answer in ROWS))
    assert table.bad == []
    assert [operation.name.lower() for operation in table.operations] == ["odd"]
    assert table.expressions == 1000
    assert table.num_args == 3
    assert table.operations[0].answers([numbers for numbers, _ in ROWS]) == [answer for _, answer in ROWS]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Odd(1,2),3", "", "Odd(1 2),4"], "line 3: it contradicts line 1: Odd ( 1 2 ) is 3 there, and 4 here"),
        (["Odd(1,2),3", "odd(1,2),4"], "line 2: it contradicts line 1"),
        (["Odd(1,2),3", "Odd(1,é),4"], "line 2: at character 7: cannot read LATIN SMALL LETTER E WITH ACUTE"),
        (["Мах(1,2),3"], "line 1: at character 1: cannot read CYRILLIC"),
        (["Max(1,2),3"], "line 1: at character 1: Max is an operation that is built in"),
        (["Odd(1,2)"], "line 1: the expected answer is missing"),
        (["Odd 1 2"], "line 1: the expected answer is missing"),
        (["Odd(1,2),10"], "line 1: the expected answer is a digit from 0 to 9, got '10'"),
        (["Odd(1),1"], "line 1: at character 6: Odd needs at least 2 numbers"),
        (["Odd(1,23),1"], "line 1: at character 7: numbers are digits"),
        (["1 2 3,4"], "line 1: at character 1: expected the name of an operation"),
        (["Odd(" + "1," * 60 + "1),1"], "line 1: at character"),
        ([], "there is no line"),
        (["expression,answer"], "there is no line"),
        ([f"Odd(1,2),{d}" for d in range(10)], "and 6 lines more"),
    ],
)
def test_what_is_wrong_is_told_by_line(lines, message):
    assert message in read_table("\n".join(lines)).complaint()


def test_the_same_line_twice_is_fine_and_a_bad_one_takes_nothing_else_away():
    table = read_table("Odd(1,2),1\nOdd(1,2),1\nOdd(2,2,3),x\nEven(1,2,3),0\n")
    assert (table.expressions, table.repeated, len(table.bad)) == (2, 1, 1)
    assert [str(operation) for operation in table.operations] == [
        "Odd = a table of 1 expressions",
        "Even = a table of 1 expressions",
    ]
    assert table.num_args == (2, 3)


def test_bytes_of_a_spreadsheet_are_read():
    text = "expression,answer\nOdd(1,2),1\n"
    tables = [read_table(text.encode(encoding)) for encoding in ("utf-8", "utf-8-sig", "utf-16")]
    assert {table.operations for table in tables} == {tables[0].operations}
    assert "line 2" in read_table("expression,answer\nOdd(1,\xff),1".encode("latin-1")).complaint()


@pytest.mark.slow
def test_a_hundred_thousand_lines_are_read():
    lines = [f"Odd({' '.join(map(str, row))}),{sum(row) % 2}" for row in itertools.product(range(10), repeat=5)]
    table = read_table("\n".join(lines))
    assert (table.expressions, table.complaint()) == (100_000, "")
