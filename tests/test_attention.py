"""Attention looks where the formula says, at nothing that is masked, and every gradient of Q, K and V is its own."""

import math

import numpy as np
import pytest

from tinyformer import gradient_check
from tinyformer.layers import (
    MultiHeadAttention,
    ScaledDotProductAttention,
    scaled_dot_product_attention,
    scaled_dot_product_attention_backward,
)

B, T, D, H = 2, 5, 6, 3
MASK = np.array([[True, True, True, True, False], [True, True, False, False, False]])


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def qkv(*batch, queries=T, keys=T, width=4):
    return random(*batch, queries, width), random(*batch, keys, width, seed=1), random(*batch, keys, width, seed=2)


def attention_layer(num_heads=H, dtype="float64", **settings):
    layer = MultiHeadAttention(D, num_heads, np.random.default_rng(3), dtype=np.dtype(dtype), **settings)
    for bias in (layer.qkv.bias, layer.output.bias):
        bias.value += random(len(bias.value), seed=8).astype(dtype)
    return layer


def attention_by_loops(q, k, v, mask=None, scaled=True):
    """softmax(q kᵀ / √K) v for q (Tq, K), k and v (T, K), one number at a time. `mask` (T,)."""
    (num_queries, width), num_keys = q.shape, len(k)
    y, weights = np.zeros((num_queries, v.shape[1])), np.zeros((num_queries, num_keys))
    for i in range(num_queries):
        allowed = [j for j in range(num_keys) if mask is None or mask[j]]
        scores = {j: sum(q[i, c] * k[j, c] for c in range(width)) for j in allowed}
        powers = {j: math.exp(score / (math.sqrt(width) if scaled else 1)) for j, score in scores.items()}
        for j in allowed:
            weights[i, j] = powers[j] / sum(powers.values())
            y[i] += weights[i, j] * v[j]
    return y, weights


# The function


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_the_core_is_the_formula(masked, scaled):
    q, k, v = qkv(B, queries=3)
    y, tape = scaled_dot_product_attention(q, k, v, MASK[:, None, :] if masked else None, scaled)
    assert y.shape == (B, 3, 4)
    assert tape.weights.shape == (B, 3, T)
    for b in range(B):
        expected, weights = attention_by_loops(q[b], k[b], v[b], MASK[b] if masked else None, scaled)
        np.testing.assert_allclose(y[b], expected, rtol=1e-12)
        np.testing.assert_allclose(tape.weights[b], weights, rtol=1e-12)


@pytest.mark.parametrize("num_queries", [None, 1, 3])
@pytest.mark.parametrize("masked", [True, False])
def test_heads_attend_each_with_its_own_columns(masked, num_queries):
    layer, x, K = attention_layer(), random(B, T, D), D // H
    y, tape = layer.forward(x, MASK if masked else None, num_queries)
    rows = T if num_queries is None else num_queries
    assert y.shape == (B, rows, D)
    projected = x @ layer.qkv.weight.value + layer.qkv.bias.value
    for b in range(B):
        heads = []
        for h in range(H):
            q, k, v = (projected[b][:, part * D + h * K : part * D + (h + 1) * K] for part in range(3))
            head, weights = attention_by_loops(q[:rows], k, v, MASK[b] if masked else None)
            np.testing.assert_allclose(tape.weights[b, h], weights, rtol=1e-10)
            heads.append(head)
        expected = np.concatenate(heads, axis=1) @ layer.output.weight.value + layer.output.bias.value
        np.testing.assert_allclose(y[b], expected, rtol=1e-10)


def test_weights_are_a_distribution_over_the_tokens():
    _, tape = attention_layer().forward(random(B, T, D), MASK)
    assert tape.weights.shape == (B, H, T, T)
    np.testing.assert_allclose(tape.weights.sum(axis=-1), 1)
    hidden = np.broadcast_to(~MASK[:, None, None, :], tape.weights.shape)
    assert not tape.weights[hidden].any()
    assert (tape.weights[~hidden] > 0).all()


def test_what_stands_at_a_masked_position_changes_nothing():
    layer, x = attention_layer(), random(B, T, D)
    other = np.where(MASK[..., None], x, 1e3 * random(B, T, D, seed=5))
    np.testing.assert_array_equal(layer.forward(other, MASK)[0][MASK], layer.forward(x, MASK)[0][MASK])


def test_equal_keys_are_looked_at_equally_and_one_key_wholly():
    q, k, v = qkv(B)
    _, tape = scaled_dot_product_attention(q, np.broadcast_to(k[:, :1], k.shape), v)
    np.testing.assert_allclose(tape.weights, 1 / T)
    y, tape = scaled_dot_product_attention(q, k, v, np.arange(T) == 2)
    assert np.array_equal(tape.weights, np.broadcast_to(np.arange(T) == 2, tape.weights.shape))
    np.testing.assert_allclose(y, np.broadcast_to(v[:, 2:3], y.shape))


def test_attention_does_not_know_the_order_of_tokens():
    layer, x, order = attention_layer(), random(B, T, D), [3, 0, 4, 2, 1]
    np.testing.assert_allclose(layer.forward(x[:, order])[0], layer.forward(x)[0][:, order], rtol=1e-12)


def test_scaling_divides_the_scores_by_the_root_of_the_head_width():
    q, k, v = qkv(B, width=4)
    y, tape = scaled_dot_product_attention(q, k, v)
    unscaled, _ = scaled_dot_product_attention(q / 2, k, v, scaled=False)
    np.testing.assert_allclose(y, unscaled, rtol=1e-12)
    assert tape.scale == 0.5


def test_scores_in_the_thousands_are_no_trouble():
    q, k, v = (100 * part.astype(np.float32) for part in qkv(B))
    y, tape = scaled_dot_product_attention(q, k, v)
    assert np.isfinite(y).all()
    np.testing.assert_allclose(tape.weights.sum(axis=-1), 1, rtol=1e-6)


# The gradients


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("num_queries", [T, 2, 1])
def test_q_k_and_v_have_exact_gradients(masked, scaled, num_queries):
    mask = MASK[:, None, None, :] if masked else None
    report = gradient_check(ScaledDotProductAttention(scaled), *qkv(B, H, queries=num_queries, width=2), mask=mask)
    assert report.passed, report
    assert set(report.errors) == {"input 0", "input 1", "input 2"}


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("num_queries", [None, 2, 1])
def test_multi_head_attention_has_exact_gradients(masked, scaled, num_queries):
    options = {"mask": MASK if masked else None, "num_queries": num_queries}
    report = gradient_check(attention_layer(scaled=scaled), random(B, T, D), **options)
    assert report.passed, report
    assert report.checked == 4 * D * D + 4 * D + B * T * D


@pytest.mark.parametrize("num_heads", [1, 2, 6])
def test_any_number_of_heads_has_exact_gradients(num_heads):
    report = gradient_check(attention_layer(num_heads), random(B, T, D), mask=MASK, sample=20)
    assert report.passed, report


def test_the_gradients_of_q_k_and_v_differ():
    q, k, v = qkv(B)
    _, tape = scaled_dot_product_attention(q, k, v)
    dq, dk, dv = scaled_dot_product_attention_backward(random(B, T, 4, seed=4), tape)
    assert dq.shape == dk.shape == dv.shape
    assert min(np.abs(dq - dk).max(), np.abs(dk - dv).max(), np.abs(dq - dv).max()) > 0.01


def test_a_masked_key_gets_no_gradient():
    q, k, v = qkv(B)
    _, tape = scaled_dot_product_attention(q, k, v, MASK[:, None, :])
    _, dk, dv = scaled_dot_product_attention_backward(random(B, T, 4, seed=4), tape)
    assert not dk[~MASK].any()
    assert not dv[~MASK].any()
    assert dk[MASK].all()
    assert dv[MASK].all()


def test_a_bias_of_all_keys_moves_nothing():
    # Every score of a query moves by the same amount, which the softmax does not see: an exact zero to check against.
    layer = attention_layer()
    y, tape = layer.forward(random(B, T, D), MASK)
    layer.backward(random(*y.shape, seed=6), tape)
    assert np.abs(layer.qkv.bias.gradient[D : 2 * D]).max() < 1e-14
    assert np.abs(layer.qkv.bias.gradient[:D]).min() > 1e-6


# Refusals


@pytest.mark.parametrize("mask", [np.ones((B, T), int), np.zeros((B, T))], ids=["integers", "additive"])
def test_a_mask_of_numbers_is_refused(mask):
    with pytest.raises(ValueError, match="must be bool"):
        attention_layer().forward(random(B, T, D), mask)


def test_a_mask_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"the shape of the tokens, \(2, 5\), got \(2, 4\)"):
        attention_layer().forward(random(B, T, D), MASK[:, :4])


def test_heads_have_to_divide_the_width():
    with pytest.raises(ValueError, match="multiple of num_heads, got 6 and 4"):
        MultiHeadAttention(6, 4, np.random.default_rng(0))


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
