"""What a head looks at: the share of its attention that falls on each role, over all expressions.

Counted over the rows that are read: in the last layer the first token's, in layers before it all of them. Roles by
place (operation, brackets, numbers) share out all of the attention. Roles by content (the largest number, the
smallest, the answer) count every number of that value, but the answer of First, Second and Last at its place alone;
"itself" counts the token that looks. They overlap with the places.

A head *has* a role for an operation where the role gets at least half of its attention, and more than untrained heads
give it (`levels`). How it is named:
1. After a role that it has for every operation; of several, the one that exceeds even attention by most.
2. Otherwise after the role that it has for the most operations: "the answer in Max, Min", or "…, except in Max" where
   that is shorter; of equals, the one that exceeds even attention by most there.
3. Otherwise "no role".
"""

from typing import NamedTuple

import numpy as np

from tinyformer.task.vocabulary import DIGITS

HALF = 0.5
OVERLAPPING = ("largest", "smallest", "answer", "itself")
NAMES = {
    "operation": "reads the operation",
    "(": "looks at the bracket (",
    ")": "looks at the bracket )",
    "itself": "looks at the token itself",
}
NO_ROLE = "no role"
_PLACES = {"First": 0, "Second": 1, "Last": -1}  # which number is the answer
_CONTENTS = ("Max", "Min", "Median")  # their answer is one of the numbers by its size; other operations ask for neither


def asks_for_place(operation):
    """Whether the answer is the number at a place, whatever it is."""
    return operation in _PLACES


def asks_for_content(operation):
    """Whether the answer is one of the numbers, whichever has a certain size."""
    return operation in _CONTENTS


class RoleShares(NamedTuple):
    roles: tuple[str, ...]  # "operation", "(", "number 1", …, ")", "largest", "smallest", "answer", "itself"
    names: tuple[str, ...]  # of the O operations
    shares: tuple[np.ndarray, ...]  # of each layer (H, O, R, roles), of the attention of each row that is read
    even: np.ndarray  # (O, roles): the share if attention were even

    def of_read_rows(self, layer):
        """(H, O, roles): the mean over the rows that are read."""
        return self.shares[layer].mean(axis=2)

    def name(self, layer, head, levels=None):
        """What the head does, by the rule above. levels (roles,): what untrained heads do not reach."""
        shares = self.of_read_rows(layer)[head]  # (O, roles)
        has = shares >= np.maximum(HALF, 0 if levels is None else levels)
        if not has.any():
            return NO_ROLE
        excess = np.where(has, shares - self.even, 0).sum(axis=0).round(6)
        role = max(range(len(self.roles)), key=lambda role: (has[:, role].sum(), excess[role]))
        called = NAMES.get(self.roles[role], f"looks at {self.roles[role]}")
        if self.roles[role] in OVERLAPPING[:3]:
            called = called.replace("looks at", "looks at the")
        having = [name for name, fits in zip(self.names, has[:, role], strict=True) if fits]
        missing = [name for name in self.names if name not in having]
        if not missing:
            return called
        return f"{called}, except in {missing[0]}" if len(missing) == 1 else f"{called} in {', '.join(having)}"


def role_indicators(space):
    """→ the names of the roles that do not depend on who looks, and (N, roles, T): 1 where a token has the role."""
    tokens = space.tokens
    is_number = np.isin(tokens, list(DIGITS))
    largest = np.where(is_number, tokens, -1).max(axis=1, keepdims=True)
    smallest = np.where(is_number, tokens, 99).min(axis=1, keepdims=True)
    content = [is_number & (tokens == largest), is_number & (tokens == smallest), answer_positions(space)]
    places = np.eye(tokens.shape[1])[None].repeat(len(tokens), axis=0)  # every token has its place
    numbers = (f"number {i + 1}" for i in range(is_number[0].sum()))
    return ("operation", "(", *numbers, ")", *OVERLAPPING[:3]), np.concatenate([places, np.stack(content, 1)], axis=1)


def answer_positions(space):
    """(N, T) bool: where the answer stands. One token where a place is asked for, else every number that equals it;
    none of an operation that computes its answer: that it is among the numbers, too, is a coincidence."""
    tokens = space.tokens
    is_number = np.isin(tokens, list(DIGITS))
    where = is_number & (tokens == space.targets[:, None])
    places = np.flatnonzero(is_number[0])
    for index, name in enumerate(space.names):
        rows = space.operations == index
        if asks_for_place(name):
            where[rows] = np.arange(tokens.shape[1]) == places[_PLACES[name]]
        elif not where[rows].any(axis=1).all():
            where[rows] = False
    return where


def role_shares(patterns):
    """SpacePatterns → RoleShares."""
    roles, indicators = role_indicators(patterns.space)
    operations = [patterns.space.operations == index for index in range(len(patterns.space.names))]
    shares = []
    for weights in patterns.weights:  # (N, H, R, T)
        R = weights.shape[2]
        by_operation = [
            np.einsum("nhrt,nkt->hrk", weights[rows].astype(np.float64), indicators[rows], optimize=True) / rows.sum()
            for rows in operations
        ]
        itself = [weights[rows][:, :, range(R), range(R)].mean(axis=0)[..., None] for rows in operations]
        shares.append(np.stack([np.concatenate(pair, -1) for pair in zip(by_operation, itself, strict=True)], axis=1))
    T = patterns.space.tokens.shape[1]
    even = [np.append(indicators[rows].mean(axis=(0, 2)), 1 / T) for rows in operations]
    return RoleShares((*roles, OVERLAPPING[3]), patterns.space.names, tuple(shares), np.array(even))
