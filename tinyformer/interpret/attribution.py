"""Direct attribution: the answer's logits as a sum over what the parts of the model wrote into the residual stream.

The read-out is linear and a LayerNorm is affine once its standard deviation is held at the value that it has in this
run. Every part's output is then followed along the residual path alone, through all later norms, to the logits; what
it does by being read by later heads and feed-forward layers counts as theirs. The parts and the constants sum to the
logits exactly, up to rounding. Constants are the biases that are added straight to the residual stream or the logits,
and the β of the norms on that way; other biases, and in pre-norm the β of the blocks, act inside the parts.
Elhage et al. (2021).

What a part wrote is not what would be missing without it: others may make up for it, or have read it.
`removal_effects` says what is lost of a logit difference when a part writes its mean instead.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.interpret.components import edits_for, mean_activations, run, writers_of
from tinyformer.interpret.sampling import tokens_of_length
from tinyformer.interpret.trace import editor, trace
from tinyformer.task.expressions import FRAME
from tinyformer.task.task import DEFAULT_TASK

DISAGREE = 0.5  # written and lost differ by more than half of the larger, if that is worth a word:
WORTH_A_WORD = 0.1  # of the logit difference


class DirectContributions(NamedTuple):
    """P parts: tokens' embedding, positions, each head, each feed-forward layer, the constants."""

    parts: tuple[str, ...]  # "embed", "pos_embed", "blocks.0.head.0", …, "blocks.0.mlp", …, "constants"
    logits: np.ndarray  # (P, B, V); their sum over P is what the model answers


def direct_contributions(model, tokens, mask=None, values=None):
    """tokens (B, T) → DirectContributions. `values`: a `trace` of the same tokens, if there is one already."""
    tokens = np.atleast_2d(tokens)
    mask = None if mask is None else np.atleast_2d(mask)
    values = values or trace(model, tokens, mask)
    parts = {name: values[name].astype(np.float64) for name in ("embed", "pos_embed")}
    parts["constants"] = np.zeros_like(parts["embed"])
    for layer, block in enumerate(model.blocks):
        name, attention = f"blocks.{layer}", block.attention
        for head, output in enumerate(head_outputs(attention, values[f"{name}.attn.z"])):
            parts[f"{name}.head.{head}"] = output
        parts["constants"] = parts["constants"] + attention.output.bias.value
        if not block.norm_first:
            _normalize_parts(parts, block.attention_norm, values[f"{name}.ln1.scale"])
        bias = block.feed_forward.contract.bias.value
        parts[f"{name}.mlp"] = values[f"{name}.mlp.out"].astype(np.float64) - bias
        parts["constants"] = parts["constants"] + bias
        if not block.norm_first:
            _normalize_parts(parts, block.feed_forward_norm, values[f"{name}.ln2.scale"])
    if model.final_norm:
        _normalize_parts(parts, model.final_norm, values["ln_final.scale"])
    row_weights = model.pooling_weights(values["final"], mask)[:, None, :].astype(np.float64)
    logits = {name: ((row_weights @ x)[:, 0]) @ model.read_out.weight.value for name, x in parts.items()}
    logits["constants"] = logits["constants"] + model.read_out.bias.value
    logits["constants"] = logits.pop("constants")  # last in order
    return DirectContributions(tuple(logits), np.stack(list(logits.values())))


def head_outputs(attention, z):
    """z (B, H, R, K) → (H, B, R, D): what each head adds to the residual stream; with the bias they sum to attn.out."""
    H, K = attention.num_heads, z.shape[-1]
    weight = attention.output.weight.value.astype(np.float64).reshape(H, K, -1)
    return z.astype(np.float64).swapaxes(0, 1) @ weight[:, None]


class Story(NamedTuple):
    """Of one expression: what each part wrote of the answer's logit minus that of `other`, and what is lost without."""

    other: int  # the best token besides the answer
    written: dict  # part → logits
    lost: dict  # part → logits, of those that can be taken out


def written_and_lost(model, tokens, answer, means=None, values=None, task=DEFAULT_TASK):
    """tokens (T,) of a Task, the answer's token id → Story. `means`: `mean_activations` of expressions as long."""
    if means is None:
        means = mean_activations(model, tokens_of_length(len(tokens) - FRAME, task=task))
    found = direct_contributions(model, tokens, values=values)
    other = best_other(found.logits.sum(axis=0)[0], answer)
    written = found.logits[:, 0, answer] - found.logits[:, 0, other]
    lost = removal_effects(model, tokens, answer, other, means)
    return Story(other, dict(zip(found.parts, written.tolist(), strict=True)), lost)


def best_other(logits, answer):
    """The token with the largest logit (V,) besides the answer."""
    others = np.array(logits)
    others[answer] = -np.inf
    return int(others.argmax())


def removal_effects(model, tokens, answer, other, means):
    """{part: what logit(answer) − logit(other) loses when the part's output is replaced by its mean}, tokens (T,).

    The parts are those of `direct_contributions` that can be taken out: heads and feed-forward layers. `means` as
    `mean_activations` gives them, of expressions of the same length.
    """
    tokens = np.atleast_2d(tokens)

    def difference(components):
        logits = run(model, tokens, editor(edits_for(components, means), model.config)).astype(np.float64)
        return float(logits[0, answer] - logits[0, other])

    intact = difference([])
    return {part.traced: intact - difference([part]) for part in writers_of(model.config)}


def disagreements(written, lost):
    """{part: value} twice → [(part, written, lost)] where the two tell different stories, the widest apart first."""
    worth = WORTH_A_WORD * abs(sum(written.values()))
    found = [(part, written[part], loss) for part, loss in lost.items()]
    apart = [
        one for one in found
        if max(abs(one[1]), abs(one[2])) >= worth and abs(one[1] - one[2]) > DISAGREE * max(abs(one[1]), abs(one[2]))
    ]  # fmt: skip
    return sorted(apart, key=lambda one: -abs(one[1] - one[2]))


def _normalize_parts(parts, norm, scale):
    """Send all parts through a norm that divides by `scale`; its β is a constant."""
    for name, x in parts.items():
        parts[name] = (x - x.mean(axis=-1, keepdims=True)) / scale * norm.gamma.value
    parts["constants"] = parts["constants"] + norm.beta.value
