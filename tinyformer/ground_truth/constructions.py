"""What is written into the models by hand. Each function writes the weights and returns the circuit: its edges.

An edge is in the circuit if what it tells differs between expressions of one length and is used for the answer: that a
bracket is a bracket, or stands at its place, is the same in all of them.
"""

import numpy as np

from tinyformer.ground_truth.writer import (
    ANSWER,
    FEATURES,
    LONGEST,
    LOUD,
    MUCH,
    ON_ITS_WAY,
    OPERATIONS,
    PLACES,
    POSITION,
    chooses,
    copies,
    of_operation,
)
from tinyformer.interpret.paths import ANSWER_NODE, POSITIONS_NODE, TOKENS_NODE, Edge

CONTENTS = tuple(name for name in OPERATIONS if name not in PLACES)


def _asking(head, operations):
    """The edges into a head that finds the answer among the tokens and copies it."""
    edges = [Edge(TOKENS_NODE, f"{head} q"), Edge(TOKENS_NODE, f"{head} v")]
    edges += [Edge(TOKENS_NODE, f"{head} k")] if set(operations) & set(CONTENTS) else []
    return edges + ([Edge(POSITIONS_NODE, f"{head} k")] if set(operations) & set(PLACES) else [])


def _answers(writer, layer, number, operations=OPERATIONS, target=ANSWER):
    """A head that copies the answer → its name, the edges into it."""
    head = writer.head(layer, number, *chooses(operations), *copies(target=target))
    return head, _asking(head, operations)


def _writing(writer, layer, number, operations=OPERATIONS):
    head, edges = _answers(writer, layer, number, operations)
    return [*edges, Edge(head, ANSWER_NODE)]


def one_head(writer):
    return _writing(writer, 0, 0)


def head_per_operation(writer):
    return [edge for number, name in enumerate(OPERATIONS) for edge in _writing(writer, 0, number, [name])]


def places_and_contents(writer):
    return _writing(writer, 0, 0, PLACES) + _writing(writer, 0, 1, CONTENTS)


def two_layers_apart(writer):
    return _writing(writer, 0, 0, PLACES) + _writing(writer, 1, 0, CONTENTS)


def late_head(writer):
    return _writing(writer, 1, 0)


def previous_then_copy(writer):
    """Each row gets the digit before it; the second layer looks one place behind the answer, and copies that."""
    asks, keys = np.zeros((FEATURES, LONGEST)), np.zeros((FEATURES, LONGEST))
    asks[POSITION + np.arange(LONGEST), np.maximum(np.arange(LONGEST) - 1, 0)] = MUCH
    keys[POSITION + np.arange(LONGEST), range(LONGEST)] = 1
    first = writer.head(0, 0, asks, keys, *copies(target=ON_ITS_WAY))
    second = writer.head(1, 0, *chooses(OPERATIONS, ON_ITS_WAY), *copies(ON_ITS_WAY))
    inside = [Edge(POSITIONS_NODE, f"{first} q"), Edge(POSITIONS_NODE, f"{first} k"), Edge(TOKENS_NODE, f"{first} v")]
    between = [Edge(first, f"{second} k"), Edge(first, f"{second} v")]
    return [*inside, *between, Edge(TOKENS_NODE, f"{second} q"), Edge(POSITIONS_NODE, f"{second} k"),
            Edge(second, ANSWER_NODE)]  # fmt: skip


def find_then_point(writer):
    """The first layer finds the digit, the second looks for the tokens that have it: queries made of what was found."""
    first, edges = _answers(writer, 0, 0, target=ON_ITS_WAY)
    asks, keys = np.zeros((FEATURES, 10)), np.zeros((FEATURES, 10))
    asks[ON_ITS_WAY + np.arange(10), range(10)], keys[range(10), range(10)] = LOUD, 1
    second = writer.head(1, 0, asks, keys, *copies())
    return [*edges, Edge(first, f"{second} q"), Edge(TOKENS_NODE, f"{second} k"), Edge(TOKENS_NODE, f"{second} v"),
            Edge(second, ANSWER_NODE)]  # fmt: skip


def relay(writer):
    """The first layer finds the digit; a head of the second looks at the row that it is in, and hands it on."""
    first, edges = _answers(writer, 0, 0, target=ON_ITS_WAY)
    asks, keys = np.zeros((FEATURES, 1)), np.zeros((FEATURES, 1))
    asks[POSITION, 0], keys[POSITION, 0] = LOUD, 1
    second = writer.head(1, 0, asks, keys, *copies(ON_ITS_WAY))
    return [*edges, Edge(first, f"{second} v"), Edge(second, ANSWER_NODE)]


def by_feed_forward(writer):
    """Places by a head. For Max and Min a head gathers which digits occur, and the feed-forward layer chooses."""
    edges = _writing(writer, 0, 0, PLACES)
    asks, keys = np.zeros((FEATURES, 1)), np.zeros((FEATURES, 1))
    asks[[of_operation(name) for name in OPERATIONS], 0], keys[:10, 0] = LOUD, 1
    gathers = writer.head(0, 1, asks, keys, *copies(target=ON_ITS_WAY))
    units, writes = np.zeros((FEATURES, 20)), np.zeros((20, FEATURES))
    for digit in range(10):
        for unit, name, beats in ((digit, "Max", range(digit + 1, 10)), (10 + digit, "Min", range(digit))):
            units[ON_ITS_WAY + digit, unit] = 1
            units[[ON_ITS_WAY + other for other in beats], unit] = -12
            units[[of_operation(other) for other in OPERATIONS if other != name], unit] = -12
            writes[unit, ANSWER + digit] = 3
    chooser = writer.feed_forward(0, units, 0, writes)
    return [*edges, Edge(TOKENS_NODE, f"{gathers} v"), Edge(gathers, chooser), Edge(TOKENS_NODE, chooser),
            Edge(chooser, ANSWER_NODE)]  # fmt: skip


def _handed_on(writer, layer):
    """A feed-forward layer that makes a digit on its way the answer, as loud whether it was written once or twice."""
    units, writes, some = np.zeros((FEATURES, 20)), np.zeros((20, FEATURES)), np.arange(10)
    units[ON_ITS_WAY + some, some] = units[ON_ITS_WAY + some, 10 + some] = 2
    writes[some, ANSWER + some], writes[10 + some, ANSWER + some] = 1, -1
    return writer.feed_forward(layer, units, np.repeat([0, -1], 10), writes)


def head_then_feed_forward(writer):
    head, edges = _answers(writer, 0, 0, target=ON_ITS_WAY)
    last = _handed_on(writer, 0)
    return [*edges, Edge(head, last), Edge(last, ANSWER_NODE)]


def two_paths(writer):
    """Two heads write the same; one would do: the feed-forward layer behind them is as loud for one as for two."""
    (one, edges), (other, more) = (_answers(writer, 0, number, target=ON_ITS_WAY) for number in (0, 1))
    last = _handed_on(writer, 0)
    return [*edges, *more, Edge(one, last), Edge(other, last), Edge(last, ANSWER_NODE)]


def sleeping_backup(writer):
    """A head of the second layer that answers only where the first has written nothing."""
    edges = _writing(writer, 0, 0)
    asks, keys = chooses(OPERATIONS)
    asks[ANSWER + np.arange(10)] += 2 * MUCH * keys[POSITION + 1]  # then it looks at the bracket
    head = writer.head(1, 0, asks, keys, *copies())
    return edges, [*_asking(head, OPERATIONS), Edge(head, ANSWER_NODE)]


def decoys(writer):
    """Heads in both layers that look at the answer as the one that answers does, and write nothing."""
    for layer, number in ((0, 1), (0, 2), (1, 0), (1, 1)):
        values, writes = copies()
        writer.head(layer, number, *chooses(OPERATIONS), values, 0 * writes)
    return one_head(writer)


def unread(writer):
    """Heads in both layers that copy the answer to where nobody reads it."""
    for layer, number in ((0, 1), (0, 2), (1, 0), (1, 1)):
        _answers(writer, layer, number, target=ON_ITS_WAY)
    return one_head(writer)


def cancelling(writer):
    """Beside the head that answers, two that look at the answer too: one writes the next digit, one takes it away."""
    for number, strength in ((1, 2), (2, -2)):
        values, writes = copies(strength=strength)
        writer.head(0, number, *chooses(OPERATIONS), values, np.roll(writes, 1, axis=0))
    return one_head(writer)
