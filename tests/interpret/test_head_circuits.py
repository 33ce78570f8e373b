"""QK and OV of a head: what a model written by hand looks at, and how much of real scores they are."""

import numpy as np
import pytest

from tinyformer import Transformer, expression_space, load_checkpoint
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.ground_truth.kinds import build
from tinyformer.interpret import random_sample, trace
from tinyformer.interpret.head_circuits import QK_EXACT, QK_LATER, QK_NORMALIZED, head_circuits
from tinyformer.task.vocabulary import DIGITS

TOKENS = random_sample(expression_space(), 500).tokens


def make(**settings):
    model = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=12, seed=4, dtype="float64", **settings)
    model.vector += 0.2 * np.random.default_rng(2).standard_normal(model.vector.shape)
    return model


def explained(model, layer):
    """(H,) the share of the real scores of the first row, within it, that QK and places explain."""
    shares = []
    for head, scores in enumerate(trace(model, TOKENS)[f"blocks.{layer}.attn.scores"][:, :, 0].swapaxes(0, 1)):
        found = head_circuits(model, layer, head)
        told = found.qk[TOKENS[:, :1], TOKENS] + found.places[TOKENS[:, 0], : TOKENS.shape[1]]
        within = [values - values.mean(axis=1, keepdims=True) for values in (scores, told)]
        shares.append(np.corrcoef(*(values.ravel() for values in within))[0, 1] ** 2)
    return np.array(shares)


def test_qk_and_ov_of_a_head_that_copies_digits():
    made = build("one head", order=[[2, 0, 1, 3, 4]])
    found, digits = head_circuits(made.model, 0, 2), list(DIGITS)
    told = found.ov[np.ix_(digits, digits)]
    assert (told.argmax(axis=1) == np.arange(10)).all() and found.exact and QK_EXACT in found.told
    largest = found.qk[15, digits]  # Max: the larger the digit, the louder
    assert (np.diff(largest) > 1).all() and (np.diff(found.qk[16, digits]) < -1).all()
    assert found.places[12].argmax() == 2 and found.places[13].argmax() == 3  # First, Second
    later = head_circuits(build("relay").model, 1, 0)
    assert not later.exact and QK_LATER in later.told


def test_qk_of_the_first_layer_is_the_score_but_for_a_constant_of_the_row():
    model = make(positions="learned")
    found, tokens = head_circuits(model, 0, 1), TOKENS
    scores = trace(model, tokens)["blocks.0.attn.scores"][:, 1, 0]  # (B, T): of the first row
    told = found.qk[tokens[:, :1], tokens] + found.places[tokens[:, 0], : tokens.shape[1]]
    apart = scores - told
    np.testing.assert_allclose(apart, apart[:, :1].repeat(tokens.shape[1], axis=1), atol=1e-9)


def test_qk_of_a_later_layer_may_be_half_of_the_scores_or_less():
    """Of the four models that ship, mean over the heads: all of them in layer 1, 0.34 to 0.52 in layer 2."""
    models = [load_checkpoint(shipped_folder() / f"{name}.npz").model
              for name in ("seed-42", "seed-123", "seed-7", "mixed-42")]  # fmt: skip
    assert min(explained(model, 0).min() for model in models) >= 0.99
    later = [explained(model, 1).mean() for model in models]
    assert max(later) < 0.6 and later[0] < 0.5 and later[3] < 0.5
    assert "which can be half of them or more" in head_circuits(models[0], 1, 0).told


def test_a_norm_before_the_first_layer_divides_and_adds():
    """QK is the score there if the norm divides all rows by the same and adds nothing, and not if one is missing."""
    model = make(norm="pre", positions="learned")
    norm = model.blocks[0].attention_norm
    model.blocks[0].attention.qkv.bias.value[:] = norm.beta.value[:] = 0
    assert explained(model, 0).min() < 0.999
    norm.epsilon = 1e6  # what a row's own variance is nothing beside
    assert explained(model, 0).min() > 0.999
    norm.beta.value[:] = 1e-3 * np.arange(16)  # of the order of what is left of a row
    assert explained(model, 0).min() < 0.999
    assert QK_NORMALIZED in head_circuits(model, 0, 0).told and QK_LATER in head_circuits(model, 1, 0).told


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_ov_is_of_the_token_alone_whatever_its_place(norm):
    """Other positions change nothing of OV, in any layer."""
    model, other = (make(norm=norm, positions="learned") for _ in range(2))
    other.positions.weight.value[:] += 1
    for layer in (0, 1):
        one, moved = (head_circuits(each, layer, 0) for each in (model, other))
        np.testing.assert_array_equal(one.ov, moved.ov)
        assert one.told.endswith("compare within a row, not in logits.") and "OV is of the token itself" in one.told
