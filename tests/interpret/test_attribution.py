"""Lens, patching and attribution: the identities that make them exact, and known answers on a model written by hand."""

import numpy as np
import pytest
from handmade import copies_from
from small import mostly_slow

from tinyformer import Transformer, create_batch, load_checkpoint, parse_expression, tokenize
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.interpret import (
    best_other,
    direct_contributions,
    disagreements,
    drain,
    first_token_shares,
    gradient_times_input,
    head_outputs,
    integrated_gradients,
    logit_lens,
    over_pairs,
    patch,
    random_pairs,
    trace,
    written_and_lost,
)

CLEAN, CORRUPTED = parse_expression("First ( 5 3 9 )"), parse_expression("First ( 4 3 9 )")
KINDS = [{"norm": norm, "pooling": pooling} for norm in ("post", "pre") for pooling in ("first", "mean")]
TOKENS, _, MASK = create_batch([(tokenize("Max ( 5 3 9 2 )"), 2), (tokenize("Min ( 8 1 )"), 2)])


def make(dtype="float32", **settings):
    model = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=24, seed=9, dtype=dtype, **settings)
    rng = np.random.default_rng(1)
    model.vector += (0.3 * rng.standard_normal(model.vector.shape)).astype(dtype)
    return model


kinds = pytest.mark.parametrize("settings", KINDS, ids=lambda kind: "-".join(kind.values()))


@kinds
def test_the_lens_at_the_last_stage_is_the_output(settings):
    model = make(**settings)
    lens = logit_lens(model, TOKENS, MASK)
    np.testing.assert_allclose(lens.pooled[-1], model.forward(TOKENS, MASK)[0], atol=1e-5)
    np.testing.assert_allclose(lens.probabilities[-1], model.predict(TOKENS, MASK), atol=1e-6)
    assert lens.stages[0] == "blocks.0.resid_pre" and len(lens.stages) == len(lens.pooled) == 5


@kinds
def test_direct_contributions_sum_to_the_logits(settings):
    model = make(**settings)
    parts = direct_contributions(model, TOKENS, MASK)
    np.testing.assert_allclose(parts.logits.sum(axis=0), model.forward(TOKENS, MASK)[0], atol=1e-5)
    assert parts.logits.shape == (2 + 4 + 2 + 1, 2, 20)
    assert parts.parts[-1] == "constants" and "blocks.1.head.1" in parts.parts


@kinds
def test_constants_are_the_biases_on_the_residual_path_and_the_betas_on_it(settings):
    """Without these nothing is constant, whatever the other biases are; each of them alone makes a constant."""
    model = make("float64", **settings)
    weights = model.named_parameters()
    blocks_norms = ("attention_norm.beta", "feed_forward_norm.beta") if settings["norm"] == "post" else ()
    on_the_way = ("output.bias", "contract.bias", "final_norm.beta", "read_out.bias", *blocks_norms)
    given = {name: value.copy() for name, value in weights.items() if name.endswith(on_the_way)}
    others = {name for name in weights if name.endswith(("bias", "beta"))} - set(given)
    assert len(given) == (4 + 4 + 1 if settings["norm"] == "post" else 4 + 1 + 1)
    assert all(np.abs(weights[name]).max() > 0.1 for name in others) and "blocks.0.attention.qkv.bias" in others
    for name in given:
        weights[name][:] = 0
    assert not direct_contributions(model, TOKENS, MASK).logits[-1].any()
    for name, value in given.items():
        weights[name][:] = value
        assert np.abs(direct_contributions(model, TOKENS, MASK).logits[-1]).max() > 1e-3, name
        weights[name][:] = 0


@kinds
def test_a_contribution_is_what_is_lost_without_it_when_the_norms_stand_still(settings):
    """Zero a head's output in the last block; hold all statistics and the feed-forward layer at their values."""
    model = make("float64", **settings)
    values = trace(model, TOKENS, MASK)
    edits = {name: values[name] for name in values if name.endswith(".scale") or name.endswith("mlp.out")}

    def without_head_1(z):
        z = z.copy()
        z[:, 1] = 0
        return z

    lost = values["logits"] - trace(model, TOKENS, MASK, {**edits, "blocks.1.attn.z": without_head_1})["logits"]
    found = direct_contributions(model, TOKENS, MASK)
    np.testing.assert_allclose(found.logits[found.parts.index("blocks.1.head.1")], lost, atol=1e-10)


def test_head_outputs_and_the_bias_are_the_attention_layer_s_output():
    model = make("float64")
    values, attention = trace(model, TOKENS), model.blocks[0].attention
    total = head_outputs(attention, values["blocks.0.attn.z"]).sum(axis=0) + attention.output.bias.value
    np.testing.assert_allclose(total, values["blocks.0.attn.out"], atol=1e-12)


@kinds
def test_what_is_patched_in_at_every_token_restores_everything(settings):
    """A stage patched as a whole is the clean run; and one token patched is what `trace` gives with that edit."""
    model, other = make("float64", **settings), parse_expression("Max ( 4 3 9 )")
    values, before = trace(model, CLEAN.tokens), trace(model, other.tokens)
    found = patch(model, CLEAN.tokens, other.tokens, 7, 8)

    def share(edits):
        one, clean, none = (
            run["logits"][0, 7] - run["logits"][0, 8]
            for run in (trace(model, other.tokens, edits=edits), values, before)
        )
        return (one - none) / (clean - none)

    for row, stage in enumerate(found.stages):
        assert share({stage: values[stage]}) == pytest.approx(1)
        edit = before[stage].copy()
        edit[:, 2] = values[stage][:, 2]
        assert found.residual[row, 2] == pytest.approx(share({stage: edit}))
    z = before["blocks.1.attn.z"].copy()
    z[:, 1] = values["blocks.1.attn.z"][:, 1]
    assert found.heads[1, 1] == pytest.approx(share({"blocks.1.attn.z": z}))


def test_pairs_are_drawn_that_differ_in_one_number_and_in_their_answer():
    pairs = random_pairs(4, ("First", "Max"), count=30)
    assert ((pairs.clean != pairs.corrupted).sum(axis=1) == 1).all() and (
        pairs.answers[:, 0] != pairs.answers[:, 1]
    ).all()
    assert list(pairs.operations) == [0] * 30 + [1] * 30
    assert (pairs.clean[:30, 2] == pairs.answers[:30, 0]).all()
    assert (pairs.clean[30:, 2:6].max(axis=1) == pairs.answers[30:, 0]).all()
    np.testing.assert_array_equal(pairs.clean, random_pairs(4, ("First", "Max"), count=30).clean)


def test_many_pairs_are_each_patched_as_alone_and_only_those_answered_right_count():
    model = copies_from(2)  # right for First, and for the others where the answer happens to stand first
    pairs = random_pairs(3, ("First", "Second"), count=25)
    found, operations = drain(over_pairs(model, pairs))
    assert (operations == 0).sum() == 25 and (operations == 1).sum() == 0
    means, spreads, counts = first_token_shares(found, operations, 2)
    np.testing.assert_allclose(means[0], [0, 1, 1], atol=1e-9)
    np.testing.assert_allclose(spreads[0], 0, atol=1e-9)
    assert np.isnan(means[1]).all() and list(counts) == [25, 0]
    alone = patch(model, pairs.clean[7], pairs.corrupted[7], *pairs.answers[7])
    np.testing.assert_allclose(found.residual[7], alone.residual[:, :1], atol=1e-9)
    wrong = Transformer(seed=0)
    none, operations = drain(over_pairs(wrong, random_pairs(3, ("Max",), count=3)))
    assert not len(operations) and np.isnan(first_token_shares(none, operations, 1)[0]).all()


def test_the_seeds_differ_in_when_the_first_token_has_the_answer():
    """After attention 1 most of it is there in seed-42, and little in seed-123, for all five operations."""
    shares = {}
    for name in ("seed-42", "seed-123"):
        model = load_checkpoint(shipped_folder() / f"{name}.npz").model
        found = drain(over_pairs(model, random_pairs(3, ("First", "Second", "Last", "Max", "Min"), count=12)))
        shares[name] = first_token_shares(*found, 5)[0][:, 1]
    assert (shares["seed-42"] > shares["seed-123"] + 0.15).all()


def test_without_a_logit_difference_the_share_is_undefined():
    model = make()
    same = patch(model, CLEAN.tokens, CLEAN.tokens, 7, 6)
    equal_answers = patch(model, CLEAN.tokens, CORRUPTED.tokens, 7, 7)
    for result in (same, equal_answers):
        assert not result.defined and np.isnan(result.residual).all() and np.isnan(result.heads).all()


def test_patching_needs_equal_lengths():
    with pytest.raises(ValueError, match="6 tokens against 5"):
        patch(make(), CLEAN.tokens, tokenize("First ( 4 3 )"), 7, 6)


def test_the_hand_made_head_carries_the_answer_from_its_position_to_the_first_token():
    result = patch(copies_from(2), CLEAN.tokens, CORRUPTED.tokens, CLEAN.answer_token, CORRUPTED.answer_token)
    embedded, after_attention, after_block = result.residual
    np.testing.assert_allclose(embedded, [0, 0, 1, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(after_attention, [1, 0, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(after_block, [1, 0, 0, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(result.heads, [[1, 0]], atol=1e-9)


def test_the_hand_made_head_contributes_and_the_other_does_not():
    found = direct_contributions(copies_from(2), CLEAN.tokens)
    heads = [found.logits[found.parts.index(f"blocks.0.head.{head}"), 0] for head in (0, 1)]
    assert heads[0].argmax() == CLEAN.answer_token and heads[0].max() > 10
    np.testing.assert_allclose(heads[1], 0, atol=1e-12)


def test_what_is_written_and_what_is_lost_are_two_stories():
    """Head 0 of the hand-made model writes the answer and is missed; the layer-2 feed-forward of seed-42 wrote much of
    Max ( 5 3 9 ), and most of that is not missed when it writes its mean."""
    story = written_and_lost(copies_from(2), CLEAN.tokens, CLEAN.answer_token)
    assert story.written["blocks.0.head.0"] > 10 and story.lost["blocks.0.head.0"] > 10
    assert story.lost["blocks.0.head.1"] == pytest.approx(0, abs=1e-9)
    model, expression = load_checkpoint(shipped_folder() / "seed-42.npz").model, parse_expression("Max ( 5 3 9 )")
    story = written_and_lost(model, expression.tokens, expression.answer_token)
    logits = model.forward([expression.tokens])[0][0]
    assert story.other == best_other(logits, expression.answer_token)
    difference = logits[expression.answer_token] - logits[story.other]
    assert sum(story.written.values()) == pytest.approx(float(difference), abs=1e-4)
    part, written, lost = disagreements(story.written, story.lost)[0]
    assert part == "blocks.1.mlp" and (written, lost) == pytest.approx((8.27, 3.48), abs=0.02)


def test_stories_disagree_where_they_are_more_than_half_apart_and_it_is_worth_a_word():
    written = {"a": 5.0, "b": 4.0, "c": 0.3, "d": 0.7, "constants": 0.0}
    lost = {"a": 2.0, "b": 2.5, "c": 0.0, "d": 1.6}
    assert [part for part, _, _ in disagreements(written, lost)] == ["a", "d"]


def test_the_hand_made_model_s_answer_is_attributed_to_its_position():
    model, other = copies_from(2), CLEAN.answer_token + 1
    assert np.abs(gradient_times_input(model, CLEAN.tokens, CLEAN.answer_token, other)).argmax() == 2
    attribution = integrated_gradients(model, CLEAN.tokens, CLEAN.answer_token, other)
    assert attribution.tokens.argmax() == 2 and attribution.error <= 1e-3


@pytest.mark.parametrize(
    "settings", [*KINDS, {"norm": "pre", "positions": "none"}], ids=lambda kind: "-".join(kind.values())
)
@pytest.mark.parametrize("text", mostly_slow(["Max ( 5 3 9 )", "Min ( 0 0 )", "Last ( 1 2 3 4 )"], "Max ( 5 3 9 )"))
def test_integrated_gradients_sum_to_the_difference_in_output(settings, text):
    model = make(**settings)
    expression = parse_expression(text)
    answer, other, before = expression.answer_token, 13, model.gradient.copy()
    result = integrated_gradients(model, expression.tokens, answer, other)
    zeros = model.embedding.forward([expression.tokens])[0] * 0
    baseline, output = model.forward_embedded(zeros)[0][0], model.forward([expression.tokens])[0][0]
    expected = output[answer] - output[other] - (baseline[answer] - baseline[other])
    assert result.difference == pytest.approx(float(expected), abs=1e-4)
    assert result.error <= 1e-3 and result.moved <= 1e-3 * abs(result.difference)
    np.testing.assert_array_equal(model.gradient, before)  # the shared model's gradients are left alone


def test_gradient_times_input_is_the_derivative_along_the_embedding():
    model, expression = make("float64"), CLEAN
    x = model.embedding.forward([expression.tokens])[0]
    for position in range(6):
        step = np.zeros_like(x)
        step[0, position] = x[0, position] * 1e-6
        up, down = (np.diff(model.forward_embedded(x + sign * step)[0][0, [9, 7]])[0] for sign in (1, -1))
        found = gradient_times_input(model, expression.tokens, 7, 9)[position]
        assert found == pytest.approx((up - down) / 2e-6, rel=1e-5, abs=1e-8)
