"""Every bug is caught by the check it names, the clean model passes them all, and nobody else's model is touched."""

import copy

import numpy as np
import pytest

from tinyformer import CrossEntropyLoss, Transformer, TransformerConfig
from tinyformer.laboratory.model_checks import CHECKS, check_gradients
from tinyformer.laboratory.reference import reference_forward
from tinyformer.laboratory.sabotage import BUGS, sabotage
from tinyformer.laboratory.sabotage_race import SEEDS, Curve, Race, train_curve
from tinyformer.layers import MultiHeadAttention
from tinyformer.layers.attention import scaled_dot_product_attention_backward

VARIANTS = {
    "post": {},
    "pre": {"norm": "pre", "pooling": "mean", "positions": "learned"},
}


@pytest.fixture(scope="module", params=VARIANTS)
def model(request):
    model = Transformer(
        embed_dim=16, num_heads=2, num_layers=2, ffn_dim=32, dtype="float64", seed=3, **VARIANTS[request.param]
    )
    # Away from the start, where biases are 0 and every γ is 1.
    model.vector += 0.1 * np.random.default_rng(0).standard_normal(model.vector.size)
    return model


@pytest.mark.parametrize("check", CHECKS)
def test_the_clean_model_passes_every_check(model, check):
    result = CHECKS[check](*sabotage(model))
    assert result.passed and result.error < 1e-6, str(result)


@pytest.mark.parametrize("key", BUGS)
def test_each_bug_is_caught_by_the_check_it_names(model, key):
    result = CHECKS[BUGS[key].caught_by](*sabotage(model, key))
    assert not result.passed and result.error > 1e-2, str(result)
    assert result.where


@pytest.mark.parametrize("key", ["mask_after_softmax", "old_gradients", "no_root"])
def test_the_gradient_check_alone_would_miss_some(model, key):
    assert check_gradients(*sabotage(model, key)).passed


def test_a_wrong_gradient_is_traced_to_the_place_where_it_begins():
    model = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=32, dtype="float64", seed=3)
    begins = {key: check_gradients(*sabotage(model, key)).begins for key in BUGS}
    assert begins["no_jacobian"] == begins["v_for_all"] == "blocks.1.attention.qkv.bias"
    assert begins["norm_without_means"] == "blocks.1.feed_forward.contract.bias"
    assert begins["no_residual"] == "blocks.1.attention_norm.beta"
    assert begins["softmax_twice"] == "loss"


@pytest.mark.parametrize("key", BUGS)
def test_sabotage_spoils_a_copy_and_nothing_else(model, key):
    before, attributes = model.vector.copy(), vars(MultiHeadAttention).copy()
    spoiled, _ = sabotage(model, key)
    spoiled.vector += 1
    assert np.array_equal(model.vector, before)
    assert type(model) is Transformer and all(type(b.attention) is MultiHeadAttention for b in model.blocks)
    assert vars(MultiHeadAttention) == attributes
    assert check_gradients(copy.deepcopy(model), CrossEntropyLoss(), sample=2).passed


def test_the_exchangeable_core_has_the_gradient_of_the_layer_it_stands_for(model):
    exchanged = []

    class OtherCore(MultiHeadAttention):
        @staticmethod
        def core_backward(dy, tape):
            exchanged.append(tape)
            return scaled_dot_product_attention_backward(dy, tape)

    spoiled = copy.deepcopy(model)
    for block in spoiled.blocks:
        block.attention.__class__ = OtherCore
    clean = copy.deepcopy(model)
    tokens = np.array([[15, 17, 7, 5, 11, 18]])
    for each in (clean, spoiled):
        logits, tape = each.forward(tokens)
        each.backward(np.ones_like(logits), tape)
    assert len(exchanged) == len(model.blocks)
    assert np.array_equal(spoiled.gradient, clean.gradient)


def test_the_independent_forward_pass_agrees_with_the_engine(model):
    tokens = [16, 17, 10, 3, 6, 9, 18]
    logits, tape = model.forward(np.array([tokens]), every_row=True)
    expected, patterns = reference_forward(model.named_parameters(), model.config, tokens)
    np.testing.assert_allclose(logits[0], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.array([b.attention.weights[0] for b in tape.blocks]), patterns, atol=1e-13)


def test_the_race_starts_from_the_same_weights_and_batches():
    """The two first losses are those of the same forward pass; after that the gradients differ."""
    clean, spoiled = train_curve(steps=4), train_curve("no_jacobian", steps=4)
    assert clean.losses[0] == spoiled.losses[0] and len(clean.losses) == len(spoiled.losses) == 4
    assert clean.losses[1] != spoiled.losses[1]
    assert np.array_equal(train_curve(steps=4).losses, clean.losses)


def test_a_race_counts_its_seeds_and_says_what_a_coin_would_do():
    curves = [Curve(np.ones(1), accuracy, None) for accuracy in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)]
    above = [Curve(np.ones(1), accuracy, None) for accuracy in (0.6, 0.7, 0.8, 0.9, 1.0, 1.1)]
    assert (Race(curves, above).better, Race(curves, above).worse, Race(curves, above).chance) == (6, 0, 1 / 32)
    assert (Race(above, curves).worse, Race(above, curves).chance) == (6, 1 / 32)  # either verdict by the same rule
    assert (Race(curves, curves).better, Race(curves, curves).chance) == (0, 1.0)
    assert Race(curves, [*above[:3], *reversed(curves[:3])]).chance == 1.0


@pytest.mark.slow
def test_a_deep_stack_without_its_residual_path_hardly_learns():
    """The sentence of the sabotage page: 90 and 28 %. One seed alone tells little, and each processor rounds in its own
    way: seed 42 has 95 and 12 % with AVX-512, 91 and 29 % without."""
    deep = TransformerConfig(num_layers=8)
    with_path, without = (
        np.mean([train_curve(key, model_config=deep, seed=seed).accuracy for seed in SEEDS])
        for key in (None, "no_residual")
    )
    assert abs(with_path - 0.9) < 0.05 and without < 0.5


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
