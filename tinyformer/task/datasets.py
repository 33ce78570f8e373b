"""Expressions to learn from: drawn at random, split without a leak, padded into batches, and all there are.

The side of an expression (train, validation, test) is a keyed hash of the expression and the `data_seed`. So it is
defined for every expression, drawn or not, at any length, and no expression is ever on two sides.

>>> [len(part) for part in split_dataset(generate_tokenized_dataset(1000, num_args=(2, 6)))]
[802, 102, 96]
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyformer.task.expressions import FRAME, Expression
from tinyformer.task.task import DEFAULT_TASK, OPERATIONS, Task
from tinyformer.task.vocabulary import CLOSE, COMMA, DIGITS, OPEN, PAD, VOCABULARY

DATA_SEED, MAX_SEED = 0, 2**63 - 1
SIDES = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)
_COMMA = bytes([COMMA])


def generate_tokenized_dataset(num_examples, num_args=3, max_value=9, seed=DATA_SEED, task=DEFAULT_TASK):
    """Draw expressions with replacement → [(token ids, answer id), …], in random order: `draw`, as lists."""
    tokens, targets = draw(num_examples, num_args, max_value, seed, task)
    lengths = (tokens != PAD).sum(axis=1).tolist()
    rows = zip(tokens.tolist(), lengths, targets.tolist(), strict=True)
    return [(row[:length], answer) for row, length, answer in rows]


def draw(num_examples, num_args=3, max_value=9, seed=DATA_SEED, task=DEFAULT_TASK):
    """Draw expressions of a Task with replacement, in random order → tokens (N, T) padded, targets (N,), both uint8.

    `num_args`: how many numbers, or a range (fewest, most), drawn evenly; of a table, its rows are drawn evenly.
    Operations are balanced: their counts differ by at most one,
    those apart whose table has no expression of such lengths. Raises ValueError for numbers above 9, since an answer
    is one token, for anything not whole, and for a table whose numbers are larger; FormulaError where a rule that
    somebody wrote gives no digit.
    """
    is_range = isinstance(num_args, tuple | list) and len(num_args) == 2
    fewest, most = num_args if is_range else (num_args, num_args)
    if not (_is_whole(fewest) and _is_whole(most) and 2 <= fewest <= most):
        raise ValueError(f"num_args must be a whole number from 2 on, or a range such as (2, 6), got {num_args!r}")
    _require_whole("num_examples", num_examples, 1, 10**9)
    _require_whole("max_value", max_value, 1, 9, " because an answer is one token")
    _require_whole("seed", seed, 0, MAX_SEED)
    rng = np.random.default_rng(seed)
    asked = np.array([i for i, op in enumerate(task.operations) if op.has_lengths(fewest, most)])
    if not len(asked):
        raise ValueError(f"no table has an expression of {fewest} to {most} numbers")
    operations = asked[rng.permutation(np.arange(num_examples) % len(asked))]
    lengths = rng.integers(fewest, most + 1, num_examples)
    numbers = rng.integers(0, max_value + 1, (num_examples, most)).astype(np.uint8)
    for index, operation in enumerate(task.operations):
        if operation.is_listed and index in asked:
            rows, counts = _listed(operation, fewest, most, max_value)
            where = np.flatnonzero(operations == index)
            chosen = rng.integers(0, len(rows), len(where))
            numbers[where], lengths[where] = rows[chosen], counts[chosen]
    tokens = _tokens(task, operations, numbers, lengths)
    first, each = distinct_rows(tokens)  # a question is answered once, however often it is drawn
    answers = answers_of(operations[first], numbers[first], lengths[first], task)
    return tokens, (answers + DIGITS[0]).astype(np.uint8)[each]


def answers_of(operations, numbers, lengths=None, task=DEFAULT_TASK):
    """Right answers, digits (N,), to `operations` (N,) on `numbers` (N, n), of which the first `lengths` (N,) count."""
    counts = np.full(len(numbers), numbers.shape[1]) if lengths is None else lengths
    answers = np.zeros(len(numbers), np.int64)
    for index, operation in enumerate(task.operations):
        where = np.flatnonzero(operations == index)
        rows = zip(numbers[where].tolist(), counts[where].tolist(), strict=True)
        answers[where] = operation.answers([tuple(row[:count]) for row, count in rows])
    return answers


def distinct_rows(tokens):
    """tokens (N, T) uint8 → the places of the different rows, where each first occurs, and (N,) which of these it is.

    Different rows are in no order that means anything.
    """
    width = -(-tokens.shape[1] // 8) * 8
    wide = np.zeros((len(tokens), width), np.uint8)
    wide[:, : tokens.shape[1]] = tokens
    keys = wide.view(np.uint64 if width == 8 else f"S{width}").ravel()  # 8 tokens are one number: quick to sort
    _, first, each = np.unique(keys, return_index=True, return_inverse=True)
    return first, each


def side_of(expression, data_seed=DATA_SEED, shares=SHARES, task=DEFAULT_TASK):
    """The side of an Expression, or of its token ids in a task: "train", "validation" or "test".

    Commas do not change it, nor does the task: an operation beyond the 20 tokens goes by its name, not by its id.
    Raises ValueError for shares that do not sum to 1, for ids outside the vocabulary, for no ids at all.
    """
    if isinstance(expression, Expression):
        expression, task = expression.tokens, expression.task
    return SIDES[_side(list(expression), _split_rule(data_seed, tuple(shares)), task)]


def sides_of(tokens, data_seed=DATA_SEED, shares=SHARES, task=DEFAULT_TASK):
    """tokens (N, T) padded → (N,) index into SIDES of each row."""
    rule, lengths = _split_rule(data_seed, tuple(shares)), (tokens != PAD).sum(axis=1).tolist()
    rows = zip(tokens.tolist(), lengths, strict=True)
    return np.array([_side(row[:length], rule, task) for row, length in rows], np.int64)


def _side(ids, rule, task):
    keyed, *borders = rule
    try:
        text = bytes(ids).translate(None, _COMMA)
    except (TypeError, ValueError):
        text = b""
    if not text or not max(ids) < task.vocab_size:
        raise ValueError(f"an expression has tokens with ids in 0…{task.vocab_size - 1}, got {str(ids)[:60]}")
    if max(ids) >= len(VOCABULARY):
        text = b"".join(task.vocabulary[i].lower().encode() if i >= len(VOCABULARY) else bytes([i]) for i in text)
    hasher = keyed.copy()
    hasher.update(text)
    place = int.from_bytes(hasher.digest(), "big") / 2**64  # even in [0, 1)
    return (place >= borders[0]) + (place >= borders[1])


@lru_cache(maxsize=64, typed=True)  # keying costs more than hashing
def _split_rule(data_seed, shares):
    """(the hash with its key in it, end of train, end of validation)."""
    _require_whole("data_seed", data_seed, 0, MAX_SEED)
    if len(shares) != 3 or not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be three numbers from 0 on that sum to 1, got {shares}")
    return hashlib.blake2b(digest_size=8, key=str(data_seed).encode()), shares[0], shares[0] + shares[1]


def split_dataset(dataset, data_seed=DATA_SEED, shares=SHARES, task=DEFAULT_TASK):
    """Split [(token ids, answer id), …] by expression into (train, validation, test), of about these shares."""
    sides = {side: [] for side in SIDES}
    for example in dataset:
        sides[side_of(example[0], data_seed, shares, task)].append(example)
    return tuple(sides.values())


def create_batch(examples, task=DEFAULT_TASK):
    """[(token ids, answer id), …] → inputs (B, T) padded with [PAD], targets (B,), mask (B, T), True = a token.

    Raises ValueError if there is no example, one without tokens, or an id outside the vocabulary.
    """
    lengths = np.array([len(tokens) for tokens, _ in examples])
    if not len(lengths) or not lengths.all():
        raise ValueError("a batch needs at least one example, and an example at least one token")
    tokens = np.array([token for tokens, _ in examples for token in tokens])
    targets = np.array([answer for _, answer in examples])
    for name, ids in (("token", tokens), ("answer", targets)):
        wrong = ids if ids.dtype.kind not in "iu" else ids[(ids < 0) | (ids >= task.vocab_size)]
        if len(wrong):
            raise ValueError(f"{name} ids must be whole numbers in 0…{task.vocab_size - 1}, got {wrong.flat[0]!s:.60}")
    mask = np.arange(lengths.max()) < lengths[:, None]
    inputs = np.full(mask.shape, PAD)
    inputs[mask] = tokens
    return inputs, targets, mask


class ExpressionSpace(NamedTuple):
    """Every expression of a task with n numbers, 10ⁿ of each rule and all of each table, as read-only arrays."""

    tokens: np.ndarray  # (N, T) with T = n + 3
    targets: np.ndarray  # (N,) id of the answer
    operations: np.ndarray  # (N,) index into `names`
    numbers: np.ndarray  # (N, n) digits
    sides: np.ndarray  # (N,) index into SIDES
    names: tuple[str, ...] = OPERATIONS  # of the operations, in the order of the space
    task: Task = DEFAULT_TASK


def expression_space(num_args=3, data_seed=DATA_SEED, shares=SHARES, task=DEFAULT_TASK):
    """All expressions of `num_args` numbers → ExpressionSpace, by operation, then by numbers. At most 4: 10⁴ each.

    Longer ones only of a task whose operations are all listed in tables. Raises ValueError where there are none.
    """
    if len(task.listed) < len(task.operations):
        _require_whole("num_args", num_args, 2, 4, " to list the whole space (draw longer expressions)")
    return _expression_space(int(num_args), data_seed, tuple(shares), task)


@lru_cache(maxsize=8, typed=True)
def _expression_space(num_args, data_seed, shares, task):
    listed = [
        operation.listed(num_args, num_args)[0] if operation.is_listed else _every(num_args)
        for operation in task.operations
    ]
    return _space_of(listed, data_seed, shares, task)


def drawn_space(num_args, count, seed=0, task=DEFAULT_TASK):
    """As `expression_space`, of any length: `count` expressions of each rule, drawn at random, and all of a table."""
    rng = np.random.default_rng(seed)
    drawn = [
        operation.listed(num_args, num_args)[0] if operation.is_listed else rng.integers(0, 10, (count, num_args))
        for operation in task.operations
    ]
    return _space_of(drawn, DATA_SEED, SHARES, task)


def _space_of(listed, data_seed, shares, task):
    """ExpressionSpace of the rows of numbers of each operation."""
    operations = np.repeat(np.arange(len(listed)), [len(rows) for rows in listed])
    numbers = np.concatenate(listed)
    num_args = numbers.shape[1]
    if not len(numbers):
        raise ValueError(f"no table has an expression of {num_args} numbers")
    tokens = _tokens(task, operations, numbers, np.full(len(numbers), num_args)).astype(np.int64)
    sides = sides_of(tokens, data_seed, shares, task)
    targets = answers_of(operations, numbers, task=task) + DIGITS[0]
    space = ExpressionSpace(tokens, targets, operations, numbers, sides, task.names, task)
    for array in space[:5]:
        array.flags.writeable = False  # it is shared through the cache
    return space


def _every(num_args):
    return np.indices([10] * num_args).reshape(num_args, -1).T


@lru_cache(maxsize=8)
def _listed(operation, fewest, most, max_value):
    """`operation.listed`, of which there has to be something."""
    numbers, lengths = operation.listed(fewest, most, max_value)
    if not len(numbers):
        raise ValueError(f"the table of {operation.name} has no expression of numbers up to {max_value} alone")
    return numbers, lengths


def _tokens(task, operations, numbers, lengths):
    """Expression.tokens of every row, padded: operations (N,), numbers (N, n), lengths (N,) → (N, n + 3) uint8."""
    place, count = np.arange(numbers.shape[1] + 1), lengths[:, None]
    tokens = np.full((len(numbers), numbers.shape[1] + FRAME), PAD, np.uint8)
    tokens[:, 0], tokens[:, 1] = task.name_ids[operations], OPEN
    tokens[:, 2:-1] = np.where(place[:-1] < count, numbers + DIGITS[0], PAD)
    tokens[:, 2:][place == count] = CLOSE
    return tokens


def _require_whole(name, value, low, high, reason=""):
    if not _is_whole(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}{reason}, got {value!r}")


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
