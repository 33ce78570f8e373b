"""Taking parts out, and counting what the model then still gets right: exact, on every expression there is.

Zero-ablation puts 0 in the place of a part's output, mean-ablation its mean over all expressions at that position.
Sets of parts that agree in the first blocks share the computation of those blocks.
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.interpret.components import CHUNK, chunks, edits_for, mean_activations
from tinyformer.interpret.trace import attention_heads, editor, embedded, read_out, rest_of_block
from tinyformer.task.expressions import OPERATIONS


@dataclass(frozen=True, eq=False)
class Ablation:
    """What N expressions got as answers when each of S sets of components was taken out. Set 0 is the empty one."""

    sets: tuple[frozenset, ...]  # S sets of Component
    correct: np.ndarray  # (S, N) bool
    losses: np.ndarray  # (S, N) float32 cross-entropy in nats
    operations: np.ndarray  # (N,) index into OPERATIONS

    @property
    def accuracy(self):
        """(S,)"""
        return self.correct.mean(axis=1)

    @property
    def accuracy_per_operation(self):
        """(S, 5), in the order of OPERATIONS; nan for one that does not occur."""
        return np.stack([_mean(self.correct, self.operations == index) for index in range(len(OPERATIONS))], axis=1)

    @property
    def drop_per_operation(self):
        """(S, 5): how much accuracy each operation loses, from 0 to 1; negative where it gains."""
        return self.accuracy_per_operation[0] - self.accuracy_per_operation

    @property
    def loss_rise(self):
        """(S,) in nats: finer than accuracy, it also sees a model become less sure."""
        loss = self.losses.mean(axis=1, dtype=np.float64)
        return loss - loss[0]


def ablate(model, space, sets, replacement="zero"):
    """Take out each of `sets` (collections of Component), one at a time → Ablation.

    `space` has tokens (N, T), without padding, targets (N,) and operations (N,), as `expression_space` gives.
    """
    return drain(ablation_steps(model, space, sets, replacement))


def ablation_steps(model, space, sets, replacement="zero", chunk_size=CHUNK):
    """The same as a generator: yields the share that is done, and returns the Ablation. Stop asking, and it stops."""
    sets = (frozenset(), *(frozenset(components) for components in sets))
    means = mean_activations(model, space.tokens, replacement)
    N = len(space.tokens)
    correct, losses = np.empty((len(sets), N), bool), np.empty((len(sets), N), np.float32)
    done = 0
    for chunk in chunks(N, chunk_size):
        targets = space.targets[chunk]
        for index, logits in _answers(model, space.tokens[chunk], list(enumerate(sets)), means):
            correct[index, chunk] = logits.argmax(axis=1) == targets
            losses[index, chunk] = _cross_entropy(logits, targets)
            done += len(targets)
            yield done / (N * len(sets))
    return Ablation(sets, correct, losses, space.operations)


def _answers(model, tokens, sets, means):
    """Yield (number of the set, logits) for all of `sets`, pairs of number and set."""
    intact = editor({}, model.config)

    def descend(layer, x, sets):
        if layer == model.config.num_layers:
            logits = read_out(model, x, None, intact)
            yield from ((number, logits) for number, _ in sets)
            return
        z = attention_heads(model, layer, x, None, intact, every_row=False)  # does not depend on what goes from here
        groups = {}
        for number, components in sets:
            here = frozenset(component for component in components if component.layer == layer)
            groups.setdefault(here, []).append((number, components))
        for here, members in groups.items():
            at = editor(edits_for(here, means), model.config)
            yield from descend(layer + 1, rest_of_block(model, layer, x, z, at), members)

    return descend(0, embedded(model, tokens, intact), sets)


def drain(steps):
    """Run a generator to its end and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def _cross_entropy(logits, targets):
    largest = logits.max(axis=1)
    total = np.log(np.exp(logits - largest[:, None]).sum(axis=1)) + largest
    return total - logits[np.arange(len(targets)), targets]


def _mean(values, where):
    return values[:, where].mean(axis=1) if where.any() else np.full(len(values), np.nan)
