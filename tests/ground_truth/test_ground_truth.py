"""Models written by hand do their task, have the circuit that is declared, and tell good methods from bad ones."""

import json

import numpy as np
import pytest
from small import mostly_slow

from tinyformer import expression_space
from tinyformer.checkpoints.checkpoint import load_checkpoint
from tinyformer.cli import main
from tinyformer.ground_truth.finders import SHARE, subject_of, without_heads
from tinyformer.ground_truth.kinds import KINDS, build
from tinyformer.ground_truth.methods import METHODS, Method
from tinyformer.ground_truth.scores import GROUPS, JOINT_KINDS, Score, average, score, scores_steps
from tinyformer.interpret import Component, ablate, drain, heads_of, random_sample, space_patterns
from tinyformer.interpret.paths import Edge, parts_of

EXACT = [kind for kind in KINDS if not KINDS[kind].noise]
PATHS = ("path patching",)
FOUR = random_sample(expression_space(4), 2000)  # all 50,000: tests/benchmarks/ground_truth.py


@pytest.mark.parametrize("kind", EXACT)
@pytest.mark.parametrize("num_args", mostly_slow([2, 3, 4], 3))
def test_every_expression_is_answered_right(kind, num_args):
    space = expression_space(num_args) if num_args < 4 else FOUR
    assert (build(kind).model.forward(space.tokens)[0].argmax(axis=1) == space.targets).all()


def test_noise_costs_some_answers_and_no_more():
    space = expression_space()
    right = (build("noisy").model.predict(space.tokens).argmax(axis=1) == space.targets).mean()
    assert 0.9 < right <= 1


def test_another_basis_is_the_same_function():
    tokens = expression_space().tokens[::50]
    one, other = (build("find, then point", rotate=rotate, dtype="float64").model for rotate in (False, True))
    assert not np.allclose(one.vector, other.vector)
    np.testing.assert_allclose(one.forward(tokens)[0], other.forward(tokens)[0], atol=1e-9)


def test_the_order_says_which_heads_work():
    made = build("previous, then copy", order=[[3, 0, 1, 2, 4], [1, 0, 2, 3, 4]])
    assert parts_of(made.edges) == {"head 1.4", "head 2.2"}
    assert Edge("head 1.4", "head 2.2 v") in made.edges and Edge("head 1.4", "answer") not in made.edges


def test_decoys_look_at_the_answer_and_may_all_go():
    made, space = build("decoys"), expression_space()
    decoys = [head for head in heads_of(made.model.config) if str(head) not in parts_of(made.edges)]
    assert np.abs(ablate(made.model, space, [decoys], "zero").lost("logit difference")[1]).max() < 1e-4
    weights = space_patterns(made.model, space).weights[1][:, :, 0]  # (N, H, T): of the second layer, first row
    answers = weights @ np.ones(6) * 0 + (weights * (space.tokens == space.targets[:, None])[:, None]).sum(axis=2)
    assert (answers.mean(axis=0) > 0.99).sum() == 2  # both decoys of that layer


def test_a_backup_answers_where_the_first_head_is_silent():
    made, space = build("sleeping backup"), expression_space()
    first = [head for head in heads_of(made.model.config) if str(head) in parts_of(made.edges)]
    silent = without_heads(made.model, first)
    assert (silent.predict(space.tokens).argmax(axis=1) == space.targets).all()
    both = [head for head in heads_of(made.model.config) if head.layer == 1] + first
    assert (without_heads(made.model, both).predict(space.tokens).argmax(axis=1) == space.targets).mean() < 0.2


@pytest.mark.parametrize("kind", mostly_slow(GROUPS["one path"], "one head", "find, then point", "decoys"))
def test_path_patching_finds_the_circuit_and_no_decoy(kind):
    for one in drain(scores_steps([kind], [3], PATHS)):
        assert (one.precision, one.recall) == (1, 1), one


def test_attention_alone_calls_decoys_part_of_the_circuit():
    for one in drain(scores_steps(["decoys"], [0], ["a role by attention", "low entropy", "matched by pattern"])):
        assert one.precision <= 0.5, one


def test_heads_that_cancel_each_other_are_named_by_path_patching_and_not_by_subsets():
    edges, parts, subsets = drain(scores_steps(["cancelling"], [0], [*PATHS, "smallest subsets"]))
    assert edges.precision < 0.5 and parts.precision < 0.5 and edges.recall == 1
    assert (subsets.precision, subsets.recall) == (1, 1)


def test_a_backup_is_found_jointly_only():
    alone, _, jointly, _ = drain(scores_steps(["sleeping backup"], [0], [*PATHS, "path patching, jointly"]))
    assert alone.recall == 0.5 and (jointly.precision, jointly.recall) == (1, 1)


def test_a_broken_method_scores_lower():
    subject = subject_of(build("one head"), 0)

    def of_another_head(subject):  # right, but for the head
        return {Edge(*(end.replace("head 1.", "head 9.") for end in edge)) for edge in subject.handmade.edges}

    good = score("path patching", subject)
    broken = score("broken", subject, Method((), "edges", of_another_head))
    assert [one.precision for one in good] == [1, 1] and [one.precision for one in broken] == [0, 0]
    backwards = score("broken", subject, Method((), "heads", lambda subject: _least(subject)))
    assert backwards[0].precision == 0


def _least(subject):
    """Ablation with its sign and order mistaken: the heads that matter least."""
    heads = heads_of(subject.model.config)
    lost = ablate(subject.model, subject.some, [[head] for head in heads]).lost("logit difference")[1:, 0]
    return {str(head) for head, loss in zip(heads, lost, strict=True) if loss <= SHARE}


def test_every_method_has_a_word_on_every_kind_of_target():
    names = {method.finds for method in METHODS.values()}
    assert names == {"heads", "parts", "edges", "stages", "tokens"}
    for one in drain(scores_steps(["one head"], [0], [name for name in METHODS if "integrated" not in name])):
        assert 0 <= one.recall <= 1 and (one.precision != one.precision or 0 <= one.precision <= 1)


def test_averages_say_where_a_method_does_worst():
    nan = float("nan")
    scores = [Score("m", kind, 0, "heads", *rates) for kind, rates in
              (("decoys", (0.5, 1)), ("one head", (nan, 0)), ("relay", (1, 1)))]  # fmt: skip
    (found,) = average(scores)
    assert (found.models, found.silent, found.precision) == (3, 1, 0.75) and found.recall == pytest.approx(2 / 3)
    assert found.least_precise == ("decoys", 0.5) and found.least_complete == ("one head", 0)
    assert set(JOINT_KINDS) == set(GROUPS["backups and cancelling"])


def test_the_command_prints_scores_and_saves_models(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path))
    words = ["ground-truth", "--kinds", "one head"]
    assert main([*words, "--only", "path patching", "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)["scores"]
    assert [(one["finds"], one["precision"], one["recall"]) for one in scores] == [("edges", 1, 1), ("parts", 1, 1)]
    assert main([*words, "--only", "OV copies digits"]) == 0
    assert "one path: one head" in capsys.readouterr().out
    assert main([*words, "--save"]) == 0
    (path,) = (tmp_path / "checkpoints").iterdir()
    saved = load_checkpoint(path)
    assert saved.training is None and "test" not in saved.metadata and saved.metadata["written_by_hand"] == "one head"
    assert main(["ground-truth", "--kinds", "two heads"]) == 2
    assert str(Component(0, "head", 0)) == "head 1.1"
