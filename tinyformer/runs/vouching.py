"""What vouches for the metric log: digests of its rows, a few at a time, kept in the state that is written after them.

A byte of the log that was altered is told by the digest of its rows, and the others are as good as before.
"""

import hashlib
from array import array
from typing import NamedTuple

import numpy as np

STEPS_AT_A_TIME, EPOCHS_AT_A_TIME = 64, 1  # rows that have a digest together
NOBODY = 0  # instead of a digest: of rows that were written before there were any


class Vouch(NamedTuple):
    """What the state on the disk says of the log."""

    step: int = 0
    steps: np.ndarray = np.zeros(0, np.uint64)  # a digest for each 64 rows, and one of the rest; none: it is silent
    epochs: np.ndarray = np.zeros(0, np.uint64)
    problem: str = ""  # why it could not be asked


class Digests:
    """The digests of rows as they come. `size`: the bytes that have one together."""

    def __init__(self, size):
        self.size, self.whole, self.rest, self.known = size, array("Q"), bytearray(), True

    def add(self, data, known=True):
        """More rows, as bytes; `known`: whether it is known that they are what was written."""
        data = memoryview(data)
        while data:
            part, data = data[: self.size - len(self.rest)], data[self.size - len(self.rest) :]
            self.rest += part
            self.known &= known
            if len(self.rest) == self.size:
                self.whole.append(self._of_the_rest())
                self.rest, self.known = bytearray(), True

    def all(self):
        """Those of all rows so far (uint64)."""
        return np.array([*self.whole, *([self._of_the_rest()] if self.rest else [])], np.uint64)

    def _of_the_rest(self):
        digest = int.from_bytes(hashlib.blake2b(self.rest, digest_size=8).digest(), "little")
        return max(digest, 1) if self.known else NOBODY


def check(rows, expected, at_a_time):
    """Compare rows (N, …) with the digests of the first of them → (N,) bool each: vouched for; not what was written."""
    vouched, wrong = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    digests = Digests(at_a_time * rows.strides[0])
    digests.add(rows.tobytes())
    found = digests.all()[: len(expected)]
    same, asked = found == expected[: len(found)], expected[: len(found)] != NOBODY
    for mask, blocks in ((vouched, same & asked), (wrong, ~same & asked)):
        mask[: len(blocks) * at_a_time] = np.repeat(blocks, at_a_time)[: len(rows)]
    return vouched, wrong
