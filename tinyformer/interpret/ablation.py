"""Taking parts out, and measuring what the model then makes of every expression there is.

A part's output is replaced by its mean over all expressions at that position, by its output for another expression, or
by 0 (`components.replacer`). Accuracy stands at its ceiling in a trained model; the log-probability of the right answer
and the logit difference, right answer minus best other, move before a mistake is made.
Sets of parts that agree in the first layers share the computation of those layers.
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.interpret.components import CHUNK, chunks, edits_for, replacer
from tinyformer.interpret.trace import attention_heads, editor, embedded, read_out, rest_of_block

MEASURES = ("log-probability", "logit difference", "accuracy")


@dataclass(frozen=True, eq=False)
class Ablation:
    """What N expressions got as answers when each of S sets of components was taken out. Set 0 is the empty one."""

    sets: tuple[frozenset, ...]  # S sets of Component
    values: dict  # each of MEASURES → (S, N) float32: nats, logits, 0 or 1
    operations: np.ndarray  # (N,) index into `names`
    names: tuple[str, ...]  # of the O operations

    def mean(self, measure, rows=slice(None)):
        """(S, 1 + O): over all of these rows, then over those of each operation; nan for one that does not occur."""
        return self._columns(self.values[measure], rows, np.mean)

    def lost(self, measure, rows=slice(None)):
        """(S, 1 + O): how much lower a measure is without each set; negative where it is higher."""
        means = self.mean(measure, rows)
        return means[0] - means

    def uncertainty(self, measure, rows=slice(None)):
        """(S, 1 + O): the standard error of each number of `lost`, where other expressions were drawn as donors."""
        values = self.values[measure]
        return self._columns(values[0] - values, rows, _standard_error)

    def _columns(self, values, rows, summary):
        """values (S, N) → (S, 1 + O): `summary` of all of these rows, then of those of each operation, or nan."""
        values, operations = values[:, rows], self.operations[rows]
        parts = [values, *(values[:, operations == index] for index in range(len(self.names)))]
        nothing = np.full(len(values), np.nan)
        return np.stack([summary(part, axis=1, dtype=np.float64) if part.size else nothing for part in parts], axis=1)


def ablate(model, space, sets, replacement="mean"):
    """Take out each of `sets` (collections of Component), one at a time → Ablation.

    `space` has tokens (N, T), without padding, targets (N,) and operations (N,), as `expression_space` gives.
    """
    return drain(ablation_steps(model, space, sets, replacement))


def ablation_steps(model, space, sets, replacement="mean", chunk_size=CHUNK):
    """The same as a generator: yields the share that is done, and returns the Ablation. Stop asking, and it stops."""
    sets = (frozenset(), *(frozenset(components) for components in sets))
    replacements = replacer(model, space.tokens, replacement)
    N, done = len(space.tokens), 0
    values = {measure: np.empty((len(sets), N), np.float32) for measure in MEASURES}
    for chunk in chunks(N, chunk_size):
        targets, instead = space.targets[chunk], replacements(chunk)
        for index, logits in _answers(model, space.tokens[chunk], list(enumerate(sets)), instead):
            for measure, value in zip(MEASURES, measured(logits, targets), strict=True):
                values[measure][index, chunk] = value
            done += len(targets)
            yield done / (N * len(sets))
    return Ablation(sets, values, space.operations, space.names)


def _answers(model, tokens, sets, replacements):
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
            at = editor(edits_for(here, replacements), model.config)
            yield from descend(layer + 1, rest_of_block(model, layer, x, z, at), members)

    return descend(0, embedded(model, tokens, intact), sets)


def drain(steps, on_share=lambda share: None):
    """Run a generator to its end and return what it returns. `on_share` gets the share that is done, at each step."""
    while True:
        try:
            on_share(next(steps))
        except StopIteration as stop:
            return stop.value


def measured(logits, targets):
    """logits (N, V) and right answers (N,) → each of MEASURES, (N,)."""
    rows = np.arange(len(targets))
    right, largest = logits[rows, targets], logits.max(axis=1)
    total = np.log(np.exp(logits - largest[:, None]).sum(axis=1)) + largest
    others = logits.copy()
    others[rows, targets] = -np.inf
    difference = right - others.max(axis=1)
    return right - total, difference, logits.argmax(axis=1) == targets


def _standard_error(values, axis, dtype):
    return values.std(axis=axis, dtype=dtype) / np.sqrt(values.shape[axis])
