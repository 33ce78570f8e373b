"""What a head looks at: the share of the first token's attention that falls on each role, over all expressions.

Roles by place (operation, brackets, numbers) share out all of the attention. Roles by content (the largest number, the
smallest, the answer) count every number of that value, and overlap with the places.

How a head is named, from its shares averaged over all five operations:
1. Of the roles that get at least half of its attention, the one that exceeds what even attention would give by most.
   A role by content must also do so for every operation, as for one alone it may be a place in disguise.
2. Otherwise, if its mean normalized entropy is at least 0.8: "looks everywhere".
3. Otherwise, the role that gets at least half in the most operations: "looks at the answer in Max, Min", or "…, except
   in Max" where that is shorter. Of equals, the one that exceeds even attention by most there; of equals still, the
   first in the order of `roles`.
4. Otherwise "mixed".
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.attention_patterns import DISTRIBUTED_FROM
from tinyformer.task.expressions import OPERATIONS
from tinyformer.task.vocabulary import CLOSE, DIGITS, OPEN

HALF = 0.5
CONTENT = ("largest", "smallest", "answer")
NAMES = {
    "operation": "operation reader",
    "(": "looks at the bracket (",
    ")": "looks at the bracket )",
    "largest": "looks at the largest",
    "smallest": "looks at the smallest",
    "answer": "looks at the answer",
}


class RoleShares(NamedTuple):
    roles: tuple[str, ...]  # "operation", "(", "number 1", …, ")", "largest", "smallest", "answer"
    shares: np.ndarray  # (L, H, 5, roles), of attention; places sum to 1
    even: np.ndarray  # (5, roles): the share if attention were even
    entropy: np.ndarray  # (L, H): mean normalized entropy

    def name(self, layer, head):
        """What the head does, by the rule above."""
        shares = self.shares[layer, head]  # (5, roles)
        best = self._best(shares.mean(axis=0), self.even.mean(axis=0), shares.min(axis=0))
        if best is not None:
            return role_name(self.roles[best])
        if self.entropy[layer, head] >= DISTRIBUTED_FROM:
            return "looks everywhere"
        fits = shares >= HALF
        if not fits.any():
            return "mixed"
        excess = (np.where(fits, shares - self.even, 0)).sum(axis=0).round(6)
        role = max(range(len(self.roles)), key=lambda role: (fits[:, role].sum(), excess[role]))
        operations = [operation for operation, fit in zip(OPERATIONS, fits[:, role], strict=True) if fit]
        if len(operations) == len(OPERATIONS) - 1:
            (other,) = set(OPERATIONS) - set(operations)
            return f"{role_name(self.roles[role])}, except in {other}"
        return f"{role_name(self.roles[role])} in {', '.join(operations)}"

    def _best(self, shares, even, least):
        """The role with at least half and the largest excess over even attention, or None."""
        content = np.isin(self.roles, CONTENT)
        fits = (shares >= HALF) & (~content | (least >= HALF))
        return int(np.where(fits, shares - even, -np.inf).argmax()) if fits.any() else None


def role_name(role):
    """A head whose attention is mostly on `role`, in words."""
    return NAMES.get(role, f"looks at {role}")


def role_indicators(tokens, targets):
    """tokens (N, T) → the names of the roles and (N, roles, T): 1 where a token has the role."""
    is_number = np.isin(tokens, list(DIGITS))
    n = int(is_number[0].sum())
    places = np.eye(tokens.shape[1])[None].repeat(len(tokens), axis=0)  # every token has its place
    largest = np.where(is_number, tokens, -1).max(axis=1, keepdims=True)
    smallest = np.where(is_number, tokens, 99).min(axis=1, keepdims=True)
    content = [is_number & (tokens == value) for value in (largest, smallest, targets[:, None])]
    roles = ("operation", "(", *(f"number {i + 1}" for i in range(n)), ")", *CONTENT)
    assert tokens[0, 1] == OPEN and tokens[0, -1] == CLOSE and tokens.shape[1] == n + 3
    return roles, np.concatenate([places, np.stack(content, axis=1)], axis=1)


def answer_positions(tokens, targets, operations):
    """(N, T) bool: where the answer stands; of equal numbers, all for Max and Min, one for the others."""
    is_number = np.isin(tokens, list(DIGITS))
    where = is_number & (tokens == targets[:, None])
    for operation, place in (("First", 2), ("Second", 3), ("Last", tokens.shape[1] - 2)):
        rows = operations == OPERATIONS.index(operation)
        where[rows] = np.arange(tokens.shape[1]) == place
    return where


def role_shares(patterns):
    """SpacePatterns → RoleShares of the first token's row."""
    roles, indicators = role_indicators(patterns.tokens, patterns.targets)
    indicators[:, -1] = answer_positions(patterns.tokens, patterns.targets, patterns.operations)
    shares, even = [], []
    for index in range(len(OPERATIONS)):
        rows = patterns.operations == index
        first_rows = patterns.weights[:, :, :, 0][:, rows].astype(np.float64)  # (L, n, H, T)
        shares.append(np.einsum("lnht,nrt->lhr", first_rows, indicators[rows]) / rows.sum())
        even.append(indicators[rows].mean(axis=(0, 2)))
    return RoleShares(roles, np.stack(shares, axis=2), np.array(even), patterns.entropy.mean(axis=1))
