"""Expressions with answers, a line each, as people and spreadsheets write them: the reader of test sets and tables.

Text or CSV, separated by commas, semicolons or tabs. A first line such as `id,answer,expression` names the columns, in
any order; without one the answer stands behind the expression. Blank lines and lines that begin with # are passed over.
A line that cannot be read is listed with its number and the reason; the others count.
"""

import csv
import re
from typing import NamedTuple

_QUESTION = re.compile(r"\W*(expression|question|input|text)s?\b", re.IGNORECASE)
_ANSWER = re.compile(r"answer|expected|target|label|output|result", re.IGNORECASE)
_KEY = re.compile(r"\W*(id|key|index|row|line|no|nr|number)?\W*", re.IGNORECASE)


class BadLine(NamedTuple):
    number: int  # in the text, from 1
    text: str
    reason: str


def read_lines(text, read, most_lines, most_characters, with_answers=False):
    """→ (what `read(number, question, answer or None)` made of each line, [BadLine], number of lines left out).

    `read` raises a ValueError for a line that is wrong. `with_answers`: each line has one, header or not.
    """
    lines, bad, left_out, columns = [], [], 0, None
    rows = text[:most_characters].lstrip("\ufeff").splitlines()
    for number, row in enumerate(rows, start=1):
        row = row.strip()
        if not row or row.startswith("#"):
            continue
        if not lines and not bad and not columns and (columns := _headings(_cells(row))):
            with_answers = with_answers or columns.answer is not None
            continue
        if len(lines) + len(bad) >= most_lines:
            left_out = sum(1 for rest in map(str.strip, rows[number - 1 :]) if rest and not rest.startswith("#"))
            reason = f"at most {most_lines:,} lines are read; from here on {left_out:,} are left out"
            bad.append(BadLine(number, row[:80], reason))
            break
        try:
            lines.append(read(number, *_split(row, columns, with_answers)))
        except ValueError as error:
            where = f"at character {error.position}: " if hasattr(error, "position") else ""
            bad.append(BadLine(number, row[:80], where + getattr(error, "reason", str(error))))
    if len(text) > most_characters:
        bad.append(BadLine(len(rows), "…", f"the text is cut here: at most {most_characters:,} characters"))
    return lines, bad, left_out


def digit(answer):
    """The text of an answer → 0 … 9; a spreadsheet may write 9.0. ValueError for anything else."""
    if not re.fullmatch(r"[0-9](\.0*)?", answer):
        raise ValueError(f"the expected answer is a digit from 0 to 9, got {answer[:20]!r}")
    return int(answer[0])


class _Columns(NamedTuple):
    number: int
    question: int
    answer: int | None


def _headings(cells):
    """What a first line says of the columns → _Columns; None if it is a line like any other."""
    question = next((i for i, cell in enumerate(cells) if _QUESTION.match(cell)), None)
    if question is None or any(re.search("[0-9]", cell) for cell in cells):
        return None
    others = [i for i in range(len(cells)) if i != question]
    named = [i for i in others if _ANSWER.search(cells[i])]
    last = [i for i in others if not _KEY.fullmatch(cells[i])][-1:]
    return _Columns(len(cells), question, next(iter(named or last), None))


def _split(row, columns, with_answers):
    """A line → (expression, expected answer or None)."""
    cells = _cells(row)
    if columns is None and re.search('[("\t;]', row):
        question, answer = _by_content(cells)
    elif columns is None and not with_answers:
        question, answer = row, None
    else:
        number, place, answer_place = columns or _Columns(2, 0, 1)
        more = max(0, len(cells) - number)  # an expression without brackets has commas of its own
        cells[place : place + more + 1] = [",".join(cells[place : place + more + 1])]
        question, answer = ("" if i is None else cells[i] if i < len(cells) else "" for i in (place, answer_place))
    if with_answers and not answer:
        raise ValueError("the expected answer is missing")
    return question, answer or None


def _by_content(cells):
    """The expression is what has a bracket, or else a letter; behind it stands the answer."""
    has_letter = [i for i, cell in enumerate(cells) if any(map(str.isalpha, cell))]
    place = next((i for i, cell in enumerate(cells) if "(" in cell), (has_letter or [0])[0])
    answers = cells[place + 1 :]
    while answers and not answers[-1]:
        answers.pop()
    if len(answers) > 1 or (place and not answers):
        raise ValueError("which column is the answer? A first line such as id,answer,expression says it")
    return cells[place], answers[0] if answers else None


def _cells(row):
    """A line of CSV, separated by tabs, semicolons or commas outside of brackets, as stripped cells."""
    delimiter = next((mark for mark in "\t;" if mark in row), ",")
    inside = re.sub(r"\([^()\"]*", lambda bracket: bracket[0].replace(delimiter, "\0"), row)
    try:
        cells = next(csv.reader([inside], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return [row]
    return [cell.replace("\0", delimiter).strip() for cell in cells]
