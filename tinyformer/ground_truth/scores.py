"""How much of the known circuit a method finds, and how much of what it names belongs to it."""

from typing import NamedTuple

import numpy as np

from tinyformer.ground_truth.finders import subject_of
from tinyformer.ground_truth.kinds import KINDS, build
from tinyformer.ground_truth.methods import METHODS
from tinyformer.interpret.paths import ANSWER_NODE, parts_of

JOINT_KINDS = ("two paths", "sleeping backup", "cancelling")  # where taking out one thing at a time tells too little
NOISY_KINDS = tuple(name for name, kind in KINDS.items() if kind.noise)
GROUPS = {
    "one path": tuple(name for name in KINDS if name not in (*JOINT_KINDS, *NOISY_KINDS)),
    "backups and cancelling": JOINT_KINDS,
    "noise": NOISY_KINDS,
}


class Score(NamedTuple):
    """One method on one model. Precision is nan where nothing was named, recall where nothing is to be found."""

    method: str
    kind: str
    seed: int
    finds: str  # what is compared: "heads", "parts", "edges", "stages" or "tokens"
    precision: float
    recall: float


def score(name, subject, method=None):
    """METHODS[name], or another Method, on a Subject → [Score]; for one that finds edges also one of its parts."""
    method, known = method or METHODS[name], subject.handmade.edges | subject.handmade.backup
    found = method.find(subject)
    if method.finds == "tokens":
        rates = np.array([_rates(*pair) for pair in found])
        return [Score(name, subject.handmade.kind, subject.seed, "tokens", *np.nanmean(rates, axis=0).tolist())]
    compared = {method.finds: (found, _known(method.finds, known))}
    if method.finds == "edges":
        compared["parts"] = (parts_of(found), parts_of(known))
    return [Score(name, subject.handmade.kind, subject.seed, what, *_rates(*pair)) for what, pair in compared.items()]


def _known(finds, edges):
    """What is to be found, as names."""
    if finds == "edges":
        return edges
    if finds == "stages":
        writers = {edge.sender for edge in edges if edge.receiver == ANSWER_NODE}
        return {_stage(name) for name in writers}
    return {name for name in parts_of(edges) if finds == "parts" or name.startswith("head")}


def _stage(sender):
    """ "head 2.1" → "blocks.1.resid_mid", "feed-forward 2" → "blocks.1.resid_post"."""
    number = sender.split(" ")[1].split(".")[0]
    return f"blocks.{int(number) - 1}.resid_" + ("mid" if sender.startswith("head") else "post")


def _rates(found, known):
    """→ (precision, recall) of two sets."""
    right = len(set(found) & set(known))
    return (right / len(found) if found else float("nan"), right / len(known) if known else float("nan"))


def scores_steps(kinds=tuple(KINDS), seeds=(0,), methods=tuple(METHODS)):
    """A generator that yields the share that is done, and returns [Score] of all methods on all models."""
    scores, done, total = [], 0, len(kinds) * len(seeds) * len(methods)
    for kind in kinds:
        for seed in seeds:
            subject = subject_of(build(kind, seed), seed)
            for name in methods:
                scores += score(name, subject)
                done += 1
                yield done / total
    return scores


class Average(NamedTuple):
    """One method on the models of several kinds: means, and the kinds that it does worst on."""

    method: str
    finds: str
    models: int
    silent: int  # models of which it named nothing: they have no precision
    precision: float  # nan where it named nothing at all
    recall: float
    least_precise: tuple[str, float]  # the kind, and its mean
    least_complete: tuple[str, float]


def average(scores, kinds=tuple(KINDS)):
    """[Score] → [Average] of each method, in the order of the scores."""
    groups = {}
    for one in scores:
        if one.kind in kinds:
            groups.setdefault((one.method, one.finds), []).append(one)
    return [_average(*key, some) for key, some in groups.items()]


def _average(method, finds, scores):
    kinds, means, worst = dict.fromkeys(one.kind for one in scores), [], []
    for rate in ("precision", "recall"):
        by_kind = {kind: _mean([getattr(one, rate) for one in scores if one.kind == kind]) for kind in kinds}
        means.append(_mean([getattr(one, rate) for one in scores]))
        worst.append(min(by_kind.items(), key=lambda pair: (pair[1] != pair[1], pair[1])))  # nan last
    silent = sum(one.precision != one.precision for one in scores)
    return Average(method, finds, len(scores), silent, *means, *worst)


def _mean(values):
    there = [value for value in values if value == value]
    return sum(there) / len(there) if there else float("nan")
