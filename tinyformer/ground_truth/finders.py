"""What each method of Explore, left to itself, would call the circuit of a model.

Methods that give parts or tokens a share of the whole name those with a twentieth of it, for one operation or in one
expression; lens and probes name the stages after which they read right in a twentieth more of the expressions; the
others have a rule of their own. What is found is names of parts, edges, stages or tokens.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tinyformer import interpret
from tinyformer.ground_truth.kinds import Handmade, build
from tinyformer.ground_truth.writer import PLACES
from tinyformer.interpret.components import Component, heads_of, writers_of
from tinyformer.interpret.head_circuits import head_circuits
from tinyformer.interpret.patched_runs import answered_pairs, head_writes
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import contrasts, parts_of
from tinyformer.interpret.probes import probe_steps
from tinyformer.interpret.roles import NO_ROLE
from tinyformer.task.datasets import ExpressionSpace, expression_space
from tinyformer.task.vocabulary import DIGITS
from tinyformer.transformer import Transformer

SHARE = 0.05  # of the whole: a part that has as much is called one of the circuit
ASKED, PAIRS_EACH, GRADIENTS_OF = 300, 8, 1  # expressions; pairs and expressions of each operation
FOCUSED = 0.4
ANOTHER_SEED = 1_000_000  # added to a seed: the model that heads are matched with


class Subject(NamedTuple):
    """A model with what several methods need of it."""

    handmade: Handmade
    seed: int
    some: ExpressionSpace
    patterns: interpret.SpacePatterns
    nulls: interpret.Nulls

    @property
    def model(self):
        return self.handmade.model


def subject_of(handmade, seed):
    """A Handmade and the seed that it was built with → Subject."""
    some = _some()
    return Subject(handmade, seed, some, interpret.space_patterns(handmade.model, some), _nulls(handmade.model.config))


def _some():
    return interpret.random_sample(expression_space(), ASKED)


@lru_cache(maxsize=4)
def _nulls(config):
    return interpret.drain(interpret.null_steps(config, expression_space()))


def _named(values, names):
    """values (parts, operations) as shares of the whole → the names of the parts with a share in one of them."""
    return {name for name, value in zip(names, np.nan_to_num(values), strict=True) if np.abs(value).max() >= SHARE}


def by_entropy(subject):
    entropy = subject.patterns.entropy().mean(axis=1)  # (L, H)
    return {str(Component(layer, "head", head)) for layer, head in np.argwhere(entropy <= FOCUSED)}


def by_role(subject):
    shares = interpret.role_shares(subject.patterns)
    return {
        str(head) for head in heads_of(subject.model.config)
        if shares.name(head.layer, head.head, subject.nulls.role_levels(head.layer)) != NO_ROLE
    }  # fmt: skip


def by_matching(subject):
    """The heads that are matched with one of another seed's model of the same kind."""
    other = build(subject.handmade.kind, subject.seed + ANOTHER_SEED).model
    layers = interpret.compare_heads(subject.patterns, interpret.space_patterns(other, subject.some))
    levels = subject.nulls.match_levels()
    pairs = [(layer, pair.first) for layer, found in enumerate(layers) for pair in found.matched(levels[layer])]
    return {str(Component(layer, "head", head)) for layer, head in pairs}


def by_ablation(replacement):
    def find(subject):
        parts = writers_of(subject.model.config)
        found = interpret.ablate(subject.model, subject.some, [[part] for part in parts], replacement)
        whole = found.mean("logit difference")[0, 1:]
        return _named(found.lost("logit difference")[1:, 1:] / np.abs(whole), map(str, parts))

    return find


@lru_cache(maxsize=1)
def _subsets(model):
    return interpret.drain(interpret.subset_steps(model, _some()))


def by_subsets(subject):
    """All heads of the smallest subsets that suffice."""
    subsets = _subsets(subject.model)
    enough = interpret.sufficient(subsets)
    smallest = [index for index in enough if index.bit_count() == enough[0].bit_count()]
    return {str(head) for index in smallest for head in subsets.kept(index)}


def by_shapley(subject):
    subsets = _subsets(subject.model)
    values = interpret.shapley_values(subsets.means["logit difference"])[:, 1:]
    return _named(values / np.abs(values).sum(axis=0), map(str, subsets.heads))


def by_writing(subject):
    """Direct attribution: answer minus the best other, the mean by operation."""
    model, some = subject.model, subject.some
    found, rows = interpret.direct_contributions(model, some.tokens), np.arange(len(some.targets))
    logits = found.logits.sum(axis=0)
    logits[rows, some.targets] = -np.inf
    written = found.logits[:, rows, some.targets] - found.logits[:, rows, logits.argmax(axis=1)]  # (P, N)
    means = np.stack([written[:, some.operations == i].mean(axis=1) for i in range(len(some.names))], axis=1)
    parts = writers_of(model.config)
    places = [found.parts.index(part.traced) for part in parts]
    return _named(means[places] / np.abs(means.sum(axis=0)), map(str, parts))


def by_patching(subject):
    """The outputs of single heads, between pairs that differ in one number."""
    pairs = interpret.random_pairs(3, subject.some.names, count=PAIRS_EACH)
    found, operations = interpret.drain(interpret.over_pairs(subject.model, pairs))
    means = [found.heads[operations == i].mean(axis=0).ravel() for i in np.unique(operations)]
    return _named(np.stack(means, axis=1), map(str, heads_of(subject.model.config))) if means else set()


def by_lens(subject):
    """The sublayers after which the lens reads the answer more often at the first token, by a twentieth at least."""
    lens = interpret.logit_lens(subject.model, subject.some.tokens)
    right = (lens.pooled.argmax(axis=-1) == subject.some.targets).mean(axis=1)
    return {name for name, rise in zip(lens.stages[1:], np.diff(right), strict=True) if rise >= SHARE}


def by_probes(subject):
    """The sublayers after which a probe reads the number that is asked for more often at the first token."""
    found = interpret.drain(probe_steps(subject.model, expression_space()))
    columns = {name: 1 + found.names.index(name) for name in PLACES}
    known = [found.right[:, 0, number, columns[name]] for name, number in (("First", 0), ("Second", 1), ("Last", -1))]
    rises = np.diff(np.mean(known, axis=0))
    return {name for name, rise in zip(found.stages[1:], rises, strict=True) if rise >= SHARE}


def by_ov(subject):
    """Heads whose values, sent straight to the logits, raise the digit that is looked at above every other."""
    model, found = subject.model, set()
    for head in heads_of(model.config):
        told = head_circuits(model, head.layer, head.head).ov[np.ix_(list(DIGITS), list(DIGITS))]
        loud = np.abs(told).max() > 1e-3 * np.abs(model.read_out.weight.value).max()
        if loud and (told.argmax(axis=1) == np.arange(10)).mean() >= 0.9:
            found.add(str(head))
    return found


def by_paths(subject):
    return set(interpret.drain(circuit_steps(subject.model, contrasts(expression_space(), PAIRS_EACH))).edges)


def by_paths_jointly(subject):
    """Path patching, and again with the heads silenced that it found, as long as half of the answers stay right."""
    model, found = subject.model, set()
    pairs = contrasts(expression_space(), PAIRS_EACH)
    while answered_pairs(model, pairs) >= len(pairs.clean) / 2:
        new = interpret.drain(circuit_steps(model, pairs))
        silent = [head for head in heads_of(model.config) if str(head) in parts_of(new.edges)]
        found |= new.edges
        if not silent:
            break
        model = without_heads(model, silent)
    return found


def without_heads(model, heads):
    """A copy in which these heads (Component) write nothing."""
    copy = Transformer(model.config, seed=0, dtype=model.dtype)
    copy.vector[:] = model.vector
    for head in heads:
        head_writes(copy.blocks[head.layer], head.head)[:] = 0
    return copy


def by_gradients(attribute):
    """Which tokens have a share in the logit difference. Known for places: the operation, and the number there."""

    def find(subject):
        some, model, found = subject.some, subject.model, []
        for name in PLACES:
            rows = np.flatnonzero(some.operations == some.names.index(name))[:GRADIENTS_OF]
            for tokens, answer in zip(some.tokens[rows], some.targets[rows], strict=True):
                other = interpret.best_other(model.forward(tokens[None])[0][0], answer)
                shares = np.abs(attribute(model, tokens, answer, other))
                place = {"First": 2, "Second": 3, "Last": len(tokens) - 2}[name]
                found.append((set(np.flatnonzero(shares >= SHARE * shares.sum()).tolist()), {0, place}))
        return found

    return find


def integrated(model, tokens, answer, other):
    return interpret.integrated_gradients(model, tokens, answer, other, tolerance=0.02).tokens
