"""Every sentence of fact on Explore Attention, and the computation that it has to survive, on the models that ship.

The sentences that are computed (`focus.told`, `circuits.told`, `wrote.told`, `tokens.told`) are tested for what they
count; those that are written into "How to read this" for whether they are so. One test for each.
"""

import itertools

import numpy as np
import pytest

from dashboard.explore import circuits, focus, tokens, wrote
from tinyformer import expression_space, interpret, load_checkpoint, parse_expression
from tinyformer.checkpoints.folders import shipped_folder

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
        "**Layer 1: 1 of 4 heads matched.** 1 of 16 pairs are above the level of 0.10."
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
