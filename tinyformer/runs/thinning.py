"""A table that grows, as at most so many stretches of equal length: what a chart can show of it, and no more.

A stretch is a power of two rows long. Where there would be too many, neighbors become one, so that a row is looked at
once, and points that were drawn stay where they are.
"""

from typing import NamedTuple

import numpy as np


class Curve(NamedTuple):
    """A column over its stretches, each an array with an entry per stretch."""

    last: np.ndarray  # number of the last row, from 1
    mean: np.ndarray
    least: np.ndarray
    greatest: np.ndarray


class Stretches(NamedTuple):
    """N rows of W columns over stretches of `length` rows, of which the last may be shorter. Never written to."""

    sums: np.ndarray  # (stretches, W), as the two that follow
    least: np.ndarray
    greatest: np.ndarray
    rows: int = 0  # N
    length: int = 1

    @classmethod
    def of_nothing(cls, columns):
        return cls(*(np.empty((0, columns)) for _ in range(3)))

    def extended(self, rows, most=160):
        """With more rows (M, W) at the end, in at most `most` stretches."""
        total = self.rows + len(rows)
        now = self._merged(_times(-(-total // self.length), most))
        if not len(rows):
            return now
        starts = np.arange(-now.rows % now.length, len(rows), now.length)
        if now.rows % now.length:  # the first of the new rows belong to the last stretch
            starts = np.insert(starts, 0, 0)
        parts = []
        for name, before in (("add", now.sums), ("minimum", now.least), ("maximum", now.greatest)):
            after = getattr(np, name).reduceat(rows, starts)
            if now.rows % now.length:
                after[0] = getattr(np, name)(before[-1], after[0])
                before = before[:-1]
            parts.append(np.concatenate([before, after]))
        return Stretches(*parts, total, now.length)

    def curve(self, column, most=160):
        """Column number `column`, in at most `most` stretches → Curve."""
        now = self._merged(_times(len(self.sums), most))
        last = np.minimum(np.arange(1, len(now.sums) + 1) * now.length, now.rows)
        mean = now.sums[:, column] / np.diff(last, prepend=0)
        return Curve(last, mean, now.least[:, column], now.greatest[:, column])

    def _merged(self, times):
        """With `times` stretches in the place of one."""
        if times == 1 or not self.rows:
            return self._replace(length=self.length * times)
        starts = np.arange(0, len(self.sums), times)
        tables = (np.add, self.sums), (np.minimum, self.least), (np.maximum, self.greatest)
        return Stretches(*(how.reduceat(table, starts) for how, table in tables), self.rows, self.length * times)


def _times(stretches, most):
    """The power of two that makes at most `most` of so many."""
    times = 1
    while -(-stretches // times) > most:
        times *= 2
    return times
