"""Training data of one's own: a CSV of expression and answer, with names and answers of its own, becomes operations.

    Odd(5,3,9),1            one expression and its answer on each line, in any of the ways that `lines` reads
    "Odd(5,3,8)",0

What is in no line is in no model's space. The same line twice is fine, two answers to one expression are not.
"""

from typing import NamedTuple

from tinyformer.task.expressions import ExpressionError, read_parts, refuse_lookalike
from tinyformer.task.lines import BadLine, digit, read_lines
from tinyformer.task.operations import Operation, OperationError, new_name
from tinyformer.task.task import MOST_OPERATIONS

MOST_LINES, MOST_CHARACTERS = 200_000, 16_000_000


class Table(NamedTuple):
    operations: tuple[Operation, ...]  # in the order in which their names occur; none if no line could be read
    expressions: int  # that are different
    repeated: int  # lines that say again what stood before
    bad: list[BadLine]

    @property
    def num_args(self):
        """How many numbers its expressions have, as TrainingConfig takes it: a number, or (fewest, most)."""
        ends = [length for operation in self.operations for length in operation.lengths]
        return min(ends) if min(ends) == max(ends) else (min(ends), max(ends))

    def complaint(self, most=3):
        """The first lines that are wrong, in one line; "" if none is, and something was read."""
        told = "; ".join(f"line {line.number}: {line.reason}" for line in self.bad[:most])
        if len(self.bad) > most:
            told += f"; and {len(self.bad) - most:,} lines more"
        return told or ("" if self.operations else "there is no line with an expression and its answer")


def read_table(content, max_seq_len=50):
    """Text, or the bytes of a file → Table. Never raises: what is wrong with a line stands in `bad`."""
    text = content if isinstance(content, str) else _decoded(content)
    spelled, answers = {}, {}  # name in lower case → name; name → {numbers: (answer, line)}

    def name_of(text, word, position):
        if not (name := spelled.get(word.lower())):
            if not word.isalpha():
                raise ExpressionError(f"expected the name of an operation before {word[:12]!r}", text, position)
            refuse_lookalike(text, word, position)
            if len(spelled) == MOST_OPERATIONS:
                raise ExpressionError(f"a table has at most {MOST_OPERATIONS} operations", text, position)
            try:
                name = new_name(word)
            except OperationError as error:
                raise ExpressionError(str(error), text, position) from None
        return name

    def read(number, question, answer):
        name, numbers, _ = read_parts(question, max_seq_len, name_of)
        right = digit(answer)
        known = answers.setdefault(spelled.setdefault(name.lower(), name), {})
        before, line = known.setdefault(numbers, (right, number))
        if before != right:
            shown = f"{name} ( {' '.join(map(str, numbers))} )"
            raise ValueError(f"it contradicts line {line}: {shown} is {before} there, and {right} here")

    lines, bad, _ = read_lines(text, read, MOST_LINES, MOST_CHARACTERS, with_answers=True)
    operations = tuple(
        Operation.of_table(name, {numbers: answer for numbers, (answer, _) in known.items()})
        for name, known in answers.items()
    )
    expressions = sum(map(len, answers.values()))
    return Table(operations, expressions, len(lines) - expressions, bad)


def _decoded(content):
    """Bytes → text: UTF-8, or UTF-16 if a mark at its start says so, as some spreadsheets write it."""
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
