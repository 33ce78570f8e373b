"""The prompt of `predict`: an answer to each line, with patience for how it was typed."""

import difflib
import re
import sys
import time
from contextlib import suppress

import numpy as np

from tinyformer import ExpressionError
from tinyformer.checkpoints.questions import question_for
from tinyformer.cli import answers, results
from tinyformer.cli.tables import percent
from tinyformer.cli.terminal import explain, one_line, paint, say, typed, width
from tinyformer.cli.walk import show_maps
from tinyformer.evaluation.report import whole_space
from tinyformer.task.datasets import SIDES

HELP = """\
  {example:<14} an answer; the operations are {operations}
  attention      where every head looks, for the last expression
  test           all held-out expressions of {length} digits
  help           this
  quit           or Ctrl-D"""
NUMBERS = {2: "two", 3: "three", 4: "four"}
PROMPT = "> "
FILLERS = re.compile("of|the|and|or|is|whats?|s|a|in|from|numbers?|digit|please", re.IGNORECASE)
SYNONYMS = dict.fromkeys(("maximum", "largest", "biggest", "highest"), "Max")
SYNONYMS |= dict.fromkeys(("minimum", "smallest", "lowest", "least"), "Min")
SYNONYMS |= {"final": "Last", "end": "Last", "start": "First"}


def run(checkpoint):
    """Answer what is typed, or each line of a file that is not a terminal → exit status."""
    if not sys.stdin.isatty():
        return answer_lines(checkpoint, sys.stdin)
    with suppress(ImportError):
        import readline  # noqa: F401  editing and history in input()
    example, last = _example(checkpoint.task), None
    print(f"{paint(checkpoint.name, 'bold')} listens. Type an expression such as {example}, or help, or quit.")
    while True:
        try:
            line = typed(PROMPT)
        except EOFError:
            return 0
        word = line.strip().lower().rstrip("()")
        if word in ("quit", "exit", "q", "bye"):
            return 0
        if word in ("help", "h", "?"):
            names, digits = " and ".join(", ".join(checkpoint.task.names).rsplit(", ", 1)), checkpoint.task.space_length
            print(HELP.format(example=example, operations=names, length=NUMBERS.get(digits, digits)))
        elif word == "test":
            self_test(checkpoint)
        elif word == "attention" and last is None:
            print(f"  of what? Type an expression first, such as {example}")
        elif word == "attention":
            show_maps(checkpoint.model, last)
        elif word:
            last = answer(checkpoint, line) or last


def _example(task):
    """An expression that the task has, as one types it."""
    name = "Max" if "Max" in task.names else task.names[0]
    operation, length = task.find(name), task.space_length
    rows = operation.listed(2, 999)[0] if operation.is_listed else [(5, 3, 9, 2)[:length]]
    lengths = operation.lengths or (length,)
    return f"{name.lower()} {' '.join(map(str, rows[0][: lengths[0]]))}"


def answer(checkpoint, line):
    """Print what the model says to a line → the Expression, or None if it was none."""
    try:
        expression = understand(line, checkpoint)
    except ExpressionError as error:
        column = len(PROMPT) + error.position - 1
        if column < width():
            print(" " * column + paint("^", "yellow"))  # under the character
        explain(one_line(error.reason))
        return None
    p = answers.probabilities(checkpoint.model, expression)
    said, second = np.argsort(-p, kind="stable")[:2]
    next_word = expression.task.vocabulary[second]
    sure = f"{percent(float(p[said]), 2)} sure, next {next_word} with {percent(float(p[second]), 2)}"
    print(f"  {expression} = {answers.verdict(p, expression)}")
    print(paint(f"  {sure}; {answers.side(checkpoint, expression)}", "dim"))
    return expression


def understand(line, checkpoint):
    """An Expression, also from `maximum of 5, 3 and 9?` or `frist 1 2`. ExpressionError if even that fails."""
    try:
        return question_for(line, checkpoint)
    except ExpressionError:
        words = [word for word in re.findall(r"[A-Za-z]+", line) if not FILLERS.fullmatch(word)]
        operation = _operation_meant(words[0], checkpoint.task) if len(words) == 1 else None
        if operation is None or re.search(r"[^A-Za-z0-9\s(),:;=?!]", line):
            raise
        return question_for(f"{operation} {' '.join(re.findall('[0-9]+', line))}", checkpoint)


def _operation_meant(word, task):
    """The operation of a Task that a word stands for or nearly spells, or None."""
    known = {word: name for word, name in SYNONYMS.items() if name in task.names}
    known |= {name.lower(): name for name in task.names}
    close = difflib.get_close_matches(word.lower(), known, 1, cutoff=0.75)
    return known[close[0]] if close else None


def answer_lines(checkpoint, lines):
    """One line of output for each expression; lines that are none are named at standard error → exit status."""
    status = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            expression = question_for(line.strip(), checkpoint)
        except ExpressionError as error:
            say(f"error: line {number}: {error}")
            status = 2
            continue
        said = answers.probabilities(checkpoint.model, expression).argmax()
        print(f"{expression} = {checkpoint.task.vocabulary[said]}")
    return status


def self_test(checkpoint):
    """All held-out expressions of three digits."""
    begin = time.perf_counter()
    evaluation, sides = whole_space(checkpoint)
    test, train = (evaluation.select(sides == SIDES.index(side)) for side in ("test", "train"))
    seconds = time.perf_counter() - begin
    right = f"{test.correct.sum()} of {len(test)} held-out expressions right"
    print(f"  {right}. Asked all {len(evaluation):,} in {seconds:.2f} s.")
    results.per_operation(test, train)
    results.mistakes(test)
