"""What the heads look at: the weights are the model's own, and the measures have the values one works out by hand."""

import math

import numpy as np
import pytest

from tinyformer.interpret.attention_patterns import (
    DISTRIBUTED_FROM,
    FOCUSED_UP_TO,
    effective_positions,
    extract_attention_weights,
    focus_label,
    normalized_entropy,
)
from tinyformer.task.datasets import create_batch
from tinyformer.task.vocabulary import PAD, tokenize
from tinyformer.transformer import Transformer

SHORT, LONG = tokenize("Max ( 5 3 )"), tokenize("Min ( 8 1 4 7 )")
TWO_OF_SIX = [0.5, 0, 0, 0.5, 0, 0]


def entropy_by_hand(row):
    return -sum(p * math.log(p) for p in row if p > 0)


@pytest.fixture(scope="module")
def model():
    """Three blocks, two heads, untrained, with queries and keys loud enough that no row is near to uniform."""
    model = Transformer(embed_dim=16, num_heads=2, num_layers=3, ffn_dim=32, max_seq_len=12, seed=5)
    for name, parameter in model.named_parameters().items():
        if "qkv" in name:
            parameter *= 3
    return model


# The weights


def test_shape_is_blocks_batch_heads_tokens_tokens_and_rows_sum_to_one(model):
    weights = extract_attention_weights(model, np.array([LONG, LONG]))
    assert weights.shape == (3, 2, 2, 7, 7)
    assert np.all(weights >= 0)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)


def test_the_first_block_s_weights_are_the_softmax_of_its_queries_and_keys(model):
    """Recomputed from the parameters, one head and one query at a time."""
    tokens = np.array([LONG])
    weights = extract_attention_weights(model, tokens)[0, 0]
    x = model.positions.forward(model.embedding.forward(tokens)[0])[0][0]
    attention = model.blocks[0].attention
    q, k = np.split(x @ attention.qkv.weight.value + attention.qkv.bias.value, 3, axis=1)[:2]
    for head in range(2):
        columns = slice(8 * head, 8 * head + 8)
        for query in range(7):
            scores = [math.exp(float(q[query, columns] @ k[key, columns]) / math.sqrt(8)) for key in range(7)]
            np.testing.assert_allclose(weights[head, query], np.array(scores) / sum(scores), atol=1e-5)


def test_the_pooled_row_is_the_one_that_the_answer_was_computed_with(model):
    """predict may skip the last block's other queries; the row it does compute is the same."""
    tokens = np.array([LONG])
    _, tape = model.forward(tokens)
    pooled = tape.blocks[-1].attention.weights[:, :, 0]
    np.testing.assert_allclose(extract_attention_weights(model, tokens)[-1][:, :, 0], pooled, atol=1e-6)


def test_in_a_padded_batch_each_expression_looks_as_it_does_alone(model):
    tokens, _, mask = create_batch([(SHORT, 7), (LONG, 3)])
    together = extract_attention_weights(model, tokens, mask)
    alone = extract_attention_weights(model, np.array([SHORT]))
    n = len(SHORT)
    np.testing.assert_allclose(together[:, :1, :, :n, :n], alone, atol=1e-5)
    assert np.all(together[:, 0, :, :n, n:] == 0)


def test_one_expression_without_a_batch_axis_is_a_batch_of_one(model):
    weights = extract_attention_weights(model, LONG)
    assert weights.shape == (3, 1, 2, 7, 7)
    np.testing.assert_array_equal(weights, extract_attention_weights(model, np.array([LONG])))
    padded = extract_attention_weights(model, [*SHORT, PAD], mask=[True] * 5 + [False])
    np.testing.assert_allclose(padded[..., :5, :5], extract_attention_weights(model, SHORT), atol=1e-5)


# Their entropy


@pytest.mark.parametrize(
    ("row", "normalized", "positions"),
    [
        ([0, 0, 1, 0, 0, 0], 0, 1),
        ([1 / 6] * 6, 1, 6),
        (TWO_OF_SIX, math.log(2) / math.log(6), 2),
        ([0.25, 0.25, 0.25, 0.25, 0, 0], math.log(4) / math.log(6), 4),
        ([0.5, 0.25, 0.25, 0], 0.75, 2**1.5),  # H = 1.5 log 2
        ([1.0], 0, 1),
    ],
)
def test_rows_whose_entropy_is_known(row, normalized, positions):
    assert normalized_entropy(row) == pytest.approx(normalized, abs=1e-12)
    assert effective_positions(row) == pytest.approx(positions, abs=1e-12)


def test_entropy_of_many_rows_is_that_of_each_row():
    weights = np.random.default_rng(0).dirichlet([0.3] * 5, size=(2, 3, 4, 5))  # (L, B, H, T, T)
    entropies, positions = normalized_entropy(weights), effective_positions(weights)
    assert entropies.shape == positions.shape == (2, 3, 4, 5)
    for place in np.ndindex(2, 3, 4, 5):
        assert entropies[place] == pytest.approx(entropy_by_hand(weights[place]) / math.log(5), abs=1e-12)
        assert positions[place] == pytest.approx(math.exp(entropy_by_hand(weights[place])), abs=1e-12)


def test_float32_rounding_never_leaves_the_scale():
    weights = np.full((50, 7), np.float32(1) / np.float32(7) * np.float32(1.000001))
    assert normalized_entropy(weights).max() == 1
    assert normalized_entropy(np.float32([1.0000001, 0])) == 0


def test_padding_does_not_make_a_row_look_more_focused():
    """Uniform over 2 of 2 tokens is fully distributed, with padding as without."""
    assert normalized_entropy(TWO_OF_SIX, mask=[True, False, False, True, False, False]) == pytest.approx(1)
    assert normalized_entropy([0.5, 0.5]) == pytest.approx(1)


def test_a_mask_of_the_batch_counts_each_expression_s_own_tokens():
    weights = np.zeros((2, 3, 4, 6, 6))  # (L, B, H, T, T), uniform over each expression's tokens
    mask = np.arange(6) < np.array([[6], [4], [1]])
    for b, length in enumerate((6, 4, 1)):
        weights[:, b, :, :, :length] = 1 / length
    entropies = normalized_entropy(weights, mask)
    np.testing.assert_allclose(entropies[:, 0], 1)
    np.testing.assert_allclose(entropies[:, 1], 1)
    np.testing.assert_array_equal(entropies[:, 2], 0)
    np.testing.assert_allclose(normalized_entropy(weights[0], mask), entropies[0])


def test_entropy_in_a_padded_batch_is_that_of_the_expression_alone(model):
    tokens, _, mask = create_batch([(SHORT, 7), (LONG, 3)])
    together = normalized_entropy(extract_attention_weights(model, tokens, mask), mask)
    alone = normalized_entropy(extract_attention_weights(model, SHORT))
    np.testing.assert_allclose(together[:, :1, :, : len(SHORT)], alone, atol=1e-5)
    assert alone.min() < 0.9  # the comparison is not one of uniform rows


@pytest.mark.parametrize("shape", [(5,), (3, 6), (2, 5), (2, 6, 6)])
def test_a_mask_that_does_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="does not fit"):
        normalized_entropy(np.full((4, 2, 1, 6, 6), 1 / 6), np.ones(shape, dtype=bool))


# In words


@pytest.mark.parametrize("measured, label", [(0.05, "focused"), (0.3, "focused"), (0.9, "distributed")])
def test_the_groups_measured_on_trained_models_get_their_names(measured, label):
    assert focus_label(measured) == label


def test_the_thresholds_belong_to_the_outer_labels_and_mixed_is_between():
    assert focus_label(0.0) == focus_label(FOCUSED_UP_TO) == "focused"
    assert focus_label(1.0) == focus_label(DISTRIBUTED_FROM) == "distributed"
    assert focus_label(FOCUSED_UP_TO + 1e-9) == focus_label(DISTRIBUTED_FROM - 1e-9) == "mixed"


def test_two_of_six_tokens_are_focused_and_all_but_one_distributed():
    assert focus_label(normalized_entropy(TWO_OF_SIX)) == "focused"
    assert focus_label(normalized_entropy([0.2] * 5 + [0])) == "distributed"


@pytest.mark.parametrize("value", [-0.1, 1.79, float("nan")])
def test_an_entropy_that_was_not_normalized_has_no_label(value):
    with pytest.raises(ValueError, match="between 0 and 1"):
        focus_label(value)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
