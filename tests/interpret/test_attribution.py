"""Lens, patching and attribution: the identities that make them exact, and known answers on a model written by hand."""

import numpy as np
import pytest
from handmade import copies_from

from tinyformer import Transformer, create_batch, parse_expression, tokenize
from tinyformer.interpret import (
    direct_contributions,
    gradient_times_input,
    head_outputs,
    integrated_gradients,
    logit_lens,
    patch,
    patch_everything,
    trace,
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
    assert parts.heads(model.config).shape == (2, 2, 2, 20)
    assert parts.parts[-1] == "constants" and "blocks.1.head.1" in parts.parts


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
    np.testing.assert_allclose(direct_contributions(model, TOKENS, MASK).heads(model.config)[1, 1], lost, atol=1e-10)


def test_head_outputs_and_the_bias_are_the_attention_layer_s_output():
    model = make("float64")
    values, attention = trace(model, TOKENS), model.blocks[0].attention
    total = head_outputs(attention, values["blocks.0.attn.z"]).sum(axis=0) + attention.output.bias.value
    np.testing.assert_allclose(total, values["blocks.0.attn.out"], atol=1e-12)


@kinds
def test_patching_everything_restores_everything(settings):
    model = make(**settings)
    other = parse_expression("Max ( 4 3 9 )")
    np.testing.assert_allclose(patch_everything(model, CLEAN.tokens, other.tokens, 7, 8), 1, atol=1e-3)


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
    heads = direct_contributions(copies_from(2), CLEAN.tokens).heads(copies_from(2).config)[0, :, 0]
    assert heads[0].argmax() == CLEAN.answer_token and heads[0].max() > 10
    np.testing.assert_allclose(heads[1], 0, atol=1e-12)


def test_the_hand_made_model_s_answer_is_attributed_to_its_position():
    model = copies_from(2)
    assert np.abs(gradient_times_input(model, CLEAN.tokens, CLEAN.answer_token)).argmax() == 2
    attribution = integrated_gradients(model, CLEAN.tokens, CLEAN.answer_token)
    assert attribution.tokens.argmax() == 2 and attribution.error <= 0.01


@kinds
@pytest.mark.parametrize("text", ["Max ( 5 3 9 )", "Min ( 0 0 )", "Last ( 1 2 3 4 )"])
def test_integrated_gradients_sum_to_the_difference_in_output(settings, text):
    model = make(**settings)
    expression = parse_expression(text)
    before = model.gradient.copy()
    result = integrated_gradients(model, expression.tokens, expression.answer_token)
    zeros = model.embedding.forward([expression.tokens])[0] * 0
    baseline = model.forward_embedded(zeros)[0][0, expression.answer_token]
    output = model.forward([expression.tokens])[0][0, expression.answer_token]
    assert result.difference == pytest.approx(float(output - baseline), abs=1e-5)
    assert abs(result.tokens.sum() - result.difference) <= 0.01 * abs(result.difference)
    np.testing.assert_array_equal(model.gradient, before)  # the shared model's gradients are left alone


def test_gradient_times_input_is_the_derivative_along_the_embedding():
    model, expression = make("float64"), CLEAN
    x = model.embedding.forward([expression.tokens])[0]
    for position in range(6):
        step = np.zeros_like(x)
        step[0, position] = x[0, position] * 1e-6
        up, down = (model.forward_embedded(x + sign * step)[0][0, 7] for sign in (1, -1))
        expected = (up - down) / 2e-6
        assert gradient_times_input(model, expression.tokens, 7)[position] == pytest.approx(
            expected, rel=1e-5, abs=1e-8
        )
