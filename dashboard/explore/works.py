"""What the sections of this page have computed in the background, each by a function of `tinyformer.interpret`."""

from dashboard.explore.background import Work
from tinyformer import expression_space, interpret
from tinyformer.evaluation.report import split_of
from tinyformer.interpret.patched_runs import answered_pairs
from tinyformer.interpret.patching import over_pairs, random_pairs
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import SEED, contrasts
from tinyformer.interpret.probes import probe_steps
from tinyformer.interpret.routes import route_steps
from tinyformer.interpret.sampling import space_of_length, tokens_of_length
from tinyformer.task.datasets import SIDES

EVERYTHING, HELD_OUT = "all expressions", "held out"


def patterns(subject):
    """SpacePatterns."""
    return _once(
        f"{subject.name}: every expression", ("patterns", subject.source),
        lambda: interpret.space_patterns(subject.model, subject.space),
    )  # fmt: skip


def nulls(subject):
    """Nulls of the subject's shape and task: once for all models that have them."""
    steps = lambda: interpret.null_steps(subject.config, subject.space)  # noqa: E731
    return Work("untrained models of the same shape", ("nulls", subject.config, subject.task), steps)


def ablation(subject, sets, replacement):
    """Ablation of sets of components on the whole space."""
    sets = tuple(frozenset(components) for components in sets)
    return Work(
        f"{subject.name}: parts taken out", ("ablation", subject.source, sets, replacement),
        lambda: interpret.ablation_steps(subject.model, subject.space, sets, replacement),
    )  # fmt: skip


def single_heads(subject, replacement):
    """Ablation of each head alone."""
    return ablation(subject, [[head] for head in interpret.heads_of(subject.config)], replacement)


def subsets(subject, replacement):
    """Subsets."""
    return Work(
        f"{subject.name}: subsets of heads", ("subsets", subject.source, replacement),
        lambda: interpret.subset_steps(subject.model, subject.space, replacement),
    )  # fmt: skip


def means(subject, num_args):
    """`mean_activations` over expressions with as many numbers."""
    return _once(
        f"{subject.name}: mean outputs", ("means", subject.source, num_args),
        lambda: interpret.mean_activations(subject.model, tokens_of_length(num_args, task=subject.task)),
    )  # fmt: skip


def many_pairs(subject, num_args):
    """(Patching, operations) of pairs drawn at random."""
    return Work(
        f"{subject.name}: patching many pairs", ("pairs", subject.source, num_args),
        lambda: over_pairs(subject.model, random_pairs(num_args, subject.task.names, task=subject.task)),
    )  # fmt: skip


def probes(subject, num_args):
    """Probes."""
    return Work(
        f"{subject.name}: probes", ("probes", subject.source, num_args),
        lambda: probe_steps(subject.model, space_of_length(num_args, subject.task)),
    )  # fmt: skip


def answered(subject, num_args):
    """How many of the pairs of `circuit` it answers right on both sides."""
    return _once(
        f"{subject.name}: pairs", ("answered", subject.source, num_args),
        lambda: answered_pairs(subject.model, _contrasts(subject, num_args)),
    )  # fmt: skip


def circuit(subject, num_args):
    """PathCircuit, on pairs of expressions of as many numbers."""
    return Work(
        f"{subject.name}: path patching", ("circuit", subject.source, num_args),
        lambda: circuit_steps(subject.model, *(_contrasts(subject, num_args, seed) for seed in (SEED, SEED + 1))),
    )  # fmt: skip


def routes(subject, num_args):
    """Routes, on the same pairs for every model of the same operations."""
    steps = lambda: route_steps(subject.model, _contrasts(subject, num_args))  # noqa: E731
    return Work(f"{subject.name}: routes", ("routes", subject.source, num_args), steps)


def _contrasts(subject, num_args, seed=SEED):
    return contrasts(space_of_length(num_args, subject.task), seed=seed)


def gradients(subject, expression, other):
    """IntegratedGradients of the logit difference of the answer and `other`, a token id. `expression`: its own."""
    return _once(
        f"{subject.name}: integrated gradients", ("integrated", subject.source, tuple(expression.tokens), other),
        lambda: interpret.integrated_gradients(subject.model, expression.tokens, expression.answer_token, other),
    )  # fmt: skip


def rows_asked(subject, asked):
    """Which of the space's expressions count: all, or those on the test side of this model's split."""
    if asked == EVERYTHING:
        return slice(None)
    data_seed, shares = split_of(subject.shown.checkpoint)
    task = subject.task
    return expression_space(task.space_length, data_seed, shares, task).sides == SIDES.index("test")


def _once(label, key, function):
    """Work in one piece."""

    def steps():
        yield 0.0
        return function()

    return Work(label, key, steps)
