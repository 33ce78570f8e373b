"""Expressions with answers, a line each, as people and spreadsheets write them: the reader of test sets and tables.

Text or CSV, separated by commas, semicolons or tabs. With a first line such as `expression,answer` the last column
always is the answer. Blank lines and lines that begin with # are passed over. A line that cannot be read is listed with
its number and the reason; the others count.
"""

import csv
import re
from typing import NamedTuple

_HEADER = re.compile(r"\W*(expressions?|questions?|inputs?|text)\b", re.IGNORECASE)


class BadLine(NamedTuple):
    number: int  # in the text, from 1
    text: str
    reason: str


def read_lines(text, read, most_lines, most_characters, with_answers=False):
    """→ (what `read(number, question, answer or None)` made of each line, [BadLine], number of lines left out).

    `read` raises a ValueError for a line that is wrong. `with_answers`: each line has one, header or not.
    """
    lines, bad, left_out, headed = [], [], 0, False
    rows = text[:most_characters].lstrip("\ufeff").splitlines()
    for number, row in enumerate(rows, start=1):
        row = row.strip()
        if not row or row.startswith("#"):
            continue
        if not lines and not bad and not headed and _HEADER.match(row):
            headed, with_answers = True, with_answers or len(_cells(row)) > 1
            continue
        if len(lines) + len(bad) >= most_lines:
            left_out = sum(1 for rest in map(str.strip, rows[number - 1 :]) if rest and not rest.startswith("#"))
            reason = f"at most {most_lines:,} lines are read; from here on {left_out:,} are left out"
            bad.append(BadLine(number, row[:80], reason))
            break
        try:
            lines.append(read(number, *_split(row, with_answers)))
        except ValueError as error:
            where = f"at character {error.position}: " if hasattr(error, "position") else ""
            bad.append(BadLine(number, row[:80], where + getattr(error, "reason", str(error))))
    if len(text) > most_characters:
        bad.append(BadLine(len(rows), "…", f"the text is cut here: at most {most_characters:,} characters"))
    return lines, bad, left_out


def digit(answer):
    """The text of an answer → 0 … 9. ValueError for anything else."""
    if not re.fullmatch(r"[0-9]", answer):
        raise ValueError(f"the expected answer is a digit from 0 to 9, got {answer[:20]!r}")
    return int(answer)


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
    elif with_answers and "," in row:
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
