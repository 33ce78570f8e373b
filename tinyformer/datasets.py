"""Expressions to learn from: drawn at random, split without a leak, padded into batches, and all there are.

The side of an expression (train, validation, test) is a keyed hash of the expression and the `data_seed`. So it is
defined for every expression, drawn or not, at any length, and no expression is ever on two sides.
"""

import hashlib
from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from tinyformer.expressions import OPERATIONS, Expression
from tinyformer.vocabulary import COMMA, DIGITS, PAD, VOCABULARY

DATA_SEED = 0
SIDES = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)


def generate_tokenized_dataset(num_examples, num_args=3, max_value=9, seed=DATA_SEED):
    """Draw expressions with replacement → [(token ids, answer id), …], in random order.

    `num_args`: how many numbers, or a range (fewest, most), drawn evenly. Operations are balanced: their counts differ
    by at most one. Raises ValueError for numbers above 9, since an answer is one token.
    """
    bounds = (num_args, num_args) if _is_whole(num_args) else num_args
    if not (isinstance(bounds, tuple | list) and len(bounds) == 2 and all(map(_is_whole, bounds))):
        raise ValueError(f"num_args must be a whole number or a range such as (2, 6), got {num_args!r}")
    fewest, most = bounds
    if not 2 <= fewest <= most:
        raise ValueError(f"num_args must be at least 2 and in order, got {num_args!r}")
    if not _is_whole(num_examples) or num_examples < 1:
        raise ValueError(f"num_examples must be a whole number from 1 on, got {num_examples!r}")
    if not _is_whole(max_value) or not 0 <= max_value <= 9:
        raise ValueError(f"max_value must lie in 0…9 because an answer is one token, got {max_value!r}")
    rng = np.random.default_rng(seed)
    operations = rng.permutation(np.arange(num_examples) % len(OPERATIONS))
    lengths = rng.integers(fewest, most + 1, num_examples)
    numbers = rng.integers(0, max_value + 1, (num_examples, most)).tolist()
    expressions = (
        Expression(OPERATIONS[operation], tuple(row[:length]))
        for operation, row, length in zip(operations.tolist(), numbers, lengths.tolist(), strict=True)
    )
    return [(expression.tokens, expression.answer_token) for expression in expressions]


def side_of(expression, data_seed=DATA_SEED, shares=SHARES):
    """ "train", "validation" or "test": the side of an Expression, or of its token ids. Commas do not change it."""
    tokens = expression.tokens if isinstance(expression, Expression) else expression
    content = bytes(int(token) for token in tokens if token != COMMA)
    digest = hashlib.blake2b(content, digest_size=8, key=str(data_seed).encode()).digest()
    place = int.from_bytes(digest, "big") / 2**64  # even in [0, 1)
    if place < shares[0]:
        return "train"
    return "validation" if place < shares[0] + shares[1] else "test"


def split_dataset(dataset, data_seed=DATA_SEED, shares=SHARES):
    """Split [(token ids, answer id), …] by expression into (train, validation, test), of about these shares."""
    sides = {side: [] for side in SIDES}
    for example in dataset:
        sides[side_of(example[0], data_seed, shares)].append(example)
    return tuple(sides.values())


def create_batch(examples):
    """[(token ids, answer id), …] → inputs (B, T) padded with [PAD], targets (B,), mask (B, T), True = a token.

    Raises ValueError if there is no example, or an id outside the vocabulary.
    """
    if not len(examples):
        raise ValueError("a batch needs at least one example")
    lengths = np.array([len(tokens) for tokens, _ in examples])
    mask = np.arange(lengths.max()) < lengths[:, None]
    inputs = np.full(mask.shape, PAD)
    inputs[mask] = [token for tokens, _ in examples for token in tokens]
    targets = np.array([answer for _, answer in examples])
    for name, ids in (("token", inputs), ("answer", targets)):
        if ids.min() < 0 or ids.max() >= len(VOCABULARY):
            raise ValueError(f"{name} ids must lie in 0…{len(VOCABULARY) - 1}, got {ids.min()}…{ids.max()}")
    return inputs, targets, mask


class ExpressionSpace(NamedTuple):
    """Every expression with a given number of numbers, N = 5 · 10ⁿ, as read-only arrays."""

    tokens: np.ndarray  # (N, T) with T = n + 3
    targets: np.ndarray  # (N,) id of the answer
    operations: np.ndarray  # (N,) index into OPERATIONS
    numbers: np.ndarray  # (N, n) digits
    sides: np.ndarray  # (N,) index into SIDES


@lru_cache(maxsize=8)
def expression_space(num_args=3, data_seed=DATA_SEED, shares=SHARES):
    """All expressions of `num_args` numbers → ExpressionSpace, by operation, then by numbers. At most 4: 50,000."""
    if not _is_whole(num_args) or not 2 <= num_args <= 4:
        raise ValueError(f"the whole space is listed for 2 to 4 numbers, got {num_args!r}; draw longer ones")
    numbers = np.array(list(product(range(10), repeat=num_args)))
    answers = np.stack([numbers[:, 0], numbers[:, 1], numbers[:, -1], numbers.max(axis=1), numbers.min(axis=1)])
    operations = np.repeat(np.arange(len(OPERATIONS)), len(numbers))
    numbers = np.tile(numbers, (len(OPERATIONS), 1))
    tokens = np.empty((len(numbers), num_args + 3), int)
    tokens[:] = Expression("First", (0,) * num_args).tokens  # the brackets
    tokens[:, 0] += operations  # the operations have consecutive ids
    tokens[:, 2:-1] = numbers + DIGITS[0]
    sides = np.array([SIDES.index(side_of(row, data_seed, shares)) for row in tokens.tolist()])
    space = ExpressionSpace(tokens, answers.ravel() + DIGITS[0], operations, numbers, sides)
    for array in space:
        array.flags.writeable = False  # it is shared through the cache
    return space


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
