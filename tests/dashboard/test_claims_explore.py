"""Every sentence of fact on Explore Attention, and the computation that it has to survive, on the models that ship.

The sentences that are computed (`focus.told`, `circuits.told`, `wrote.told`, `tokens.told`) are tested for what they
count; those that are written into "How to read this" for whether they are so. One test for each.
"""

import inspect
import itertools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard.explore import circuits, focus, paths, probing, stages, tokens, training, wrote
from dashboard.explore.subjects import rows_that_answer
from tinyformer import Transformer, expression_space, interpret, load_checkpoint, parse_expression
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.interpret import probes, routes
from tinyformer.interpret.patched_runs import PatchedRuns
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import contrasts, edges_of

SPACE = expression_space()
EXPRESSION = parse_expression("Max ( 5 3 9 )")
MODELS = {
    name: load_checkpoint(shipped_folder() / f"{name}.npz").model
    for name in ("seed-42", "seed-123", "seed-7", "mixed-42")
}


@pytest.fixture(scope="module")
def patterns():
    return {name: interpret.space_patterns(model, SPACE) for name, model in MODELS.items()}


@pytest.fixture(scope="module")
def nulls():
    return interpret.drain(interpret.null_steps(MODELS["seed-42"].config, SPACE))


def test_the_sentence_on_focus_counts_heads_by_one_rule_for_both_directions():
    having = [(np.array([0.3, -0.12, 0.05, -0.4]), 0.2)]
    assert focus.told(0, having, np.array([0.1, 0.0, 0.0, -0.2])) == (
        "**Layer 1**: for Max and Min, 1 of 4 heads look more evenly by at least 0.1, 2 more narrowly (of untrained "
        "heads 25% and 25%). Further than untrained heads go: 1 and 1."
    )
    mirrored = focus.told(0, [(-having[0][0], 0.2)], -np.array([0.1, 0.0, 0.0, -0.2]))
    assert "2 of 4 heads look more evenly by at least 0.1, 1 more narrowly" in mirrored and "1 and 1" in mirrored


def test_the_sentence_on_matched_heads_counts_what_the_matrix_frames(patterns, nulls):
    """seed-42 against seed-123: one pair in layer 1; in layer 2 every pair is above, and the sentence says so."""
    layers = interpret.compare_heads(patterns["seed-42"], patterns["seed-123"])
    levels = nulls.match_levels()
    assert circuits.told(0, layers[0], levels[0]) == (
        "**Layer 1: 1 of 4 heads matched.** 1 of 16 pairs is above the level of 0.10."
    )
    assert circuits.told(1, layers[1], levels[1]) == (
        "**Layer 2: 1 of 4 heads matched.** 16 of 16 pairs are above the level: which head is matched with which says "
        "little."
    )


def test_of_heads_that_look_everywhere_much_is_in_common_on_unrelated_expressions_too():
    some = interpret.random_sample(SPACE, 500)
    one, other = (interpret.space_patterns(type(MODELS["seed-42"])(seed=seed), some) for seed in (1, 2))
    for layer in interpret.compare_heads(one, other):
        assert layer.common.min() > 0.5 and layer.unrelated.min() > 0.5 and layer.excess.max() < 0.1


def test_the_sentence_on_what_was_written_names_the_widest_disagreement():
    apart = [("blocks.1.mlp", 8.27, 3.48), ("blocks.0.head.1", 0.1, 2.0)]
    told = "They disagree: **feed-forward 2** wrote +8.27; without it, +3.48 is lost. So do 1 more."
    assert wrote.told(apart) == told.replace("So do 1 more", "So does 1 more")
    assert "agree" in wrote.told([])


def test_what_is_written_sums_to_the_difference_and_what_is_lost_does_not():
    apart = []
    for model in MODELS.values():
        story = interpret.written_and_lost(model, EXPRESSION.tokens, EXPRESSION.answer_token)
        logits = model.forward([EXPRESSION.tokens])[0][0]
        difference = float(logits[EXPRESSION.answer_token] - logits[story.other])
        assert sum(story.written.values()) == pytest.approx(difference, abs=1e-3)
        apart.append(abs(sum(story.lost.values()) - difference))
    assert max(apart) > 1


def test_the_sentence_on_integrated_gradients_says_how_exact_they_are_and_warns_where_they_are_not():
    fine = interpret.IntegratedGradients(np.array([1.0, 2.0]), 3.0001, 500, 1e-5)
    assert "sum 3.0000 of a difference of 3.0001, from 500 gradients" in tokens.told(fine)
    assert "not settled" not in tokens.told(fine)
    assert "not settled" in tokens.told(fine._replace(moved=0.1)) and "not settled" in tokens.told(
        fine._replace(difference=4.0)
    )


@pytest.mark.parametrize("moved", [1.0e-5, 1.01e-5, 2.4e-4, 9.7e-3, 3.0e-3, 0.0])
def test_no_token_moved_by_more_than_is_said(moved):
    told = tokens.told(interpret.IntegratedGradients(np.array([1.0, 2.0]), 3.0, 500, moved))
    assert moved <= float(told.split("moved by more than ")[1].split(". ")[0].rstrip(".")) <= max(2 * moved, 1e-6)


@pytest.mark.parametrize("largest, reach", [(0.34, 0.4), (1.01, 2.0), (2.0, 2.0), (0.96, 1.0), (12.0, 20.0)])
def test_a_scale_reaches_to_the_largest_rounded_up_to_one_digit(largest, reach):
    assert stages.rounded_up(largest) == pytest.approx(reach)


@pytest.mark.slow
def test_accuracy_stands_near_its_ceiling_and_hardly_moves_before_much_is_broken():
    for model in MODELS.values():
        heads = [[head] for head in interpret.heads_of(model.config)]
        found = interpret.ablate(model, SPACE, heads)
        assert found.mean("accuracy")[0, 0] > 0.999
        assert found.lost("accuracy")[1:, 0].max() < 0.02  # one head: at most two points
        assert found.lost("logit difference")[1:, 0].max() > 0.7


@pytest.mark.parametrize("name", MODELS)
def test_that_a_head_is_not_missed_does_not_mean_that_it_does_nothing(name):
    """Without all four heads of layer 2, half as much again is lost as without each alone, taken together."""
    model = MODELS[name]
    last = [head for head in interpret.heads_of(model.config) if head.layer == 1]
    found = interpret.ablate(model, SPACE, [*[[head] for head in last], last], "resampled")
    *alone, together = found.lost("logit difference")[1:, 0]
    assert together > 1.5 * sum(alone)


def test_the_four_heads_of_one_layer_can_never_be_enough():
    """Of 24 orders, a perfect one and its mirror are as extreme: p is 2/24 at least."""
    best = interpret.association([(np.arange(4), np.arange(4))])
    assert best.p > 0.07 and best.verdict(best.p) == "no relation beyond chance"
    assert len(list(itertools.permutations(range(4)))) == 24


@pytest.mark.parametrize("heads", [4, 6, 8])
def test_what_chance_reaches_at_least_95_percent_of_all_orders_do_not_exceed(heads):
    """Of four heads chance reaches ±1, and less than 95 % of the orders are strictly smaller."""
    orders = np.array(list(itertools.permutations(range(heads)))) - (heads - 1) / 2
    rho = np.abs(orders @ orders[0] / (orders[0] @ orders[0])).round(9)
    reach = round(interpret.association([(np.arange(heads), np.arange(heads))]).reach, 9)
    assert (rho <= reach).mean() >= 0.945  # 10,000 of all orders are a sample
    if heads == 4:
        assert reach == 1 and (rho < reach).mean() < 0.92


@pytest.mark.slow
def test_look_and_effect_of_the_shipped_models_have_no_relation_beyond_chance(patterns):
    groups = {0: [], 1: []}
    for name in ("seed-42", "seed-123", "seed-7"):
        model = MODELS[name]
        heads = [[head] for head in interpret.heads_of(model.config)]
        lost = interpret.ablate(model, SPACE, heads).lost("logit difference")[1:, 0].reshape(2, 4)
        entropy = patterns[name].entropy(interpret.READ).mean(axis=1)
        for layer in (0, 1):
            groups[layer].append((entropy[layer], lost[layer]))
    found = [interpret.association(some) for some in groups.values()]
    corrected = interpret.holm([one.p for one in found])
    assert [one.verdict(p) for one, p in zip(found, corrected, strict=True)] == ["no relation beyond chance"] * 2


def test_even_attention_gives_each_place_of_six_tokens_a_sixth():
    roles = interpret.role_shares(interpret.space_patterns(MODELS["seed-42"], interpret.random_sample(SPACE, 100)))
    np.testing.assert_allclose(roles.even[:, :6], 1 / 6)


def test_in_the_last_layer_only_the_first_token_s_row_reaches_the_answer():
    values = interpret.trace(MODELS["seed-42"], EXPRESSION.tokens)
    other = values["blocks.1.attn.z"].copy()
    other[:, :, 1:] = 7.0
    edited = interpret.trace(MODELS["seed-42"], EXPRESSION.tokens, edits={"blocks.1.attn.z": other})
    np.testing.assert_allclose(edited["logits"], values["logits"], atol=1e-6)
    early = values["blocks.0.attn.z"].copy()
    early[:, :, 1:] = 7.0
    edited = interpret.trace(MODELS["seed-42"], EXPRESSION.tokens, edits={"blocks.0.attn.z": early})
    assert np.abs(edited["logits"] - values["logits"]).max() > 1


def test_a_probe_reads_numbers_in_untrained_models_too_and_training_keeps_those_that_are_asked_for():
    """At the first token, at the end: the first number is read better before training, but where it is asked for."""
    found = {name: interpret.drain(interpret.probe_steps(MODELS[name], SPACE)) for name in ("seed-42", "seed-123")}
    untrained = interpret.drain(probes.untrained_steps(MODELS["seed-42"].config, SPACE))[:, -1, 0]  # (3, n, 1 + O)
    assert untrained[:, :, 0].min() > 0.3  # three times chance, without anything learned
    for one in found.values():
        assert one.control[..., 0].max() < 0.15
        end = one.right[-1, 0]
        assert end[0, 0] < untrained[:, 0, 0].min()
        for number, operation in ((0, "First"), (1, "Second"), (2, "Last")):
            column = 1 + one.names.index(operation)
            assert end[number, column] > 0.97 > 0.85 > untrained[:, number, column].max()
    assert "in three untrained models 0." in probing.told(
        found["seed-42"].right[..., 0, 0], np.full((3, 5, 6), 0.5), found["seed-42"].control[..., 0, 0]
    )


def test_no_numbers_are_fitted_and_judged_under_whatever_operation(monkeypatch):
    """What a probe could learn by heart, a number that goes with its row of numbers alone, it does not read."""
    judged = {}

    def by_heart(x, labels, fitted):
        judged["both"] = set(map(tuple, labels[fitted][:, :2])) & set(map(tuple, labels[~fitted][:, :2]))
        return labels

    monkeypatch.setattr(probes, "_read", by_heart)
    interpret.drain(interpret.probe_steps(MODELS["seed-42"], expression_space(2)))
    assert judged["both"] == set()


def test_what_layer_and_operation_have_together_is_more_than_how_they_interact():
    """Where operations differ alike in every layer, the two together explain something, and nothing beyond the sum."""
    some = interpret.random_sample(SPACE, 500)
    entropy = np.array([0.2, 0.6])[:, None, None] + 0.05 * some.operations[None, :, None] * np.ones((1, 1, 4))
    alike = SimpleNamespace(space=some, entropy=lambda rows: entropy)
    alike.per_operation = lambda values: interpret.SpacePatterns((), some).per_operation(values)
    shares = interpret.focus(alike).explained
    assert shares["layer and operation"] > 0.9
    assert shares["layer and operation"] == pytest.approx(shares["layer"] + shares["operation"], abs=0.01)


@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_which_rows_reach_the_answer_is_what_the_sentence_says(pooling):
    """Another z at a row of the last layer that is not the first changes the answer just where the mean is read."""
    config = replace(MODELS["seed-42"].config, pooling=pooling)
    model = Transformer(config, seed=1)
    values = interpret.trace(model, EXPRESSION.tokens)
    z = values["blocks.1.attn.z"].copy()
    z[:, :, 1:] += 3.0
    moved = np.abs(interpret.trace(model, EXPRESSION.tokens, edits={"blocks.1.attn.z": z})["logits"] - values["logits"])
    told = rows_that_answer([SimpleNamespace(config=config)])
    assert (moved.max() < 1e-6) == ("only its row" in told) and (moved.max() > 0.01) == ("every row" in told)


def test_the_route_that_is_told_is_one_that_differs_by_more_than_chance():
    """The mean of a route may differ most, and be all noise, where another differs less, and surely."""
    names = ("heads 1", "answer"), ("heads 2", "answer")
    noisy, sure = np.tile([3.2, -2.8], 20), np.tile([0.11, 0.09], 20)
    found = routes.largest_difference(
        routes.Routes(names, np.array([noisy, sure])), routes.Routes(names, np.zeros((2, 40)))
    )
    assert abs(noisy.mean()) > sure.mean() and found.route == names[1] and found.is_told
    silent = routes.Routes(names, np.array([noisy, noisy / 2]))
    assert not routes.largest_difference(silent, routes.Routes(names, np.zeros((2, 40)))).is_told


@pytest.mark.parametrize("name", ["seed-42", "seed-123"])
def test_completeness_is_near_0_too_where_a_part_of_every_way_is_gone(name):
    """Without the read-out's edges from the last layer nothing is left, though all other edges stand."""
    runs = PatchedRuns(MODELS[name], contrasts(SPACE))
    last = {edge for edge in edges_of(MODELS[name].config) if edge.receiver == "answer" and "2" in edge.sender}
    assert runs.faithfulness(set(edges_of(MODELS[name].config)) - last)[0] < 0.2


def test_a_line_says_what_is_lost_without_the_one_of_its_edges_that_matters_most():
    """What is lost without all of a line's edges is another number: of most lines more, of some less."""
    model, pairs = MODELS["seed-123"], contrasts(SPACE)
    circuit, runs = interpret.drain(circuit_steps(model, pairs)), PatchedRuns(model, pairs)

    def lost(edges):
        return np.nanmax(np.abs((circuit.faithfulness - runs.faithfulness(circuit.edges - set(edges)))[1:]))

    all_of = {}
    for sender, component, ports, effect in paths._connections(circuit):
        edges = [edge for edge in circuit.edges if (edge.sender, edge.component) == (sender, component)]
        assert len(edges) == len(ports.split(", ")) <= 3
        assert effect == pytest.approx(max(lost([edge]) for edge in edges))
        all_of[sender, component] = lost(edges) - effect
    assert all_of["tokens", "head 1.1"] > 0.04 and all_of["tokens", "head 1.4"] < -0.02


def test_only_what_judges_a_replay_reads_the_weights_of_the_file_all_else_those_of_the_moment():
    """Time: "a slider above moves all that this page shows of the models on display through training"."""
    folder = Path(training.__file__).parent
    readers = {file.name for file in folder.rglob("*.py") if "shown.model" in file.read_text(encoding="utf-8")}
    assert readers == {"subjects.py", "training.py"}
    assert inspect.getsource(training).count("shown.model") == inspect.getsource(training.arrival).count("shown.model")
