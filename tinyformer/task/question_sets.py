"""A test set that somebody typed: one expression per line, perhaps with the expected answer, as text or CSV.

    Max(5,3,9)              the right answer is computed
    "Min(7,2,2)",2          as a spreadsheet writes it
    Last(1 2 3),3           after the closing bracket, a comma, semicolon or tab: the expected answer

With a first line such as `expression,answer` the last column always is the answer, brackets or not. Blank lines and
lines that begin with # are passed over. A line that cannot be read is listed with its number and the reason; the
others count.
"""

import csv
import re
from typing import NamedTuple

from tinyformer.task.datasets import create_batch
from tinyformer.task.expressions import Expression, ExpressionError, parse_expression
from tinyformer.task.training_data import Examples
from tinyformer.task.vocabulary import DIGITS

MOST_LINES = 10_000
MOST_CHARACTERS = 4_000_000
_HEADER = re.compile(r"\W*(expressions?|questions?|inputs?|text)\b", re.IGNORECASE)


class Line(NamedTuple):
    """A line that could be read. `answer` is the digit that counts as right: the expected one if there is one."""

    number: int  # in the text, from 1
    expression: Expression
    answer: int

    @property
    def is_disputed(self):
        """The expected answer is not what the operation gives."""
        return self.answer != self.expression.answer


class BadLine(NamedTuple):
    number: int
    text: str
    reason: str


class OwnTestSet(NamedTuple):
    lines: list[Line]
    bad: list[BadLine]
    left_out: int = 0  # lines beyond the most that are read; the first of them stands in `bad`

    @property
    def not_read(self):
        """How many lines do not count."""
        return len(self.bad) + max(0, self.left_out - 1)

    def examples(self):
        """→ Examples to evaluate. ValueError if no line could be read."""
        return Examples(*create_batch([(line.expression.tokens, DIGITS[line.answer]) for line in self.lines]))


def parse_test_set(text, max_seq_len=50):
    """Text → OwnTestSet. Never raises: what is wrong with a line stands in `bad`."""
    lines, bad, with_answers, left_out = [], [], False, 0
    rows = text[:MOST_CHARACTERS].lstrip("\ufeff").splitlines()
    for number, row in enumerate(rows, start=1):
        row = row.strip()
        if not row or row.startswith("#"):
            continue
        if not lines and not bad and _HEADER.match(row):
            with_answers = len(_cells(row)) > 1
            continue
        if len(lines) + len(bad) >= MOST_LINES:
            left_out = sum(1 for rest in map(str.strip, rows[number - 1 :]) if rest and not rest.startswith("#"))
            reason = f"at most {MOST_LINES:,} lines are read; from here on {left_out:,} are left out"
            bad.append(BadLine(number, row[:80], reason))
            break
        try:
            lines.append(_read(number, row, with_answers, max_seq_len))
        except ValueError as error:
            bad.append(BadLine(number, row[:80], getattr(error, "reason", str(error))))
    if len(text) > MOST_CHARACTERS:
        bad.append(BadLine(len(rows), "…", f"the text is cut here: at most {MOST_CHARACTERS:,} characters"))
    return OwnTestSet(lines, bad, left_out)


def _read(number, row, with_answers, max_seq_len):
    """One line → Line. ValueError says what is wrong with it."""
    question, answer = _split(row, with_answers)
    try:
        expression = parse_expression(question, max_seq_len)
    except ExpressionError as error:
        raise ValueError(f"at character {error.position}: {error.reason}") from None
    if answer is None:
        return Line(number, expression, expression.answer)
    if not re.fullmatch(r"[0-9]", answer):
        raise ValueError(f"the expected answer is a digit from 0 to 9, got {answer[:20]!r}")
    return Line(number, expression, int(answer))


def _split(row, with_answers):
    """A line → (expression, expected answer or None)."""
    question, answer = row, None
    if row.startswith('"') or "\t" in row or ";" in row:
        *before, last = _cells(row)
        question, answer = (",".join(before), last) if before else (last, None)
    elif ")" in row:
        before, bracket, rest = row.rpartition(")")
        if rest.strip().startswith(","):
            question, answer = before + bracket, rest.strip()[1:].strip()
    elif with_answers:
        question, _, answer = row.rpartition(",")
    if with_answers and not answer:
        raise ValueError("the expected answer is missing")
    return question, answer or None


def _cells(row):
    """A line of CSV, separated by tabs, semicolons or commas, as stripped cells."""
    delimiter = next((mark for mark in "\t;" if mark in row), ",")
    try:
        return [cell.strip() for cell in next(csv.reader([row], delimiter=delimiter, skipinitialspace=True))]
    except (csv.Error, StopIteration):
        return [row]
