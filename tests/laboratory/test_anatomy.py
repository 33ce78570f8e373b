"""A model taken apart: what is written down is what flows, what is drawn is what was written down."""

import numpy as np
import pytest

from tinyformer import (
    CrossEntropyLoss,
    Transformer,
    check_model,
    expression_space,
    extract_attention_weights,
    gradient_check,
    load_checkpoint,
    parse_expression,
)
from tinyformer.checkpoints.folders import shipped_checkpoints, shipped_folder
from tinyformer.laboratory.anatomy import as_float64, dissect
from tinyformer.laboratory.causes import exponential_share, normalization, number, products
from tinyformer.laboratory.dropout_average import running_means
from tinyformer.laboratory.initialization import attention_sharpness, scales_through_depth
from tinyformer.laboratory.optimizer_paths import LANDSCAPES, METHODS, descend
from tinyformer.laboratory.residual import Residual, direct_path, residual_depth
from tinyformer.laboratory.unit_activity import activity, pre_activations
from tinyformer.laboratory.wires import boxes
from tinyformer.layers import Linear, ReLU

EXPRESSION = parse_expression("Max ( 5 3 9 )")
SETTINGS = [{}, {"norm": "pre", "pooling": "mean", "positions": "learned"}, {"positions": "none", "num_layers": 3}]


@pytest.fixture(scope="module", params=SETTINGS, ids=["post", "pre", "three blocks"])
def model(request):
    return Transformer(embed_dim=16, num_heads=2, ffn_dim=24, seed=5, **request.param)


def test_dissection_leaves_the_model_as_it_was(model):
    before = model.vector.copy(), model.gradient.copy()
    dissect(model, EXPRESSION)
    assert np.array_equal(model.vector, before[0]) and np.array_equal(model.gradient, before[1])
    assert type(model.blocks[0].attention).__name__ == "MultiHeadAttention"


def test_what_is_written_down_is_the_forward_and_backward_pass(model):
    anatomy = dissect(model, EXPRESSION, target=5)
    double = as_float64(model)
    tokens = np.array([EXPRESSION.tokens])
    logits, tape = double.forward(tokens)
    loss, loss_tape = CrossEntropyLoss().forward(logits, np.array([5]))
    d_embedded = double.backward(CrossEntropyLoss().backward(loss_tape), tape)
    np.testing.assert_allclose(anatomy.logits, logits, atol=1e-12)
    assert anatomy.loss == pytest.approx(loss)
    np.testing.assert_allclose(anatomy.passages["embedding"][0].dy, d_embedded, atol=1e-14)


def test_every_layer_tried_alone_repeats_what_it_did_in_the_model(model):
    anatomy = dissect(model, EXPRESSION, target=5)
    for name, passages in anatomy.passages.items():
        if name.endswith("dropout") or "qkv" in name:  # used twice, or on a part of its columns
            continue
        run = anatomy.trial(name).run()
        np.testing.assert_array_equal(run.y, passages[0].y)
        if passages[0].dx is not None:
            np.testing.assert_allclose(run.d_inputs[0], passages[0].dx, atol=1e-15)


def test_boxes_are_joined_by_wires_that_carry_what_the_next_box_gets(model):
    anatomy = dissect(model, EXPRESSION, target=5)
    found = {box.name: box for box in boxes(anatomy)}
    for i in range(model.config.num_layers):
        block = anatomy.passages[f"blocks.{i}"][0]
        last = "feed_forward_sum" if model.config.norm == "pre" else "feed_forward_norm"
        np.testing.assert_allclose(found[f"blocks.{i}.{last}"].value, block.y, atol=1e-14)
        np.testing.assert_allclose(found[f"blocks.{i}.{last}"].gradient, block.dy, atol=1e-14)
    for box in found.values():
        if box.gradient is not None:
            assert np.shape(box.gradient) == np.shape(box.value), box.name
    assert len(found) == len(boxes(anatomy))


def test_the_gradient_on_a_wire_says_how_the_loss_moves():
    """The sum of block 1's attention, nudged: the loss changes by the gradient times the nudge."""
    model = as_float64(Transformer(embed_dim=16, num_heads=2, ffn_dim=24, seed=5))
    box = {box.name: box for box in boxes(dissect(model, EXPRESSION, target=5))}["blocks.1.attention_sum"]
    bias = model.blocks[1].attention.output.bias.value  # added to every row of that sum
    bias[3] += 1e-6
    above = dissect(model, EXPRESSION, target=5).loss
    bias[3] -= 2e-6
    below = dissect(model, EXPRESSION, target=5).loss
    assert (above - below) / 2e-6 == pytest.approx(box.gradient[0, :, 3].sum(), rel=1e-6)


def test_a_whole_default_model_is_checked_within_seconds():
    model = Transformer(dtype="float64")
    report = check_model(model, np.array([EXPRESSION.tokens]), sample=4)
    assert report.passed and len(report.errors) == len(model.named_parameters()) + 1


# Causes


def test_a_sum_of_products_adds_up_and_names_its_largest_terms():
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, 20))
    cause = products(left, right, {}, bias=0.5, factor=2.0, most=3)
    assert cause.value == pytest.approx(2 * left @ right + 0.5)
    assert "17 smaller terms" in cause.text
    assert products([1, 2], [3, -4], {}).text == "1 · 3 + 2 · (−4) = −5"


def test_a_normalized_cell_and_a_softmax_cell_are_what_the_formulas_say():
    x = np.array([1.0, 2.0, 4.0])
    cause = normalization(x, 2, np.full(3, 2.0), np.full(3, 0.5), 1e-5, row=0)
    assert cause.value == pytest.approx(2 * (4 - x.mean()) / np.sqrt(x.var() + 1e-5) + 0.5)
    assert exponential_share(x, 1, 0).value == pytest.approx(np.exp(2) / np.exp(x).sum())


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (-0.125, "(−0.125)"), (12345, "1.2e+04"), (0.0001, "1.0e-04")])
def test_numbers_are_short(value, text):
    assert number(value) == text


# What the controls show


def test_xavier_keeps_the_scale_and_half_or_double_weights_lose_it():
    right, small, large = (scales_through_depth(gain, depth=10) for gain in (1.0, 0.5, 2.0))
    for scales in (right.activations, right.gradients[::-1]):
        assert 0.7 < scales[-1] / scales[0] < 1.4
    assert small.activations[-1] == pytest.approx(right.activations[-1] * 0.5**10)
    assert large.gradients[0] == pytest.approx(right.gradients[0] * 2.0**10)


def test_without_the_root_wide_heads_are_sharp_from_the_start():
    (scaled, through), (unscaled, hardly) = (attention_sharpness((4, 16, 256), scaled=s) for s in (True, False))
    assert abs(scaled[2] - scaled[0]) < 0.1 and unscaled[2] > 0.9
    np.testing.assert_allclose(through, 0.39, atol=0.01)  # whatever the width
    # "In heads of width 16 more than half still comes through; in heads of width 256, a fifth."
    assert 0.5 < hardly[1] / through[1] < 0.65 and 0.17 < hardly[2] / through[2] < 0.25


def test_residual_is_a_layer_with_an_exact_gradient_and_its_path_keeps_gradients_alive():
    rng = np.random.default_rng(0)
    layer = Residual(Linear(4, 4, rng, np.float64), ReLU())
    assert gradient_check(layer, rng.standard_normal((3, 4))).passed
    assert residual_depth(20, 0.5, residual=True)[0] > 1 > 1e-6 > residual_depth(20, 0.5, residual=False)[0]


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_the_direct_path_is_what_is_left_when_no_sublayer_writes_anything(norm):
    model = Transformer(seed=3, norm=norm, dtype="float64")
    for block in model.blocks:
        for last in (block.attention.output, block.feed_forward.contract):
            last.weight.value[:] = last.bias.value[:] = 0
    anatomy = dissect(model, EXPRESSION)
    start = anatomy.passages["blocks.1.feed_forward_norm"][0].dy if norm == "post" else None
    came_back = anatomy.passages["blocks.0.attention_norm"][0].dx
    assert direct_path(anatomy) == (
        1 if norm == "pre" else pytest.approx(np.linalg.norm(came_back) / np.linalg.norm(start))
    )


def test_in_the_models_that_ship_most_of_the_direct_gradient_is_lost_at_the_norms():
    models = [load_checkpoint(path).model for path in shipped_checkpoints()[:3]]
    assert all(0.02 < direct_path(dissect(model, EXPRESSION, target=5)) < 0.5 for model in models)


def test_a_head_of_the_same_number_looks_elsewhere_in_another_seed():
    """The answer to the last lesson of the Layer Lab, for its expression."""
    models = [load_checkpoint(path).model for path in shipped_checkpoints()[:3]]
    most = [extract_attention_weights(model, EXPRESSION.tokens)[:, 0, :, 0].argmax(axis=-1) for model in models]
    same = (most[0] == most[1]) & (most[1] == most[2])  # (L, H)
    assert not same.all() and not same[1].all() and not same[1][[0, 2]].any()  # heads 2.1 and 2.3 among them


def test_dropout_preserves_the_mean():
    x = np.random.default_rng(0).random(400)
    assert running_means(x, 0.5, 300)[-1] == pytest.approx(x.mean(), rel=0.02)


def test_units_are_dead_when_their_bias_is_low_enough():
    model, tokens = Transformer(seed=1), np.array([EXPRESSION.tokens])
    z = pre_activations(model, tokens, block=0)
    assert z.shape == (6, 256)
    assert np.array_equal(activity(model, tokens, 0)[0], (z > 0).mean(axis=0))
    assert (activity(model, tokens, 0, [0, z.max()])[1] == 0).all()


def test_units_are_counted_on_every_expression_and_at_the_rows_that_are_read():
    """seed-42, layer 2, biases lowered by 2: 148 of 256 are dead. Every tenth expression, at all rows, said 173."""
    model, tokens = load_checkpoint(shipped_folder() / "seed-42.npz").model, expression_space().tokens
    assert pre_activations(model, tokens[:7], block=1).shape == (7, 256)
    assert (activity(model, tokens, 1, [0, 2.0]) == 0).sum(axis=1).tolist() == [0, 148]
    _, tape = model.forward(tokens[::10], every_row=True)
    z, _ = model.blocks[1].feed_forward.expand.forward(tape.blocks[1].feed_forward.expand.x)
    assert (z.max(axis=(0, 1)) <= 2).sum() == 173


@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscapes_have_the_gradient_and_the_minimum_they_claim(name):
    place = LANDSCAPES[name]
    assert gradient_check(place.landscape, np.array(place.start)).passed
    assert np.allclose(place.landscape.slope(*place.minimum), 0)
    assert place.landscape.loss(*place.minimum) == 0


def test_paths_of_the_optimizers_have_the_steps_of_their_formulas():
    place = LANDSCAPES["long valley"]
    gradient = np.array(place.landscape.slope(*place.start))
    first = {method: descend(place, method, 0.01, steps=1)[1] - place.start for method in METHODS}
    np.testing.assert_allclose(first["SGD"], -0.01 * gradient)
    np.testing.assert_allclose(first["Adam"], -0.01 * np.sign(gradient), rtol=1e-6)
    np.testing.assert_allclose(first["Adam without bias correction"], first["Adam"] * 0.1 / np.sqrt(0.001), rtol=1e-6)
    assert len(descend(place, "SGD", 1.0, steps=60)) < 61  # it leaves for infinity, and is stopped


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
