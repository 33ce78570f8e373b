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

from tinyformer.task.expressions import FRAME, OPERATIONS, Expression
from tinyformer.task.vocabulary import CLOSE, COMMA, DIGITS, OPEN, PAD, VOCABULARY

DATA_SEED, MAX_SEED = 0, 2**63 - 1
SIDES = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)
_COMMA, _IDS = bytes([COMMA]), frozenset(range(len(VOCABULARY)))


def generate_tokenized_dataset(num_examples, num_args=3, max_value=9, seed=DATA_SEED):
    """Draw expressions with replacement → [(token ids, answer id), …], in random order.

    `num_args`: how many numbers, or a range (fewest, most), drawn evenly. Operations are balanced: their counts differ
    by at most one. Raises ValueError for numbers above 9, since an answer is one token, and for anything not whole.
    """
    is_range = isinstance(num_args, tuple | list) and len(num_args) == 2
    fewest, most = num_args if is_range else (num_args, num_args)
    if not (_is_whole(fewest) and _is_whole(most) and 2 <= fewest <= most):
        raise ValueError(f"num_args must be a whole number from 2 on, or a range such as (2, 6), got {num_args!r}")
    _require_whole("num_examples", num_examples, 1, 10**9)
    _require_whole("max_value", max_value, 1, 9, " because an answer is one token")
    _require_whole("seed", seed, 0, MAX_SEED)
    rng = np.random.default_rng(seed)
    operations = rng.permutation(np.arange(num_examples) % len(OPERATIONS))
    lengths = rng.integers(fewest, most + 1, num_examples)
    numbers = rng.integers(0, max_value + 1, (num_examples, most))
    tokens = _tokens(operations, numbers)
    tokens[np.arange(num_examples), lengths + 2] = CLOSE
    answers = answers_of(operations, numbers, lengths) + DIGITS[0]
    rows = zip(tokens.tolist(), (lengths + FRAME).tolist(), answers.tolist(), strict=True)
    return [(row[:length], answer) for row, length, answer in rows]


def answers_of(operations, numbers, lengths=None):
    """Right answers, digits (N,), to `operations` (N,) on `numbers` (N, n), of which the first `lengths` (N,) count."""
    row, place = np.arange(len(numbers)), np.arange(numbers.shape[1])
    count = np.full(len(row), len(place)) if lengths is None else lengths
    first, second, last = numbers[:, 0], numbers[:, 1], numbers[row, count - 1]
    counted = np.where(place < count[:, None], numbers, first[:, None])  # one more first changes neither max nor min
    return np.stack([first, second, last, counted.max(axis=1), counted.min(axis=1)])[operations, row]


def side_of(expression, data_seed=DATA_SEED, shares=SHARES):
    """The side of an Expression, or of its token ids: "train", "validation" or "test". Commas do not change it.

    Raises ValueError for shares that do not sum to 1, for ids outside the vocabulary, for no ids at all.
    """
    tokens = expression.tokens if isinstance(expression, Expression) else expression
    keyed, *borders = _split_rule(data_seed, tuple(shares))
    if not len(tokens) or not _IDS.issuperset(tokens):
        raise ValueError(f"an expression has tokens with ids in 0…{len(VOCABULARY) - 1}, got {str(tokens)[:60]}")
    hasher = keyed.copy()
    hasher.update(bytes(list(tokens)).translate(None, _COMMA))  # a list, for of an array bytes would take the memory
    place = int.from_bytes(hasher.digest(), "big") / 2**64  # even in [0, 1)
    return SIDES[(place >= borders[0]) + (place >= borders[1])]


@lru_cache(maxsize=64, typed=True)  # keying costs more than hashing
def _split_rule(data_seed, shares):
    """(the hash with its key in it, end of train, end of validation)."""
    _require_whole("data_seed", data_seed, 0, MAX_SEED)
    if len(shares) != 3 or not all(0 <= share <= 1 for share in shares) or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"shares must be three numbers from 0 on that sum to 1, got {shares}")
    return hashlib.blake2b(digest_size=8, key=str(data_seed).encode()), shares[0], shares[0] + shares[1]


def split_dataset(dataset, data_seed=DATA_SEED, shares=SHARES):
    """Split [(token ids, answer id), …] by expression into (train, validation, test), of about these shares."""
    sides = {side: [] for side in SIDES}
    for example in dataset:
        sides[side_of(example[0], data_seed, shares)].append(example)
    return tuple(sides.values())


def create_batch(examples):
    """[(token ids, answer id), …] → inputs (B, T) padded with [PAD], targets (B,), mask (B, T), True = a token.

    Raises ValueError if there is no example, one without tokens, or an id outside the vocabulary.
    """
    lengths = np.array([len(tokens) for tokens, _ in examples])
    if not len(lengths) or not lengths.all():
        raise ValueError("a batch needs at least one example, and an example at least one token")
    tokens = np.array([token for tokens, _ in examples for token in tokens])
    targets = np.array([answer for _, answer in examples])
    for name, ids in (("token", tokens), ("answer", targets)):
        wrong = ids if ids.dtype.kind not in "iu" else ids[(ids < 0) | (ids >= len(VOCABULARY))]
        if len(wrong):
            raise ValueError(f"{name} ids must be whole numbers in 0…{len(VOCABULARY) - 1}, got {wrong.flat[0]!s:.60}")
    mask = np.arange(lengths.max()) < lengths[:, None]
    inputs = np.full(mask.shape, PAD)
    inputs[mask] = tokens
    return inputs, targets, mask


class ExpressionSpace(NamedTuple):
    """Every expression with a given number of numbers, N = 5 · 10ⁿ, as read-only arrays."""

    tokens: np.ndarray  # (N, T) with T = n + 3
    targets: np.ndarray  # (N,) id of the answer
    operations: np.ndarray  # (N,) index into `names`
    numbers: np.ndarray  # (N, n) digits
    sides: np.ndarray  # (N,) index into SIDES
    names: tuple[str, ...] = OPERATIONS  # of the operations, in the order of the space


def expression_space(num_args=3, data_seed=DATA_SEED, shares=SHARES):
    """All expressions of `num_args` numbers → ExpressionSpace, by operation, then by numbers. At most 4: 50,000."""
    _require_whole("num_args", num_args, 2, 4, " to list the whole space (draw longer expressions)")
    return _expression_space(int(num_args), data_seed, tuple(shares))


@lru_cache(maxsize=8, typed=True)
def _expression_space(num_args, data_seed, shares):
    operations, *digits = np.indices((len(OPERATIONS), *[10] * num_args)).reshape(num_args + 1, -1)
    numbers = np.stack(digits, axis=1)
    tokens = _tokens(operations, numbers)
    sides = np.array([SIDES.index(side_of(row, data_seed, shares)) for row in tokens.tolist()])
    space = ExpressionSpace(tokens, answers_of(operations, numbers) + DIGITS[0], operations, numbers, sides)
    for array in space[:5]:
        array.flags.writeable = False  # it is shared through the cache
    return space


def _tokens(operations, numbers):
    """Expression.tokens of every row: operations (N,), numbers (N, n) → (N, n + 3)."""
    names = np.array([VOCABULARY.index(name) for name in OPERATIONS])[operations]
    return np.column_stack([names, np.full_like(names, OPEN), numbers + DIGITS[0], np.full_like(names, CLOSE)])


def _require_whole(name, value, low, high, reason=""):
    if not _is_whole(value) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}{reason}, got {value!r}")


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
