"""What Taken out, Subsets and Probes say of how they measured, and the computation that it has to survive."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.explore import probing, subsets
from dashboard.explore.ablation import told_of_space
from tinyformer import expression_space, interpret, load_checkpoint
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.interpret import ablation, components
from tinyformer.interpret.sampling import space_of_task
from tinyformer.task.operations import Operation
from tinyformer.task.task import DEFAULT_TASK, Task

MODEL = load_checkpoint(shipped_folder() / "seed-42.npz").model
SOME = interpret.random_sample(expression_space(), 500)
TABLE = Operation.of_table("Win", {(a, b, 1, 2): a for a in range(9) for b in range(9)} | {(1, 2, 3, 4, 5, 6): 4})


@pytest.mark.parametrize(
    ("task", "length", "count"), [(DEFAULT_TASK, 3, 5000), (Task.of(TABLE), 4, 81), (Task.of("Max", TABLE), 3, 1000)]
)
def test_all_expressions_of_one_length_were_asked(task, length, count):
    space = space_of_task(task)
    assert space.numbers.shape == (count, length)
    assert f"all expressions of {length} numbers that there are" in told_of_space([SimpleNamespace(task=task)])


def test_models_of_two_tasks_may_have_been_asked_two_lengths():
    subjects = [SimpleNamespace(task=task) for task in (Task.of(TABLE), DEFAULT_TASK, DEFAULT_TASK)]
    assert "all expressions of 3 or 4 numbers" in told_of_space(subjects)


@pytest.mark.parametrize("replacement", interpret.REPLACEMENTS)
def test_only_resampled_estimates_and_its_counts_depend_on_the_donors(replacement, monkeypatch):
    def measured():
        heads = [[head] for head in interpret.heads_of(MODEL.config)]
        return interpret.ablate(MODEL, SOME, heads, replacement).lost("logit difference")

    one = measured()
    monkeypatch.setattr(ablation, "replacer", partial(components.replacer, seed=1))
    assert np.array_equal(one, measured()) == (replacement != "resampled")


def told(found, replacement):
    enough = interpret.sufficient(found)
    return subsets.told(found, enough, interpret.minimal(enough), replacement)


def test_how_many_subsets_suffice_depends_on_what_stands_in_and_the_sentence_names_it(monkeypatch):
    mean, resampled = (interpret.drain(interpret.subset_steps(MODEL, SOME, how)) for how in ("mean", "resampled"))
    assert len(interpret.sufficient(mean)) > 3 * len(interpret.sufficient(resampled))
    monkeypatch.setattr(ablation, "replacer", partial(components.replacer, seed=1))
    others = interpret.drain(interpret.subset_steps(MODEL, SOME, "resampled"))
    assert interpret.sufficient(others) != interpret.sufficient(resampled)
    count = len(interpret.sufficient(mean))
    assert told(mean, "mean").startswith(f"**{count} of 256 subsets** suffice where the other heads write their means;")
    assert "write what they wrote for another expression;" in told(resampled, "resampled")
    assert told(resampled, "resampled").endswith("with other donors other subsets may suffice.")
    assert "donor" not in told(mean, "mean") + told(mean, "zero")
    assert set(subsets.INSTEAD) == set(interpret.REPLACEMENTS)


def test_the_control_beside_a_number_of_one_operation_is_of_the_same_expressions():
    """Of a fifth of the expressions it reaches further; the page shows the one that goes with the number."""
    found = interpret.drain(interpret.probe_steps(MODEL, expression_space()))
    assert found.control.shape == found.right.shape
    everything, by_operation = found.control[..., 0], found.control[..., 1:]
    assert everything.max() < 0.15 < by_operation.max()
    assert (by_operation.min(axis=-1) <= everything).all() and (everything <= by_operation.max(axis=-1)).all()
    untrained = np.full((3, *found.right.shape[:2]), 0.5)
    for column in range(6):
        said = probing.told(found.right[..., 0, column], untrained, found.control[..., 0, column])
        assert f"at most {found.control[..., 0, column].max():.2f}" in said
