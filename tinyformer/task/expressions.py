"""Operations on digits: what they mean, and how people may write them.

>>> parse_expression("max(5, 3, 9)")
Expression(operation='Max', numbers=(5, 3, 9))
>>> parse_expression("Max 5 3 9").answer
9
"""

import difflib
import itertools
import re
import unicodedata
from dataclasses import dataclass, field

from tinyformer.task.task import DEFAULT_TASK, Task
from tinyformer.task.task import OPERATIONS as OPERATIONS
from tinyformer.task.vocabulary import CLOSE, DIGITS, OPEN

FRAME = 3  # tokens of an expression besides its numbers: operation and two brackets

_SPACE = re.compile(r"[ \t\r\n]*")
_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[(),]")
_PLAIN = re.compile(r"([A-Za-z]+) ?\( ?([0-9](?:(?:, ?| )[0-9])+) ?\)")  # as most are written, and files of 10⁵ lines
_EXCERPT = 24  # characters shown on each side of the place of an error


class ExpressionError(ValueError):
    """Text that is no expression. `reason` says what is wrong, `position` where (from 1), `text` is what was given."""

    def __init__(self, reason, text, position):
        self.reason, self.text, self.position = reason, text, position
        start, stop = max(0, position - 1 - _EXCERPT), position + _EXCERPT
        excerpt = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[start:stop])
        excerpt = ("…" if start else "") + excerpt + ("…" if stop < len(text) else "")
        super().__init__(f'{reason}: "{excerpt}", position {position}')


class UnknownOperation(ExpressionError):
    """`word` names no operation of the task."""

    def __init__(self, word, reason, text, position):
        super().__init__(reason, text, position)
        self.word = word


@dataclass(frozen=True)
class Expression:
    """An operation of a task on two or more digits, as `Max ( 5 3 9 )`. Raises ValueError for anything else."""

    operation: str
    numbers: tuple[int, ...]
    task: Task = field(default=DEFAULT_TASK, repr=False)

    def __post_init__(self):
        if self.operation not in self.task.names:
            raise ValueError(f"the operations are {', '.join(self.task.names)}; got {self.operation!r}")
        digits = isinstance(self.numbers, tuple) and all(type(n) is int and 0 <= n <= 9 for n in self.numbers)
        if not digits or len(self.numbers) < 2:
            raise ValueError(f"{self.operation} needs a tuple of at least 2 digits from 0 to 9, got {self.numbers!r}")
        if not self.task.find(self.operation).has(self.numbers):
            raise ValueError(f"{self} is not in the table of {self.operation}")

    @property
    def answer(self):
        """The right answer, a digit. FormulaError where a formula that somebody wrote does not give one."""
        return self.task.find(self.operation).answer(self.numbers)

    @property
    def answer_token(self):
        return DIGITS[self.answer]

    @property
    def tokens(self):
        """The ids as models are trained on them: brackets, no commas."""
        return [self.task.vocabulary.index(self.operation), OPEN, *(DIGITS[n] for n in self.numbers), CLOSE]

    @property
    def words(self):
        """Its tokens, as text."""
        return [self.task.vocabulary[token] for token in self.tokens]

    def __str__(self):
        return f"{self.operation} ( {' '.join(map(str, self.numbers))} )"


def parse_expression(text, max_seq_len=50, task=DEFAULT_TASK):
    """Read `Max(5,3,9)`, `max ( 5 3 9 )`, `Max 5 3 9`: any case, with or without commas and brackets → Expression.

    From 2 numbers up to as many as fit into `max_seq_len` tokens. Raises ExpressionError, a ValueError that points at
    the first character that is wrong; UnknownOperation, which is one, for a word that `task` has no operation for.
    """
    operation, numbers, position = read_parts(text, max_seq_len, lambda *word: _operation(task, *word))
    try:
        expression = Expression(operation, numbers, task)
        expression.answer  # noqa: B018  a rule that somebody wrote may have none
    except ValueError as error:
        raise ExpressionError(str(error), text, position) from None
    return expression


def read_parts(text, max_seq_len, find_operation):
    """Text → (operation, numbers, position of the operation). `find_operation(text, word, position)` → its name.

    Raises ExpressionError, as `find_operation` may.
    """
    if not isinstance(text, str):
        raise TypeError(f"an expression is text, such as 'Max(5,3,9)'; got {type(text).__name__}")
    most = max_seq_len - FRAME
    if (plain := _PLAIN.fullmatch(text)) and len(numbers := plain[2].replace(",", " ").split()) <= most:
        return find_operation(text, plain[1], 1), tuple(map(int, numbers)), 1
    pieces = _pieces(text)
    word, begin = next(pieces)
    if not word:
        raise ExpressionError('nothing to read; try "Max(5,3,9)"', text, begin)
    operation = find_operation(text, word, begin)
    piece, position = next(pieces)
    if opened := piece == "(":
        piece, position = next(pieces)
    numbers, comma, after = [], False, position
    while piece and piece != ")":
        if piece == "," and numbers and not comma:
            comma = True
        elif piece.isdigit():
            if len(piece) > 1:
                reason = f"numbers are digits from 0 to 9 (an answer is one token), got {_short(piece)}"
                raise ExpressionError(reason, text, position)
            if len(numbers) == most:
                raise ExpressionError(f"at most {most} numbers fit into {max_seq_len} tokens", text, position)
            numbers.append(int(piece))
            comma, after = False, position + len(piece)
        else:
            raise ExpressionError(f"expected a digit from 0 to 9, got {_short(piece)!r}", text, position)
        piece, position = next(pieces)
    if comma:
        raise ExpressionError("expected a digit after the comma", text, position)
    if len(numbers) < 2:
        raise ExpressionError(f"{operation} needs at least 2 numbers, got {len(numbers)}", text, after)
    if opened != (piece == ")"):
        reason = 'the bracket is never closed, expected ")"' if opened else 'there is no "(" to this ")"'
        raise ExpressionError(reason, text, position)
    piece, position = next(pieces)
    if piece:
        raise ExpressionError(f"the expression ended before {_short(piece)!r}", text, position)
    return operation, tuple(numbers), begin


def _pieces(text):
    """Yield (piece, position from 1): words, numbers, brackets, commas; ("", position) for ever at the end."""
    place = 0
    while (place := _SPACE.match(text, place).end()) < len(text):
        if not (match := _PIECE.match(text, place)):
            raise ExpressionError(_complaint(text[place]), text, place + 1)
        yield match.group(), place + 1
        place = match.end()
    yield from itertools.repeat(("", len(text) + 1))


def _operation(task, text, word, position):
    if operation := task.find(word):
        return operation.name
    known = ", ".join(task.names)
    if not word.isalpha():
        raise ExpressionError(f"expected an operation ({known}) before {_short(word)!r}", text, position)
    refuse_lookalike(text, word, position)
    close = difflib.get_close_matches(word[:12].capitalize(), task.names, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise UnknownOperation(word, f"{_short(word)!r} is not an operation ({known}){hint}", text, position)


def refuse_lookalike(text, word, position):
    """ExpressionError if a word goes on with a letter of another script that looks like one of ours: M, then а."""
    end = position - 1 + len(word)
    if text[end : end + 1] > "\x7f":
        raise ExpressionError(_complaint(text[end]), text, end + 1)


def _short(piece):
    return piece if len(piece) <= 12 else piece[:12] + "…"


def _complaint(character):
    """Why a character cannot be read, and what to type instead."""
    if character in "[]{}":
        return 'use round brackets "(" and ")"'
    if character in "-+.−":
        return "numbers are digits from 0 to 9, without sign or point"
    if character.isnumeric():  # true of every digit that int() or isdigit() would let through
        return f"write digits as 0 to 9, not as {unicodedata.name(character, 'this')}"
    return f"cannot read {unicodedata.name(character, f'U+{ord(character):04X}')}"
