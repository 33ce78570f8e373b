"""The lines "In Python" give what the section shows: at its length, of its operations, head, rows, pair and side."""

import contextlib
import io
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from dashboard.explore import ablation, circuits, focus, paths, probing, python, reads, works, wrote
from dashboard.explore.subjects import Subject
from tinyformer import (
    Expression,
    TrainingConfig,
    Transformer,
    TransformerConfig,
    interpret,
    load_checkpoint,
    save_checkpoint,
)
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.interpret.head_circuits import head_circuits

OWN = ("Median", "Range", "Max")
TINY = TransformerConfig(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=16)


def subject_of(path):
    checkpoint = load_checkpoint(path)
    file = SimpleNamespace(path=str(path))
    shown = SimpleNamespace(name=path.stem, task=checkpoint.task, checkpoint=checkpoint, file=file)
    return Subject(shown, checkpoint.model, (str(path),))


@pytest.fixture
def shipped():
    return subject_of(shipped_folder() / "seed-42.npz")


@pytest.fixture
def own(tmp_path):
    config = TrainingConfig(operations=OWN, model=TINY)
    path = tmp_path / "own.npz"
    save_checkpoint(path, Transformer(config.model, seed=1), training=config)
    return subject_of(path)


@pytest.fixture
def state(monkeypatch):
    chosen = {}
    monkeypatch.setattr(st, "session_state", chosen)
    return chosen


def printed(view, subjects, numbers):
    name = subjects[0].task.names[-1]
    out, code = io.StringIO(), python.recipe(view, subjects, Expression(name, numbers, subjects[0].task))
    with contextlib.redirect_stdout(out):
        exec(compile(code, view.__name__, "exec"), {})
    return out.getvalue()


def shown(work):
    return interpret.drain(work.steps())


@pytest.mark.slow
@pytest.mark.parametrize("numbers", [(5, 3), (5, 3, 9, 1)])
def test_path_patching_and_probes_are_of_as_many_numbers_as_the_expression(shipped, state, numbers):
    found = shown(works.circuit(shipped, len(numbers)))
    assert f"{sorted(found.edges)}\n{found.faithfulness}\n{found.elsewhere}" in printed(paths, [shipped], numbers)
    probes = shown(works.probes(shipped, len(numbers)))
    assert str(probes.right[..., 0].round(2)) in printed(probing, [shipped], numbers)


@pytest.mark.parametrize("numbers", [(5, 3), (5, 3, 9)])
def test_means_and_probes_of_own_operations_are_of_these(own, state, numbers):
    expression = Expression("Max", numbers, own.task)
    means = shown(works.means(own, len(numbers)))
    story = interpret.written_and_lost(own.model, expression.tokens, expression.answer_token, means)
    assert printed(wrote, [own], numbers).startswith(str(story))
    assert str(shown(works.probes(own, len(numbers))).right[..., 0].round(2)) in printed(probing, [own], numbers)


def test_the_head_that_is_chosen_is_the_head_that_is_printed(own, shipped, state):
    state["read_head"] = "head 2.2"
    for subject in (own, shipped):
        found = head_circuits(subject.model, 1, 1, 7)
        rows = subject.task.name_ids
        assert str(found.qk[rows, 2:12].round(1)) in printed(reads, [subject], (5, 3, 9, 1))
        assert str(found.places[rows].round(1)) in printed(reads, [subject], (5, 3, 9, 1))


def test_taken_out_is_printed_of_the_side_that_is_asked(own, state):
    state["asked"] = works.HELD_OUT
    heads = tuple((head,) for head in interpret.heads_of(own.config))
    found = shown(works.ablation(own, heads, "mean"))
    rows = works.rows_asked(own, works.HELD_OUT)
    assert str(found.lost("logit difference", rows)[1:].round(4)) in printed(ablation, [own], (5, 3, 9))
    assert not np.array_equal(found.lost("logit difference", rows), found.lost("logit difference"))


def test_focus_is_printed_of_the_rows_that_are_chosen(own, state):
    state["rows"] = focus.ROWS_READ
    found = interpret.focus(shown(works.patterns(own)), interpret.READ)
    assert str(found.per_operation.round(3)) in printed(focus, [own], (5, 3, 9))


def test_matched_heads_are_those_of_the_pair_that_is_chosen(shipped, state):
    others = [subject_of(shipped_folder() / f"{name}.npz") for name in ("seed-123", "seed-7")]
    state.update({"first": "seed-7", "second": "seed-42"})
    expression = Expression("Max", (5, 3, 9))
    code = python.recipe(circuits, [shipped, *others], expression)
    assert code.index("seed-7.npz") < code.index("seed-42.npz") and "seed-123" not in code
