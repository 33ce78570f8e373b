"""Whose run is next, and who may have one more: visitors take turns, and a cookie thrown away buys nothing.

A visitor is told by a cookie, which costs nothing, and by a network address, which does. So addresses take turns, and
of each address its visitors; and an address has as many places as one visitor.
"""

from collections import Counter
from typing import NamedTuple

from tinyformer.runs import RunError


class Party(NamedTuple):
    """Who asked for a run. address: None where it says nothing, as on a server that is one person's."""

    owner: str | None
    address: str | None = None

    @property
    def keys(self):
        """What takes turns, the inner one first."""
        return ("owner", self.owner), ("address", self.address or self.owner)


class Limits(NamedTuple):
    """How many runs may train and wait."""

    owner: int
    address: int
    server: int


def require_room(limits, party, busy, count=1):
    """RunError that says which limit `count` more runs would break. busy: the Party of each that trains or waits."""
    mine = sum(other.owner == party.owner for other in busy)
    near = sum(other.address == party.address for other in busy) if party.address else 0
    for most, where, now, advice in (
        (limits.owner, "", mine, "pause one first"),
        (limits.address, " from one network address", near, "wait until some have ended"),
        (limits.server, " on this server", len(busy), "try again when some have ended"),
    ):
        if now + count > most:
            fit = f"{most - now} of these {count} would fit, so none was started: " if most > now else ""
            raise RunError(f"at most {most} runs{where} can train or wait at a time, and {now} do: {fit}{advice}")


def in_turn(waiting, training, turns):
    """The names that wait in the order in which they will begin.

    waiting: {name: Party}, as they were handed in. training: the Party of each run that trains. turns: {key of a
    party: number of its last turn}. The place goes to who has fewest in training, then to whose last turn is longest
    ago, then to who came first: among addresses, then among the visitors of one.
    """
    order = list(waiting)
    for level in (0, 1):
        ahead, already = Counter(), Counter(party.keys[level] for party in training)
        ranks, came = {}, {}
        for place, name in enumerate(order):
            key = waiting[name].keys[level]
            ranks[name] = already[key] + ahead[key], ahead[key], turns.get(key, 0), came.setdefault(key, place)
            ahead[key] += 1
        order.sort(key=ranks.get)
    return order
