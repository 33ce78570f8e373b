"""An operation is data: a name, and a rule that is built in, a formula, or a table.

>>> Operation("Max").answer((5, 3, 9))
9
>>> Operation.of_formula("Gap", "max(x) - min(x)").answer((5, 3, 9))
6
>>> Operation.of_table("Odd", {(5, 3): 8, (1, 2): 0}).answer((5, 3))
8
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

import numpy as np

from tinyformer.task import formula
from tinyformer.task.vocabulary import VOCABULARY

# Adding one is a line here: its name, what it answers to x, a tuple of two or more digits, and the same in words.
_RULES = {
    "First": (itemgetter(0), "the first number"),
    "Second": (itemgetter(1), "the second number"),
    "Last": (itemgetter(-1), "the last number"),
    "Max": (max, "the largest number"),
    "Min": (min, "the smallest number"),
    "Median": (lambda x: sorted(x)[len(x) // 2], "the middle number by size; of an even count, the upper one"),
    "Range": (lambda x: max(x) - min(x), "the largest number minus the smallest"),
    "Sum": (lambda x: sum(x) % 10, "the last digit of the sum"),
    "Product": (lambda x: math.prod(x) % 10, "the last digit of the product"),
    "Pick": (lambda x: x[x[0] % len(x)], "the number at place x₁ mod n, counted from 0: an address"),
}
BUILT_IN = tuple(_RULES)
SOURCES = ("built in", "formula", "table")
LONGEST_NAME = 20
_RESERVED = ("all", "epoch", "step", "loss", "accuracy")  # the columns that stand beside those of operations
_ENTRIES = re.compile(r"[0-9]{2,997}=[0-9](?: [0-9]{2,997}=[0-9])*")


class OperationError(ValueError):
    """What cannot be an operation, and why, in one line."""


@dataclass(frozen=True)
class Operation:
    """`rule`: "" if it is built in, the text of a formula, or of a table, as "539=9 541=5", in order.

    Raises OperationError for a name that is none, FormulaError for a formula that does not always give a digit.
    """

    name: str
    source: str = "built in"
    rule: str = ""

    def __post_init__(self):
        check_name(self.name)
        if self.source == "built in":
            if self.name not in BUILT_IN or self.rule:
                raise OperationError(f"the operations that are built in are {', '.join(BUILT_IN)}; got {self.name!r}")
            return
        if self.name in VOCABULARY:
            raise OperationError(f"{self.name} is an operation already: choose another name")
        if self.source == "formula":
            formula.prove(self.name, self.rule)
        elif self.source != "table":
            raise OperationError(f"{self.name} is {' or '.join(SOURCES)}, got {self.source!r:.40}")
        elif not isinstance(self.rule, str) or not _ENTRIES.fullmatch(self.rule):
            raise OperationError(f'the table of {self.name} is written as "539=9 541=5", two or more digits and one')
        elif len(entries(self.rule)) != self.rule.count("="):
            raise OperationError(f"the table of {self.name} has an expression twice")

    @classmethod
    def of_formula(cls, name, text):
        """A new one. Raises OperationError, also for the name of one that is built in, or FormulaError."""
        return cls(new_name(name), "formula", text.strip())

    @classmethod
    def of_table(cls, name, answers):
        """A new one from {numbers: answer}."""
        rows = sorted(answers.items(), key=lambda row: (len(row[0]), row[0]))
        text = " ".join(f"{''.join(map(str, numbers))}={answer}" for numbers, answer in rows)
        return cls(new_name(name), "table", text)

    @property
    def is_listed(self):
        """Its expressions are those of a table: there are no others."""
        return self.source == "table"

    @property
    def words(self):
        """The rule as text for people."""
        if self.source == "built in":
            return _RULES[self.name][1]
        return self.rule if self.source == "formula" else f"a table of {self.rule.count('='):,} expressions"

    def __str__(self):
        """Name and rule; of one that is built in, the name."""
        return self.name if self.source == "built in" else f"{self.name} = {self.words}"

    def answer(self, numbers):
        """A tuple of digits → a digit. Raises FormulaError, or OperationError for what is not in the table."""
        return self.answers([numbers])[0]

    def answers(self, rows):
        """Tuples of digits → list of digits; raises what `answer` raises."""
        if self.source == "formula":
            return formula.answers(self.name, self.rule, rows)
        if self.source == "built in":
            return list(map(_RULES[self.name][0], rows))
        known = entries(self.rule)
        try:
            return [known[row] for row in rows]
        except KeyError as error:
            numbers = " ".join(map(str, error.args[0]))
            raise OperationError(f"{self.name} ( {numbers} ) is not in the table of {self.name}") from None

    def has(self, numbers):
        """Whether it has an answer to these: a table has those that are in it."""
        return not self.is_listed or numbers in entries(self.rule)

    @property
    def lengths(self):
        """The numbers of numbers that the expressions of a table have, in order; () of a rule, which takes any."""
        return _lengths(self.rule) if self.is_listed else ()

    def has_lengths(self, fewest, most):
        """Whether it has expressions of so many numbers."""
        return not self.is_listed or any(fewest <= length <= most for length in self.lengths)

    def listed(self, fewest, most, max_value=9):
        """The expressions of a table with so many numbers, up to so large → numbers (M, most), lengths (M,)."""
        rows = [row for row in entries(self.rule) if fewest <= len(row) <= most and max(row) <= max_value]
        numbers = np.zeros((len(rows), most), np.int64)
        for place, row in enumerate(rows):
            numbers[place, : len(row)] = row
        return numbers, np.array([len(row) for row in rows], np.int64)

    def to_json(self):
        """As a configuration keeps it: a name, {"name", "formula"} or {"name", "table"}."""
        return self.name if self.source == "built in" else {"name": self.name, self.source: self.rule}

    @classmethod
    def from_json(cls, value):
        """The inverse of `to_json`; an Operation stays what it is. Raises OperationError or FormulaError."""
        if isinstance(value, Operation):
            return value
        if isinstance(value, str):
            return cls(value)
        for source in SOURCES[1:]:
            if isinstance(value, dict) and set(value) == {"name", source}:
                return cls(value["name"], source, value[source])
        raise OperationError(f"an operation is a name, or a name and a formula or a table; got {value!r:.80}")


def check_name(name):
    """OperationError unless `name` can be one: a word in ASCII letters that is nothing else."""
    if not isinstance(name, str) or not (name.isascii() and name.isalpha() and len(name) <= LONGEST_NAME):
        raise OperationError(
            f"the name of an operation is a word of 1 to {LONGEST_NAME} letters from A to Z, got {name!a:.40}"
        )
    if name.lower() in _RESERVED or (name not in BUILT_IN and name.lower() in map(str.lower, VOCABULARY)):
        raise OperationError(f"{name} cannot be the name of an operation: it means something else already")


def new_name(name):
    """`name` stripped, if somebody may give it to an operation of their own. OperationError otherwise."""
    name = name.strip() if isinstance(name, str) else name
    check_name(name)
    if name.lower() in map(str.lower, BUILT_IN):
        raise OperationError(f"{name} is an operation that is built in: choose another name")
    return name


@lru_cache(maxsize=64)
def entries(table):
    """The text of a table → {numbers: answer}, in order."""
    rows = (row.split("=") for row in table.split(" "))
    return {tuple(map(int, digits)): int(answer) for digits, answer in rows}


@lru_cache(maxsize=64)
def _lengths(table):
    return tuple(sorted({len(row) for row in entries(table)}))
