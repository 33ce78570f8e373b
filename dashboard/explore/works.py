"""What the sections of this page have computed in the background, each by a function of `tinyformer.interpret`.

Each function here is one of a Subject and of what is asked, and makes a Work of it, kept under just these.
"""

from functools import partial, wraps

from dashboard.explore.background import Work, gathered
from tinyformer import expression_space, interpret
from tinyformer.evaluation.report import split_of
from tinyformer.interpret.patched_runs import answered_pairs
from tinyformer.interpret.patching import over_pairs, random_pairs
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import SEED, contrasts
from tinyformer.interpret.probes import probe_steps, untrained_steps
from tinyformer.interpret.routes import route_steps
from tinyformer.interpret.sampling import space_of_length, tokens_of_length
from tinyformer.task.datasets import SIDES

EVERYTHING, HELD_OUT = "all expressions", "held out"


def _work(label):
    """(subject, *asked) → a generator becomes (subject, *asked) → Work."""

    def making(steps):
        @wraps(steps)
        def make(subject, *asked):
            key = (steps.__name__, subject.source, *asked)
            return Work(f"{subject.name}: {label}", key, partial(steps, subject, *asked))

        return make

    return making


@_work("every expression")
def patterns(subject):
    """SpacePatterns."""
    yield 0.0
    return interpret.space_patterns(subject.model, subject.space)


def nulls(subject):
    """Nulls of the subject's shape and task: once for all models that have them."""
    steps = lambda: interpret.null_steps(subject.config, subject.space)  # noqa: E731
    return Work("untrained models of the same shape", ("nulls", subject.config, subject.task), steps)


def patterns_and_nulls(subjects):
    """→ [SpacePatterns], [Nulls] of all."""
    found = gathered([*map(patterns, subjects), *map(nulls, subjects)])
    return found[: len(subjects)], found[len(subjects) :]


@_work("parts taken out")
def ablation(subject, sets, replacement):
    """Ablation of sets of components, a tuple of tuples, on the whole space."""
    return interpret.ablation_steps(subject.model, subject.space, sets, replacement)


@_work("subsets of heads")
def subsets(subject, replacement):
    """Subsets."""
    return interpret.subset_steps(subject.model, subject.space, replacement)


@_work("mean outputs")
def means(subject, num_args):
    """`mean_activations` over expressions with as many numbers."""
    yield 0.0
    return interpret.mean_activations(subject.model, tokens_of_length(num_args, task=subject.task))


@_work("patching many pairs")
def many_pairs(subject, num_args):
    """(Patching, operations) of pairs drawn at random."""
    return over_pairs(subject.model, random_pairs(num_args, subject.task.names, task=subject.task))


@_work("probes")
def probes(subject, num_args):
    """Probes."""
    return probe_steps(subject.model, space_of_length(num_args, subject.task))


def untrained_probes(subject, num_args):
    """Probes.right of three untrained models of its shape, (3, …): once for all models that have it."""
    steps = lambda: untrained_steps(subject.config, space_of_length(num_args, subject.task))  # noqa: E731
    key = ("untrained probes", subject.config, subject.task, num_args)
    return Work("probes of untrained models of the same shape", key, steps)


@_work("pairs")
def answered(subject, num_args):
    """How many of the pairs of `circuit` it answers right on both sides."""
    yield 0.0
    return answered_pairs(subject.model, _contrasts(subject, num_args))


@_work("path patching")
def circuit(subject, num_args):
    """PathCircuit, on pairs of expressions of as many numbers."""
    return circuit_steps(subject.model, *(_contrasts(subject, num_args, seed) for seed in (SEED, SEED + 1)))


@_work("routes")
def routes(subject, num_args):
    """Routes, on the same pairs for every model of the same operations."""
    return route_steps(subject.model, _contrasts(subject, num_args))


def _contrasts(subject, num_args, seed=SEED):
    return contrasts(space_of_length(num_args, subject.task), seed=seed)


@_work("integrated gradients")
def gradients(subject, tokens, answer, other):
    """IntegratedGradients of the logit difference of two token ids. tokens: a tuple."""
    yield 0.0
    return interpret.integrated_gradients(subject.model, tokens, answer, other)


def rows_asked(subject, asked):
    """Which of the space's expressions count: all, or those on the test side of this model's split."""
    if asked == EVERYTHING:
        return slice(None)
    data_seed, shares = split_of(subject.shown.checkpoint)
    task = subject.task
    return expression_space(task.space_length, data_seed, shares, task).sides == SIDES.index("test")
