"""Activation patching: run one expression, put in a value from the run of another, and see which answer that carries.

The two have the same length; best they differ in one token. The run of the `corrupted` expression gets one activation
of the `clean` one. With the logit difference d = logit(clean answer) − logit(corrupted answer), the share restored is
(d(patched) − d(corrupted)) / (d(clean) − d(corrupted)): 1 where the patch alone brings the clean answer back, 0 where
it does nothing. Where the two runs have no logit difference (equal answers, or a model that cannot tell them apart),
nothing can be restored: the share is undefined, nan. Vig et al. (2020); Meng et al. (2022).

One pair is one case. `random_pairs` draws many, and `over_pairs` patches those that the model answers both right.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.ablation import drain
from tinyformer.interpret.components import chunks
from tinyformer.interpret.logit_lens import stage_names
from tinyformer.interpret.trace import trace
from tinyformer.task.expressions import FRAME, Expression
from tinyformer.task.task import DEFAULT_TASK

SMALLEST_DIFFERENCE = 1e-3  # of logits; float32 rounding is a thousand times smaller
PAIRS, SEED, AT_ONCE, TRIES = 40, 0, 20, 1_000


class Patching(NamedTuple):
    """Shares restored, nan where undefined. Of one pair without the axis P."""

    stages: tuple[str, ...]  # S names of the residual stream
    residual: np.ndarray  # (P, S, T): one stage at one token
    heads: np.ndarray  # (P, L, H): a head's output, at all tokens
    clean: np.ndarray  # (P,) logit difference of the clean run
    corrupted: np.ndarray  # (P,) and of the corrupted one

    @property
    def defined(self):
        return np.abs(self.clean - self.corrupted) >= SMALLEST_DIFFERENCE


class Pairs(NamedTuple):
    """P pairs of expressions that differ in one number and in their answer."""

    clean: np.ndarray  # (P, T)
    corrupted: np.ndarray  # (P, T)
    answers: np.ndarray  # (P, 2) token ids: of the clean one, of the corrupted one
    operations: np.ndarray  # (P,) index into `names`
    names: tuple[str, ...]


def patch(model, clean, corrupted, clean_answer, corrupted_answer):
    """Token lists of equal length and their answers' token ids → Patching. ValueError where the lengths differ."""
    clean, corrupted = np.asarray(clean), np.asarray(corrupted)
    if clean.shape != corrupted.shape:
        raise ValueError(f"patching compares position by position: {clean.size} tokens against {corrupted.size}")
    answers = np.array([[clean_answer, corrupted_answer]])
    found = drain(patch_steps(model, clean[None], corrupted[None], answers))
    return Patching(found.stages, *(part[0] for part in found[1:]))


def patch_steps(model, clean, corrupted, answers, first_only=False):
    """clean, corrupted (P, T), answers (P, 2): a generator that yields the share that is done and returns Patching.

    `first_only`: the residual stream is patched at the first token alone, (P, S, 1).
    """
    parts = []
    for chunk in chunks(len(clean), AT_ONCE):
        parts.append(_patch(model, clean[chunk], corrupted[chunk], answers[chunk], 1 if first_only else clean.shape[1]))
        yield chunk.stop / len(clean)
    return Patching(stage_names(model.config), *map(np.concatenate, zip(*parts, strict=True)))


def _patch(model, clean, corrupted, answers, num_tokens):
    """(residual, heads, clean, corrupted) of a Patching."""
    P, H, layers = len(clean), model.config.num_heads, range(model.config.num_layers)
    values = trace(model, clean)

    def differences(logits):
        logits = logits.astype(np.float64).reshape(P, -1, logits.shape[-1])
        right, other = (np.take_along_axis(logits, answers[:, None, i : i + 1], axis=2)[..., 0] for i in (0, 1))
        return right - other  # (P, copies)

    def patched(name, copies):
        """(P, copies): copy number i gets slice i of the clean value along its second axis."""
        mine = np.tile(np.arange(copies), P)

        def edit(value):
            value, rows = value.copy(), np.arange(len(mine))
            value[rows, mine] = values[name].repeat(copies, axis=0)[rows, mine]
            return value

        return differences(trace(model, corrupted.repeat(copies, axis=0), edits={name: edit})["logits"])

    before, after = differences(trace(model, corrupted)["logits"]), differences(values["logits"])
    gap = np.where(np.abs(after - before) >= SMALLEST_DIFFERENCE, after - before, np.nan)
    residual = [(patched(stage, num_tokens) - before) / gap for stage in stage_names(model.config)]
    heads = [(patched(f"blocks.{layer}.attn.z", H) - before) / gap for layer in layers]
    return np.stack(residual, axis=1), np.stack(heads, axis=1), after[:, 0], before[:, 0]


def random_pairs(num_args, names, count=PAIRS, seed=SEED, task=DEFAULT_TASK):
    """`count` pairs for each of these operations of a task, drawn at random: one number is changed, and with it the
    answer. Fewer, or none, of an operation that has hardly any: it answers nearly all alike, or is a short table."""
    rng, found = np.random.default_rng(seed), []
    for index, name in enumerate(names):
        for _ in range(count):
            pair = _random_pair(rng, num_args, task.find(name), task)
            if pair is None:
                break
            one, other = pair
            found.append((one.tokens, other.tokens, (one.answer_token, other.answer_token), index))
    if not found:
        T = num_args + FRAME
        return Pairs(*(np.zeros((0, *size), int) for size in ((T,), (T,), (2,), ())), names)
    return Pairs(*map(np.array, zip(*found, strict=True)), names)


def _random_pair(rng, num_args, operation, task):
    for _ in range(TRIES):
        numbers = rng.integers(0, 10, num_args).tolist()
        changed = list(numbers)
        changed[rng.integers(num_args)] = int(rng.integers(0, 10))
        rows = [tuple(numbers), tuple(changed)]
        if all(map(operation.has, rows)) and len(set(operation.answers(rows))) == 2:
            return [Expression(operation.name, row, task) for row in rows]
    return None


def over_pairs(model, pairs):
    """A generator that returns (Patching at the first token, operations (P',)) of the pairs answered right twice."""
    kept = np.arange(0)
    if len(pairs.clean):
        right = [model.predict(tokens).argmax(axis=1) for tokens in (pairs.clean, pairs.corrupted)]
        kept = np.flatnonzero((np.stack(right, axis=1) == pairs.answers).all(axis=1))
    if not len(kept):
        config = model.config
        sizes = (len(stage_names(config)), 1), (config.num_layers, config.num_heads), (), ()
        return Patching(stage_names(config), *(np.empty((0, *size)) for size in sizes)), pairs.operations[kept]
    found = yield from patch_steps(model, pairs.clean[kept], pairs.corrupted[kept], pairs.answers[kept], True)
    told = found.defined  # answered right on both sides, so the logits differ; but a share needs more than rounding
    return Patching(found.stages, *(part[told] for part in found[1:])), pairs.operations[kept[told]]


def first_token_shares(many, operations, count):
    """Of `over_pairs`: mean and standard deviation (O, S) of the share at the first token, and how many pairs (O,)."""
    first = [many.residual[operations == index, :, 0] for index in range(count)]
    empty = np.full(len(many.stages), np.nan)
    means = np.array([some.mean(axis=0) if len(some) else empty for some in first])
    spreads = np.array([some.std(axis=0) if len(some) else empty for some in first])
    return means, spreads, np.array([len(some) for some in first])
