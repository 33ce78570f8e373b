"""A test set that somebody typed: one expression per line, perhaps with the expected answer, as text or CSV.

    Max(5,3,9)              the right answer is computed
    "Min(7,2,2)",2          as a spreadsheet writes it
    Last(1 2 3),3           after the closing bracket, a comma, semicolon or tab: the expected answer
    id,answer,expression    as the first line: the columns, in any order; others do not count

One of the readers of `lines`, which says what else may stand there.
"""

from typing import NamedTuple

from tinyformer.task.datasets import create_batch
from tinyformer.task.expressions import Expression, parse_expression
from tinyformer.task.lines import BadLine, digit, read_lines
from tinyformer.task.task import DEFAULT_TASK
from tinyformer.task.training_data import Examples
from tinyformer.task.vocabulary import DIGITS

MOST_LINES = 10_000
MOST_CHARACTERS = 4_000_000


class Line(NamedTuple):
    """A line that could be read. `answer` is the digit that counts as right: the expected one if there is one."""

    number: int  # in the text, from 1
    expression: Expression
    answer: int

    @property
    def is_disputed(self):
        """The expected answer is not what the operation gives."""
        return self.answer != self.expression.answer


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
        task = self.lines[0].expression.task if self.lines else DEFAULT_TASK
        examples = [(line.expression.tokens, DIGITS[line.answer]) for line in self.lines]
        return Examples(*create_batch(examples, task), task)


def parse_test_set(text, max_seq_len=50, task=DEFAULT_TASK):
    """Text → OwnTestSet of expressions of a Task. Never raises: what is wrong with a line stands in `bad`."""

    def read(number, question, answer):
        expression = parse_expression(question, max_seq_len, task)
        return Line(number, expression, expression.answer if answer is None else digit(answer))

    return OwnTestSet(*read_lines(text, read, MOST_LINES, MOST_CHARACTERS))
