"""A rule that somebody wrote, such as `max(x) - min(x)`: read with suspicion, proved before it is believed.

    x   the numbers, a list of 2 or more digits        n   how many they are
    + - * // % **   == != < <= > >= in   and or not   a if b else c   x[i], x[i:j]
    sum max min sorted len abs

Numbers are whole throughout, and `a > b` counts as 1 or 0. It is a language without loops, strings and attributes: its
cost is bounded by its length. simpleeval (https://github.com/danthedeckie/simpleeval) computes it, never `eval`.
"""

import ast
import itertools
import operator
import re
from functools import lru_cache

import numpy as np

MOST_CHARACTERS, DEEPEST, LARGEST_CONSTANT = 200, 20, 10**6
LARGEST, LARGEST_EXPONENT = 10**60, 64  # of what comes out on the way
PROVED_UP_TO = 4  # numbers: all 11,100 inputs. Of longer ones a sample
SAMPLE, LONGEST = 1_000, 47

_FUNCTIONS = {function.__name__: function for function in (sum, max, min, sorted, len, abs)}
_NAMES = ("x", "n")
_NODES = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Slice, ast.Load)
_NODES += (ast.And, ast.Or)
_COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Not: operator.not_,
}
_ARITHMETIC = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_SIGNS = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_INSTEAD = {
    ast.Div: "/ makes fractions, and an answer is a whole number: divide with //",
    ast.List: "a list cannot be written down; the numbers are x",
    ast.Tuple: "a formula gives one number, not several",
    ast.Attribute: "there are no attributes and no methods",
}


class FormulaError(ValueError):
    """A rule that cannot be used. `name` is that of the operation, `text` the rule, `reason` what is wrong with it."""

    def __init__(self, name, text, reason):
        self.name, self.text, self.reason = name, text, reason
        super().__init__(name, text, reason)  # what pickle rebuilds it from

    def __str__(self):
        return f"{_shown(self.name, 20)} = {_shown(self.text, 60)}: {self.reason}"


def answers(name, text, rows):
    """The rule `text` of the operation `name` on each of `rows`, tuples of digits → list of digits.

    Raises FormulaError with the first row for which no digit comes out, and what came out instead.
    """
    try:
        from simpleeval import InvalidExpression, SimpleEval  # a formula is the only thing that needs it
    except ImportError:
        raise FormulaError(name, text, "to compute a formula takes simpleeval: pip install simpleeval") from None
    tree, found = read(name, text), []
    evaluator = SimpleEval(_operators(), _FUNCTIONS, {})  # not shared: its names are those of one row
    for row in rows:
        evaluator.names = {"x": list(row), "n": len(row)}
        try:
            value = evaluator.eval(text, previously_parsed=tree)
        except (InvalidExpression, ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise FormulaError(name, text, f"{_said(error)}, {_where(name, row)}") from None
        if type(value) not in (int, bool) or not 0 <= value <= 9:
            raise FormulaError(name, text, f"{_where(name, row)} it is {_shown(value, 40)}, not a digit from 0 to 9")
        found.append(int(value))
    return found


@lru_cache(maxsize=256)
def prove(name, text):
    """Raises FormulaError unless a digit comes out: for all inputs of up to 4 numbers, and a sample of longer ones."""
    rng = np.random.default_rng(0)
    longer = (tuple(rng.integers(0, 10, n).tolist()) for n in rng.integers(PROVED_UP_TO + 1, LONGEST + 1, SAMPLE))
    every = (itertools.product(range(10), repeat=n) for n in range(2, PROVED_UP_TO + 1))
    answers(name, text, itertools.chain(*every, longer))


@lru_cache(maxsize=256)
def read(name, text):
    """The syntax tree of a rule. Raises FormulaError for what is no formula; nothing is computed."""
    if not isinstance(text, str) or not text.strip():
        raise FormulaError(name, text, "a rule is a formula such as max(x) - min(x)")
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(name, text, f"{len(text):,} characters, at most {MOST_CHARACTERS} are read")
    strange = next((c for c in text if not (c.isascii() and c.isprintable())), None)
    if strange is not None:
        raise FormulaError(name, text, f"it has the character {strange!a}; a formula is plain ASCII in one line")
    if written := re.search(r"[0-9][A-Za-z_.]\w*", text):  # 0x10, 1_0, 1e3, 1if
        raise FormulaError(name, text, f"{written.group()!r} is not a whole number in digits")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or "it is nested too deeply"
        place = f", character {error.offset}" if getattr(error, "offset", None) else ""
        raise FormulaError(name, text, f"it cannot be read: {reason}{place}") from None
    _check(tree, 0, lambda reason: FormulaError(name, text, reason))
    return tree


def _check(node, depth, refusal):
    """Raise `refusal(reason)` unless `node` and all below it belong to the language."""
    if depth > DEEPEST:
        raise refusal(f"it is nested more than {DEEPEST} deep")
    if isinstance(node, ast.Name) and node.id not in _NAMES:
        known = "a function, which is followed by (" if node.id in _FUNCTIONS else "not known"
        raise refusal(f"{_shown(node.id, 20)} is {known}; there are x, the numbers, and n, how many they are")
    if isinstance(node, ast.Constant):
        if type(node.value) not in (int, bool):
            raise refusal(f"{_shown(node.value, 20)} is not a whole number")
        if node.value > LARGEST_CONSTANT:
            raise refusal(f"numbers are written up to {LARGEST_CONSTANT:,}")
        return
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name not in _FUNCTIONS or node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise refusal(f"the functions are {', '.join(_FUNCTIONS)}, with plain arguments")
        parts = node.args
    elif isinstance(node, (*_NODES, *_COMPARISONS, *_ARITHMETIC, *_SIGNS, ast.Name)):
        parts = ast.iter_child_nodes(node)
    else:
        kind = type(node).__name__
        raise refusal(_INSTEAD.get(type(node)) or f"{kind} does not belong into a formula")
    for part in parts:
        _check(part, depth + 1, refusal)


def _operators():
    numeric = {kind: _on_numbers(function) for kind, function in (_ARITHMETIC | _SIGNS).items()}
    return _COMPARISONS | numeric | {ast.Pow: _power}


def _on_numbers(function):
    """`function` for whole numbers only, as + and * also take lists; what is too large ends here."""

    def compute(*numbers):
        for number in numbers:
            if not isinstance(number, int):
                raise TypeError("it reckons with a list where a number belongs")
        value = function(*numbers)
        if not -LARGEST <= value <= LARGEST:
            raise OverflowError("a number grows too large on the way")
        return value

    return compute


def _power(base, exponent):
    if isinstance(exponent, int) and not 0 <= exponent <= LARGEST_EXPONENT:
        raise OverflowError(f"an exponent is from 0 to {LARGEST_EXPONENT}, got {_shown(exponent, 20)}")
    return _on_numbers(operator.pow)(base, exponent)


def _said(error):
    """What an evaluation stumbled on, in words."""
    if isinstance(error, ZeroDivisionError):
        return "it divides by zero"
    if isinstance(error, LookupError):
        return "it asks for a number at a place that is not there"
    return _shown(str(error) or type(error).__name__, 80)


def _where(name, row):
    return f"for {_shown(name, 20)} ( {' '.join(map(str, row))} )"


def _shown(value, longest):
    text = value if isinstance(value, str) else repr(value)
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: longest + 1])
    return text if len(text) <= longest else text[:longest] + "…"
