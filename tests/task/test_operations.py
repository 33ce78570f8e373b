"""Operations: what the built-in ones mean, which names and rules are refused and why, what a task is."""

import itertools
import pickle

import numpy as np
import pytest

from tinyformer import DEFAULT_TASK, OPERATIONS, Expression, FormulaError, Operation, Task, parse_expression, side_of
from tinyformer.task import formula
from tinyformer.task.datasets import draw, expression_space
from tinyformer.task.expressions import UnknownOperation
from tinyformer.task.operations import BUILT_IN, OperationError
from tinyformer.task.vocabulary import PAD, VOCABULARY

GAP = Operation.of_formula("Gap", "max(x) - min(x)")


@pytest.mark.parametrize(
    ("name", "numbers", "answer"),
    [
        ("First", (5, 3, 9), 5),
        ("Second", (5, 3, 9), 3),
        ("Last", (5, 3, 9), 9),
        ("Max", (5, 3, 9), 9),
        ("Min", (5, 3, 9), 3),
        ("Median", (5, 3, 9), 5),
        ("Median", (5, 3), 5),
        ("Median", (1, 9, 3, 7), 7),
        ("Range", (5, 3, 9), 6),
        ("Sum", (5, 3, 9), 7),
        ("Product", (5, 3, 9), 5),
        ("Product", (9,) * 47, 9),
        ("Pick", (5, 3, 9), 9),
        ("Pick", (3, 8, 2), 3),
    ],
)
def test_built_in_operations_mean_what_they_say(name, numbers, answer):
    assert Operation(name).answer(numbers) == answer


def test_every_built_in_operation_gives_a_digit_to_every_input_and_says_its_rule():
    rows = [row for n in (2, 3) for row in itertools.product(range(10), repeat=n)]
    for operation in map(Operation, BUILT_IN):
        assert set(operation.answers(rows)) <= set(range(10))
        assert operation.words


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Median", "sorted(x)[n // 2]"),
        ("Range", "max(x) - min(x)"),
        ("Sum", "sum(x) % 10"),
        ("Pick", "x[x[0] % n]"),
        ("Second", "x[1]"),
        ("Max", "sorted(x)[-1]"),
        ("Last", "x[n - 1:][0]"),
    ],
)
def test_a_formula_means_what_the_built_in_operation_does(name, rule):
    rows = [row for n in (2, 3) for row in itertools.product(range(10), repeat=n)]
    assert Operation.of_formula("Own", rule).answers(rows) == Operation(name).answers(rows)


def test_a_comparison_counts_as_one_or_zero():
    assert Operation.of_formula("Rising", "x == sorted(x)").answers([(1, 2, 2), (2, 1, 2)]) == [1, 0]


HOSTILE = {
    "": "a formula such as",
    "9**9**9**9": "exponent is from 0 to 64",
    "x[0]**64**64": "too large",
    "().__class__": "no attributes",
    "x.__class__.__bases__": "no attributes",
    "x.pop()": "the functions are",
    "x[99]": "a place that is not there, for Gap ( 0 0 )",
    "x[2]": "a place that is not there, for Gap ( 0 0 )",
    "1/0": "divide with //",
    "1//0": "divides by zero, for Gap ( 0 0 )",
    "1 % x[0]": "divides by zero, for Gap ( 0 0 )",
    "sum(x)": "for Gap ( 1 9 ) it is 10, not a digit",
    "x[0] - x[1]": "for Gap ( 0 1 ) it is -1, not a digit",
    "x": "for Gap ( 0 0 ) it is [0, 0]",
    "x[0] if x != [3, 1, 4] and n != 3 or x[0] != 3 else 11": "a list cannot be written down",
    "11 if x[0] * 100 + x[1] * 10 + x[n - 1] == 314 and n == 3 else x[0]": "for Gap ( 3 1 4 ) it is 11",
    "min(x) if n < 47 else 11": "it is 11",
    "max(x) // min(x)": "divides by zero",
    "x * 10**8": "a list where a number belongs",
    "x + x": "a list where a number belongs",
    "[0] * 10**9": "a list cannot be written down",
    "'a' * 10**9": "is not a whole number",
    "b'1'": "is not a whole number",
    "1.5": "is not a whole number",
    "1e5": "is not a whole number",
    "0x10": "is not a whole number",
    "1_0": "is not a whole number",
    "...": "is not a whole number",
    "None": "is not a whole number",
    "9" * 150: "up to 1,000,000",
    "1000001 % 10": "up to 1,000,000",
    "sum": "is a function",
    "sum(sum)": "is a function",
    "sum(x, x)": "for Gap ( 0 0 )",
    "max(x, 3)": "for Gap ( 0 0 )",
    "x > 3": "for Gap ( 0 0 )",
    "x[::0][0]": "for Gap ( 0 0 )",
    "y": "y is not known",
    "eval('1')": "the functions are",
    "__import__('os')": "the functions are",
    "open('x')": "the functions are",
    "max(*x)": "with plain arguments",
    "sorted(x, reverse=True)[0]": "with plain arguments",
    "(lambda: 1)()": "the functions are",
    "lambda: 1": "does not belong",
    "(y := 3)": "does not belong",
    "f'{x}'": "does not belong",
    "{1: 2}": "does not belong",
    "{1}": "does not belong",
    "[a for a in x]": "does not belong",
    "sum(a for a in x for b in x)": "does not belong",
    "1, 2": "one number, not several",
    "x[0]; x[1]": "cannot be read",
    "x[0] +": "cannot be read",
    "import os": "cannot be read",
    "yield x": "cannot be read",
    "(" * 190: "cannot be read",
    "(" * 99 + "1" + ")" * 99: "",
    "-" * 150 + "1": "nested more than 20 deep",
    "x" * 10_000: "10,000 characters",
    "x[0]\n+ 1": "plain ASCII in one line",
    "x[0]\0": "plain ASCII in one line",
    "х[0]": "plain ASCII in one line",  # a Cyrillic х
}


@pytest.mark.parametrize("rule", HOSTILE, ids=range(len(HOSTILE)))
def test_a_rule_that_is_none_is_refused_with_a_sentence_that_names_it(rule):
    if rule.startswith("(" * 99 + "1"):
        assert Operation.of_formula("Gap", rule).answer((1, 2)) == 1  # brackets alone are not depth
        return
    with pytest.raises(FormulaError) as refusal:
        Operation.of_formula("Gap", rule)
    message = str(refusal.value)
    assert HOSTILE[rule] in message
    assert message.startswith("Gap = ")
    assert len(message) < 320 and message.isprintable()
    assert str(pickle.loads(pickle.dumps(refusal.value))) == message


def test_whatever_is_written_there_is_an_answer_or_a_formula_error():
    hypothesis = pytest.importorskip("hypothesis")
    pieces = "x n 0 1 9 ( ) [ ] + - * // % ** , : < == . sum( max( sorted( len( abs( ' \\ { é ~ @ := True None"
    words = [*pieces.split(), " if ", " else ", " and ", " not ", " in ", "lambda ", " for ", "\0"]
    piece = hypothesis.strategies.sampled_from(words)
    texts = hypothesis.strategies.lists(piece, max_size=14).map("".join) | hypothesis.strategies.text(max_size=40)

    @hypothesis.settings(max_examples=100, deadline=None, derandomize=True)
    @hypothesis.given(texts)
    def holds(text):
        try:
            (answer,) = formula.answers("Own", text, [(3, 1, 4)])
        except FormulaError as error:
            assert str(error).isprintable()
        else:
            assert type(answer) is int and 0 <= answer <= 9

    holds()


NO_NAMES = ["", "5", "(", "Ma x", "[PAD]", "Мах", "Gap2", "x" * 21, "a\nb", "a_b", 3, None]
TAKEN = ["Max", "max", "FIRST", "Sum", "pick", "loss", "All"]


@pytest.mark.parametrize("name", [*NO_NAMES, *TAKEN])
def test_a_name_that_is_none_or_means_something_else_is_refused(name):
    with pytest.raises(OperationError, match=r"name|means something else"):
        Operation.of_formula(name, "x[0]")


NO_OPERATIONS = ["Average", 7, None, {"name": "Gap"}, {"name": "Gap", "formula": 3}, {"name": "Max", "table": "12=3"}]
NO_OPERATIONS += [{"name": "Odd", "table": table} for table in ("", "12=3 12=4", "1=3", "12=3 ", [1])]
NO_OPERATIONS += [{"name": "Gap", "formula": "x[0]", "table": "12=3"}]


@pytest.mark.parametrize("value", NO_OPERATIONS)
def test_what_a_file_says_is_refused_unless_it_is_an_operation(value):
    with pytest.raises(ValueError):
        Operation.from_json(value)


@pytest.mark.parametrize("operation", [Operation("Sum"), GAP, Operation.of_table("Odd", {(1, 2): 3})], ids=str)
def test_an_operation_comes_back_from_json_and_pickle(operation):
    assert Operation.from_json(operation.to_json()) == operation
    assert pickle.loads(pickle.dumps(operation)) == operation


# --- a task


def test_the_first_twenty_tokens_are_the_same_in_every_task():
    task = Task.of("Sum", "Max", GAP, "Pick")
    assert task.vocabulary == (*VOCABULARY, "Sum", "Gap", "Pick")
    assert task.name_ids.tolist() == [20, 15, 21, 22]
    assert DEFAULT_TASK.names == OPERATIONS
    assert DEFAULT_TASK.vocabulary == VOCABULARY


def test_names_that_begin_alike_are_told_apart():
    task = Task.of("Max", Operation.of_formula("Maximum", "max(x)"), Operation.of_formula("Ma", "x[0]"))
    for text in ("Max ( 5 3 )", "Maximum ( 5 3 )", "Ma ( 5 3 )"):
        assert task.detokenize(task.tokenize(text)) == text
        assert str(parse_expression(text.lower(), task=task)) == text
        assert parse_expression(text, task=task).tokens == task.tokenize(text)


@pytest.mark.parametrize("names", [(), ("Max", "Max"), ("Sum",) * 21])
def test_a_task_has_different_operations(names):
    with pytest.raises(OperationError):
        Task.of(*names)


def test_a_task_knows_its_operations_and_no_others():
    task = Task.of("Sum", GAP)
    assert parse_expression("gap 5 3 9", task=task).answer == 6
    with pytest.raises(UnknownOperation, match=r"'Max' is not an operation \(Sum, Gap\)"):
        parse_expression("Max 5 3 9", task=task)
    with pytest.raises(ValueError, match="the operations are Sum, Gap"):
        Expression("Max", (5, 3), task)


def test_the_side_of_an_expression_is_the_same_in_every_task():
    one, other = Task.of("Sum", GAP), Task.of("First", GAP, "Max", "Sum")
    for text in ("Sum 1 2 3", "gap 5 3 9", "Gap 1 1"):
        assert side_of(parse_expression(text, task=one)) == side_of(parse_expression(text, task=other))
    found = [side_of(parse_expression(f"Max {a} {b}", task=other)) for a in range(10) for b in range(10)]
    assert found == [side_of(parse_expression(f"Max {a} {b}")) for a in range(10) for b in range(10)]


def test_the_space_of_a_task_is_that_of_its_operations():
    table = Operation.of_table("Odd", {(1, 2, 3): 0, (1, 2, 4): 1, (1, 2): 1})
    space = expression_space(3, task=Task.of("Sum", table))
    assert len(space.targets) == 1002
    assert space.names == ("Sum", "Odd")
    assert [tuple(row) for row in space.numbers[space.operations == 1].tolist()] == [(1, 2, 3), (1, 2, 4)]
    assert (space.targets[:1000] - 2 == space.numbers[:1000].sum(axis=1) % 10).all()


def test_draws_of_a_table_are_rows_of_it_and_each_has_its_own_answer():
    table = Operation.of_table("Odd", {(1, 2): 3, (4, 5, 6): 7, (1, 2, 3, 4): 9})
    tokens, targets = draw(600, (2, 3), task=Task.of("Max", table))
    seen = {tuple(row[row != PAD]): int(target) for row, target in zip(tokens, targets, strict=True) if row[0] == 20}
    assert seen == {(20, 17, 3, 4, 18): 5, (20, 17, 6, 7, 8, 18): 9}
    assert np.count_nonzero(tokens[:, 0] == 20) == 300
    with pytest.raises(ValueError, match="not in the table of Odd"):
        parse_expression("Odd 9 9", task=Task.of(table))


def test_an_operation_without_a_digit_is_found_where_expressions_are_drawn():
    broken = object.__new__(Operation)  # as if the proof had missed it
    for name, value in (("name", "Gap"), ("source", "formula"), ("rule", "sum(x)")):
        object.__setattr__(broken, name, value)
    with pytest.raises(FormulaError, match="not a digit"):
        draw(50, task=Task((broken,)))
