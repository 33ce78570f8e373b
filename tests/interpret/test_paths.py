"""Path patching: its ends are the two runs, its edges all there are, and what it leaves out is not needed."""

import numpy as np
import pytest

from tinyformer import Transformer, expression_space
from tinyformer.ground_truth.kinds import build
from tinyformer.interpret import drain, trace
from tinyformer.interpret.patched_runs import PatchedRuns, run_of_senders, streamed
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import Edge, contrasts, edges_of, senders
from tinyformer.interpret.probes import probe_steps
from tinyformer.interpret.sampling import space_of_length
from tinyformer.task.datasets import drawn_space
from tinyformer.task.vocabulary import DIGITS

PAIRS = contrasts(expression_space(), each=4)
KINDS = [{"norm": norm, "pooling": pooling} for norm in ("post", "pre") for pooling in ("first", "mean")]
kinds = pytest.mark.parametrize("settings", KINDS, ids=lambda kind: "-".join(kind.values()))


def make(**settings):
    model = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=12, seed=4, dtype="float64", **settings)
    model.vector += 0.2 * np.random.default_rng(2).standard_normal(model.vector.shape)
    return model


def every_pair(model):
    """PatchedRuns that keep all pairs, though an untrained model answers them wrong."""
    clean, corrupted = run_of_senders(model, PAIRS.clean)[1], run_of_senders(model, PAIRS.corrupted, PAIRS.order)[1]
    answers = np.stack([clean.argmax(axis=1), corrupted.argmax(axis=1)], axis=1)
    return PatchedRuns(model, PAIRS._replace(answers=answers))


def test_a_pair_has_two_answers_and_its_numbers_move():
    assert (PAIRS.answers[:, 0] != PAIRS.answers[:, 1]).all()
    assert np.bincount(PAIRS.operations).tolist() == [4] * 5
    moved = PAIRS.order[:, 2:5] != np.arange(2, 5)
    assert moved.all() and (PAIRS.order[:, [0, 1, 5]] == [0, 1, 5]).all()
    assert all(sorted(row) == list(range(6)) for row in PAIRS.order.tolist())


def test_all_edges_of_two_layers():
    config = make().config
    edges = edges_of(config)
    assert senders(config)[:5] == ["tokens", "positions", "head 1.1", "head 1.2", "feed-forward 1"]
    # layer 1: 6 ports of 2 senders, a feed-forward of 4; layer 2: 6 of 5, one of 7; the answer: 8
    assert len(edges) == len(set(edges)) == 6 * 2 + 4 + 6 * 5 + 7 + 8
    assert Edge("head 1.2", "head 2.1 q") in edges and Edge("head 2.1", "head 2.2 q") not in edges


@kinds
def test_with_all_edges_it_is_the_clean_run_and_without_any_the_corrupted_one(settings):
    model = make(**settings)
    runs = every_pair(model)
    assert len(runs.pairs.clean) == len(PAIRS.clean)
    np.testing.assert_allclose(runs.difference(edges_of(model.config)), runs.after, atol=1e-9)
    np.testing.assert_allclose(runs.difference([]), runs.before, atol=1e-9)


def test_the_stream_is_what_the_model_reads():
    model = make()
    found, _ = run_of_senders(model, PAIRS.clean)
    values = trace(model, PAIRS.clean)
    np.testing.assert_allclose(streamed(model, found, 1, False), values["blocks.1.resid_pre"], atol=1e-9)
    np.testing.assert_allclose(streamed(model, found, 1, True), values["blocks.1.resid_mid"], atol=1e-9)
    np.testing.assert_allclose(streamed(model, found, 2, False), values["final"], atol=1e-9)


def test_what_is_remembered_is_what_would_be_computed():
    model = make()
    runs, edges = every_pair(model), edges_of(model.config)
    some = [edges[i] for i in np.random.default_rng(0).permutation(len(edges))]
    for count in (10, 25, 40, 25):
        np.testing.assert_array_equal(runs.difference(some[:count]), every_pair(model).difference(some[:count]))


def test_no_edge_of_a_circuit_can_be_spared_and_the_curve_counts_every_edge():
    made = build("previous, then copy")
    found = drain(circuit_steps(made.model, PAIRS))
    assert found.edges == made.edges and set(found.way) == set(edges_of(made.model.config))
    assert found.curve.shape == (found.every_edge + 1, 6) and np.allclose(found.curve[0], 1)
    assert np.abs(found.curve[-1]).max() < 1e-6 and found.faithfulness.min() >= 0.95
    assert np.abs(found.completeness).max() < 0.05 and found.minimality > 0.05


@pytest.mark.parametrize("num_args", [2, 4, 7])  # all there are of four; of seven, drawn ones
@pytest.mark.parametrize("kind", ["one head", "head, then feed-forward"])
def test_the_circuit_of_a_model_by_hand_is_the_same_at_other_lengths(kind, num_args):
    made = build(kind)
    found = drain(circuit_steps(made.model, contrasts(space_of_length(num_args), each=6)))
    assert found.edges == made.edges and found.pairs[0] == 30 == found.pairs[1:].sum()


def test_a_drawn_space_has_the_right_answers_and_is_no_list():
    space = drawn_space(6, 50, seed=1)
    assert space.tokens.shape == (250, 9) and len(np.unique(space.tokens, axis=0)) > 240
    right = [space.numbers[:, 0], space.numbers[:, 1], space.numbers[:, -1], space.numbers.max(1), space.numbers.min(1)]
    np.testing.assert_array_equal(space.targets - DIGITS[0], np.choose(space.operations, right))


def test_a_model_that_answers_nothing_has_no_circuit():
    with pytest.raises(ValueError, match="answers none of the pairs"):
        drain(circuit_steps(make(), PAIRS))


def test_probes_read_what_is_there_and_shuffled_numbers_not():
    model = build("one head").model
    found = drain(probe_steps(model, expression_space(), count=1200))
    assert found.right.shape == (3, 6, 3, 6) and found.control.shape == (3, 6, 3, 6)
    for number in range(3):
        assert found.right[0, 2 + number, number, 0] == 1  # a digit at its own place
        assert found.right[0, 0, number, 0] < 0.2  # the operation says nothing of it
    first, last = (1 + found.names.index(name) for name in ("First", "Last"))
    assert found.right[1, 0, 0, first] == found.right[1, 0, 2, last] == 1  # the head has brought it
    assert found.right[1, 0, 1, first] < 0.2 and found.control[..., 0].max() < 0.2


def test_an_operation_with_one_answer_has_no_pairs_and_the_others_have():
    space = expression_space()
    targets = space.targets.copy()
    targets[:] = targets[0]
    assert len(contrasts(space._replace(targets=targets), 3).clean) == 0


def test_a_circuit_is_tested_on_pairs_that_had_no_part_in_finding_it():
    found = drain(circuit_steps(build("one head").model, PAIRS, contrasts(expression_space(), 4, seed=9)))
    np.testing.assert_allclose(found.elsewhere, 1, atol=1e-3)
    assert np.isnan(drain(circuit_steps(build("one head").model, PAIRS)).elsewhere).all()
