"""Activation patching: run one expression, put in a value from the run of another, and see which answer that carries.

The two have the same length; best they differ in one token. The run of the `corrupted` expression gets one activation
of the `clean` one. With the logit difference d = logit(clean answer) − logit(corrupted answer), the share restored is
(d(patched) − d(corrupted)) / (d(clean) − d(corrupted)): 1 where the patch alone brings the clean answer back, 0 where
it does nothing. Where the two runs have no logit difference (equal answers, or a model that cannot tell them apart),
nothing can be restored: the share is undefined, nan. Vig et al. (2020); Meng et al. (2022).
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.logit_lens import stage_names
from tinyformer.interpret.trace import trace

SMALLEST_DIFFERENCE = 1e-3  # of logits; float32 rounding is a thousand times smaller


class Patching(NamedTuple):
    """Shares restored, nan where undefined."""

    stages: tuple[str, ...]  # S names of the residual stream
    residual: np.ndarray  # (S, T): one stage at one token
    heads: np.ndarray  # (L, H): a head's output, at all tokens
    clean: float  # logit difference of the clean run
    corrupted: float  # and of the corrupted one

    @property
    def defined(self):
        return abs(self.clean - self.corrupted) >= SMALLEST_DIFFERENCE


def patch(model, clean, corrupted, clean_answer, corrupted_answer):
    """Token lists of equal length and their answers' token ids → Patching. ValueError where the lengths differ."""
    clean, corrupted = np.asarray(clean), np.asarray(corrupted)
    if clean.shape != corrupted.shape:
        raise ValueError(f"patching compares position by position: {clean.size} tokens against {corrupted.size}")
    values = trace(model, clean)

    def difference(edits, copies):
        logits = trace(model, np.tile(corrupted, (copies, 1)), edits=edits)["logits"].astype(np.float64)
        return logits[:, clean_answer] - logits[:, corrupted_answer]

    before = float(difference({}, 1)[0])
    after = float(values["logits"][0, clean_answer].astype(np.float64) - values["logits"][0, corrupted_answer])
    gap = after - before if abs(after - before) >= SMALLEST_DIFFERENCE else np.nan
    T, H = clean.size, model.config.num_heads
    stages = stage_names(model.config)
    residual = [(difference({stage: _one_each(values[stage], range(T), axis=1)}, T) - before) / gap for stage in stages]
    heads = [
        (difference({name: _one_each(values[name], range(H), axis=1)}, H) - before) / gap
        for name in (f"blocks.{layer}.attn.z" for layer in range(model.config.num_layers))
    ]
    return Patching(stages, np.array(residual), np.array(heads), after, before)


def patch_everything(model, clean, corrupted, clean_answer, corrupted_answer):
    """The share restored when a whole stage is patched, for every stage: 1.0, or nan."""
    values = trace(model, np.asarray(clean))
    runs = [trace(model, np.asarray(corrupted), edits={stage: values[stage]}) for stage in stage_names(model.config)]
    intact = trace(model, np.asarray(corrupted))
    after, before, *patched = (
        float(run["logits"][0, clean_answer] - run["logits"][0, corrupted_answer]) for run in (values, intact, *runs)
    )
    gap = after - before if abs(after - before) >= SMALLEST_DIFFERENCE else np.nan
    return (np.array(patched) - before) / gap


def _one_each(source, indices, axis):
    """An edit for a batch of copies: copy number i gets the source's slice `indices[i]` along `axis`."""

    def edit(value):
        value = value.copy()
        for copy, index in enumerate(indices):
            place = (slice(None),) * (axis - 1) + (index,)
            value[copy][place] = source[0][place]
        return value

    return edit
