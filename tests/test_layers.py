"""Every layer computes what its formula says, and its gradient is the derivative of what it computes."""

import math

import numpy as np
import pytest
from small import Reseeded, arrays_in, snapshot

from tinyformer import CrossEntropyLoss, gradient_check
from tinyformer.layers import (
    Dropout,
    Embedding,
    FeedForward,
    LayerNorm,
    Linear,
    MultiHeadAttention,
    PositionalEncoding,
    ReLU,
    ScaledDotProductAttention,
    Softmax,
    sinusoidal_table,
)
from tinyformer.parameters import flatten

B, T, D, H, F, V = 2, 4, 6, 3, 7, 5
MASK = np.array([[True, True, True, False], [True, True, False, False]])


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def unsettled(layer, seed=9):
    """The layer with its biases, gammas and betas moved away from 0 and 1, where wrong gradients can look right."""
    rng = np.random.default_rng(seed)
    for value, _ in layer.get_parameters():
        value += rng.normal(0, 0.3, value.shape).astype(value.dtype)
    return layer


def generator():
    return np.random.default_rng(4)


# name → (the layer of a dtype, its inputs in float64 or integers, options of forward)
LAYERS = {
    "Linear": (lambda t: Linear(D, F, generator(), t), [random(B, T, D)], {}),
    "Linear, some columns": (lambda t: Linear(D, F, generator(), t), [random(B, T, D)], {"columns": slice(2, 5)}),
    "Linear, one row": (lambda t: Linear(D, F, generator(), t), [random(1, D)], {}),
    "Embedding": (lambda t: Embedding(V, D, generator(), t), [np.array([[0, 3, 3, 1], [4, 3, 0, 0]])], {}),
    "PositionalEncoding, sinusoidal": (lambda t: PositionalEncoding(9, D, dtype=t), [random(B, T, D)], {}),
    "PositionalEncoding, learned": (
        lambda t: PositionalEncoding(9, D, generator(), "learned", t),
        [random(B, T, D)],
        {},
    ),
    "PositionalEncoding, none": (lambda t: PositionalEncoding(9, D, kind="none"), [random(B, T, D)], {}),
    "LayerNorm": (lambda t: LayerNorm(D, dtype=t), [random(B, T, D)], {}),
    "ReLU": (lambda t: ReLU(), [random(B, T, D)], {}),
    "Softmax": (lambda t: Softmax(), [random(B, H, T, T)], {}),
    "FeedForward": (lambda t: FeedForward(D, F, generator(), t), [random(B, T, D)], {}),
    "Dropout, not training": (lambda t: Dropout(0.4), [random(B, T, D)], {}),
    "Dropout": (lambda t: Reseeded(Dropout(0.4)), [random(B, T, D)], {}),
    "ScaledDotProductAttention": (
        lambda t: ScaledDotProductAttention(),
        [random(B, T, 3), random(B, T, 3, seed=1), random(B, T, 3, seed=2)],
        {"mask": MASK[:, None, :]},
    ),
    "MultiHeadAttention": (lambda t: MultiHeadAttention(D, H, generator(), dtype=t), [random(B, T, D)], {}),
    "MultiHeadAttention, masked": (
        lambda t: MultiHeadAttention(D, H, generator(), dtype=t),
        [random(B, T, D)],
        {"mask": MASK},
    ),
}


def build(name, dtype):
    """The layer, its inputs and its options; floating inputs in `dtype`."""
    make, inputs, options = LAYERS[name]
    inputs = [x.astype(dtype) if x.dtype == np.float64 else x for x in inputs]
    return unsettled(make(np.dtype(dtype))), inputs, options


# What holds for all of them


@pytest.mark.parametrize("name", LAYERS)
def test_the_gradient_is_the_derivative(name):
    layer, inputs, options = build(name, "float64")
    report = gradient_check(layer, *inputs, **options)
    assert report.passed, report
    parameters = sum(value.size for value, _ in layer.get_parameters())
    coordinates = parameters + sum(x.size for x in inputs if x.dtype == np.float64)
    assert report.checked + report.kinks == coordinates  # none was forgotten


@pytest.mark.parametrize("name", LAYERS)
def test_forward_writes_nothing_to_the_layer(name):
    layer, inputs, options = build(name, "float64")
    before, originals = snapshot(layer), [x.copy() for x in inputs]
    first, _ = layer.forward(*inputs, **options)
    layer.forward(*(x[:1] for x in inputs), **{k: v[:1] if k == "mask" else v for k, v in options.items()})
    again, _ = layer.forward(*inputs, **options)
    assert snapshot(layer) == before
    assert first.tobytes() == again.tobytes()
    assert all(np.array_equal(x, original) for x, original in zip(inputs, originals, strict=True))


@pytest.mark.parametrize("name", LAYERS)
def test_backward_changes_neither_the_tape_nor_what_it_is_given(name):
    layer, inputs, options = build(name, "float64")
    y, tape = layer.forward(*inputs, **options)
    dy = random(*y.shape, seed=3)
    before = [(path, array.copy()) for path, array in arrays_in((tape, dy, tuple(inputs)))]
    layer.backward(dy, tape)
    after = dict(arrays_in((tape, dy, tuple(inputs))))
    assert [path for path, array in before if not np.array_equal(array, after[path])] == []


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name):
    layer, inputs, options = build(name, "float32")
    y, tape = layer.forward(*inputs, **options)
    d_inputs = layer.backward(np.ones_like(y), tape)
    arrays = dict(arrays_in((tape, y, d_inputs))) | layer.named_gradients()
    assert {path: a.dtype for path, a in arrays.items() if a.dtype.kind == "f" and a.dtype != np.float32} == {}


@pytest.mark.parametrize("name", [n for n in LAYERS if build(n, "float64")[0].get_parameters()])
def test_backward_adds_up_until_zero_grad(name):
    layer, inputs, options = build(name, "float64")
    y, tape = layer.forward(*inputs, **options)
    layer.backward(np.ones_like(y), tape)
    once = {path: g.copy() for path, g in layer.named_gradients().items()}
    layer.backward(np.ones_like(y), tape)
    for path, gradient in layer.named_gradients().items():
        np.testing.assert_allclose(gradient, 2 * once[path], rtol=1e-12)
    layer.zero_grad()
    assert not any(gradient.any() for _, gradient in layer.get_parameters())


# What each of them computes, spelled out


def test_linear_is_a_sum_over_features():
    layer, (x,), _ = build("Linear", "float64")
    weight, bias = layer.weight.value, layer.bias.value
    y, _ = layer.forward(x)
    assert y.shape == (B, T, F)
    for b, t, f in np.ndindex(B, T, F):
        assert y[b, t, f] == pytest.approx(sum(x[b, t, d] * weight[d, f] for d in range(D)) + bias[f])
    some, _ = layer.forward(x, columns=slice(2, 5))
    np.testing.assert_allclose(some, y[..., 2:5], rtol=1e-13)


def test_linear_begins_within_the_bound_of_glorot_and_bengio():
    weight = Linear(30, 50, generator(), np.float64).weight.value
    bound = math.sqrt(6 / 80)
    assert np.abs(weight).max() <= bound
    assert weight.std() == pytest.approx(bound / math.sqrt(3), rel=0.05)  # of a uniform distribution


def test_linear_refuses_another_number_of_features():
    with pytest.raises(ValueError, match=r"6 features on the last axis, got shape \(2, 5\)"):
        Linear(6, 3, generator()).forward(np.zeros((2, 5)))


def test_embedding_looks_rows_up_and_gathers_their_gradients():
    layer, (tokens,), _ = build("Embedding", "float64")
    y, tape = layer.forward(tokens)
    dy = random(*y.shape)
    layer.backward(dy, tape)
    expected = np.zeros((V, D))
    for b, t in np.ndindex(*tokens.shape):
        assert np.array_equal(y[b, t], layer.weight.value[tokens[b, t]])
        expected[tokens[b, t]] += dy[b, t]
    np.testing.assert_allclose(layer.weight.gradient, expected, atol=1e-15)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([[0, 5]], r"must lie in 0…4, got 0…5"),
        ([[-1, 2]], r"must lie in 0…4, got -1…2"),
        ([[1.0, 2.0]], r"whole numbers, got float64"),
        ([[True, False]], r"whole numbers, got bool"),
    ],
)
def test_embedding_refuses_what_is_no_token(tokens, message):
    with pytest.raises(ValueError, match=message):
        Embedding(V, D, generator()).forward(np.array(tokens))


@pytest.mark.parametrize("width", [6, 7])
def test_the_sinusoidal_table_is_that_of_the_paper(width):
    table = sinusoidal_table(5, width)
    for t, i in np.ndindex(5, width):
        angle = t / 10_000 ** ((i - i % 2) / width)
        assert table[t, i] == pytest.approx(math.cos(angle) if i % 2 else math.sin(angle), abs=1e-15)


def test_positions_are_added_alike_to_every_expression():
    for kind in ("sinusoidal", "learned"):
        layer = PositionalEncoding(9, D, generator(), kind, np.float64)
        table = layer.table if kind == "sinusoidal" else layer.weight.value
        x = random(B, T, D)
        np.testing.assert_allclose(layer.forward(x)[0] - x, np.broadcast_to(table[:T], x.shape), atol=1e-15)


def test_too_many_positions_are_refused():
    for kind in ("sinusoidal", "learned", "none"):
        with pytest.raises(ValueError, match="10 tokens do not fit into max_seq_len = 9"):
            PositionalEncoding(9, D, generator(), kind).forward(np.zeros((1, 10, D)))
    with pytest.raises(ValueError, match="got 'rotary'"):
        PositionalEncoding(9, D, kind="rotary")


def test_layer_norm_is_mean_zero_and_variance_one_then_scaled_and_shifted():
    layer, (x,), _ = build("LayerNorm", "float64")
    y, tape = layer.forward(x)
    for b, t in np.ndindex(B, T):
        mean = sum(x[b, t]) / D
        variance = sum((value - mean) ** 2 for value in x[b, t]) / D
        for d in range(D):
            normalized = (x[b, t, d] - mean) / math.sqrt(variance + 1e-5)
            assert y[b, t, d] == pytest.approx(normalized * layer.gamma.value[d] + layer.beta.value[d])
    np.testing.assert_allclose(tape.normalized.mean(axis=-1), 0, atol=1e-14)
    np.testing.assert_allclose(tape.normalized.std(axis=-1), 1, rtol=1e-4)


def test_layer_norm_does_not_see_a_shift_nor_hardly_a_scale():
    layer, (x,), _ = build("LayerNorm", "float64")
    y, _ = layer.forward(x)
    np.testing.assert_allclose(layer.forward(x + 3)[0], y, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer.forward(1000 * x)[0], y, rtol=1e-3, atol=1e-4)
    constant, _ = layer.forward(np.full((1, D), 7.0))  # nothing to normalize: only the shift is left
    np.testing.assert_allclose(constant[0], layer.beta.value, atol=1e-12)


def test_layer_norm_refuses_a_width_that_would_be_broadcast():
    for width in (1, 5):
        with pytest.raises(ValueError, match="6 features on the last axis"):
            LayerNorm(6).forward(np.zeros((2, width)))


def test_relu_lets_the_positive_pass():
    y, tape = ReLU().forward(np.array([-2.0, -0.0, 0.0, 3.0]))
    assert y.tolist() == [0, 0, 0, 3]
    assert ReLU().backward(np.full(4, 5.0), tape).tolist() == [0, 0, 0, 5]


def test_softmax_is_each_exponential_over_their_sum():
    x = random(3, 4)
    y, _ = Softmax().forward(x)
    for i, j in np.ndindex(3, 4):
        assert y[i, j] == pytest.approx(math.exp(x[i, j]) / sum(math.exp(value) for value in x[i]))


def test_softmax_survives_huge_and_infinite_numbers():
    y, _ = Softmax().forward(np.array([[1e4, 1e4 - 1, -1e4], [-np.inf, 2.0, -np.inf]], np.float32))
    assert y[0].tolist() == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e), 0])
    assert y[1].tolist() == [0, 1, 0]


def test_feed_forward_treats_every_position_alike_and_alone():
    layer, (x,), _ = build("FeedForward", "float64")
    y, _ = layer.forward(x)
    for b, t in np.ndindex(B, T):
        hidden = np.maximum(x[b, t] @ layer.expand.weight.value + layer.expand.bias.value, 0)
        expected = hidden @ layer.contract.weight.value + layer.contract.bias.value
        np.testing.assert_allclose(y[b, t], expected, rtol=1e-12)
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(layer.forward(x[:, order])[0], y[:, order], rtol=1e-12)


def test_dropout_is_off_without_a_generator():
    x = random(3, 4)
    assert np.array_equal(Dropout(0.5).forward(x)[0], x)
    assert np.array_equal(Dropout(0.0).forward(x, generator())[0], x)


def test_dropout_drops_its_share_and_keeps_the_expectation():
    x = np.ones((200, 500))
    y, tape = Dropout(0.3).forward(x, generator())
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert np.array_equal(Dropout(0.3).backward(x, tape), y)  # the same entries, the same factor


@pytest.mark.parametrize("rate", [1.0, -0.1, float("nan")])
def test_dropout_refuses_a_rate_that_leaves_nothing(rate):
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        Dropout(rate)


# The loss


def test_the_loss_is_the_mean_surprise():
    logits, targets = random(4, V), np.array([0, 3, 3, 1])
    loss, tape = CrossEntropyLoss().forward(logits, targets)
    surprises = [
        -math.log(math.exp(row[target]) / sum(math.exp(z) for z in row))
        for row, target in zip(logits, targets, strict=True)
    ]
    assert loss == pytest.approx(sum(surprises) / 4)
    np.testing.assert_allclose(tape.probabilities.sum(axis=1), 1)
    assert CrossEntropyLoss().forward(np.zeros((3, 20)), [1, 2, 3])[0] == pytest.approx(math.log(20))


def test_the_gradient_of_the_loss_is_its_derivative():
    logits, targets, step, loss_fn = random(4, V), np.array([0, 3, 3, 1]), 1e-5, CrossEntropyLoss()
    d_logits = loss_fn.backward(loss_fn.forward(logits, targets)[1])
    for index in np.ndindex(*logits.shape):
        nudge = np.zeros_like(logits)
        nudge[index] = step
        above, below = (loss_fn.forward(z, targets)[0] for z in (logits + nudge, logits - nudge))
        assert d_logits[index] == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-10)


def test_the_loss_of_a_hopeless_answer_is_large_and_finite():
    loss_fn = CrossEntropyLoss()
    loss, tape = loss_fn.forward(np.array([[1e4, 0.0], [0.0, 1e4]], np.float32), [1, 1])
    assert loss == pytest.approx(5000)
    assert loss_fn.backward(tape).tolist() == [[0.5, -0.5], [0, 0]]


@pytest.mark.parametrize(
    ("shape", "targets", "message"),
    [
        ((2, V), [0, 5], "must lie in 0…4, got 0…5"),
        ((2, V), [-1, 0], "must lie in 0…4"),
        ((2, V), [0.0, 1.0], "whole numbers, got float64"),
        ((2, V), [0], r"got \(2, 5\) and \(1,\)"),
        ((0, V), [], r"got \(0, 5\)"),
        ((V,), [0], r"got \(5,\)"),
    ],
)
def test_the_loss_refuses_what_it_cannot_measure(shape, targets, message):
    with pytest.raises(ValueError, match=message):
        CrossEntropyLoss().forward(np.zeros(shape), np.array(targets))


# The parameters


def test_flattened_parameters_are_views_of_one_vector():
    layer = FeedForward(D, F, generator(), np.float64)
    before = {name: value.copy() for name, value in layer.named_parameters().items()}
    vector, gradient = flatten(layer)
    assert list(before) == ["expand.weight", "expand.bias", "contract.weight", "contract.bias"]
    assert np.array_equal(vector, np.concatenate([value.ravel() for value in before.values()]))
    vector += 1
    for name, value in layer.named_parameters().items():
        np.testing.assert_allclose(value, before[name] + 1)
    y, tape = layer.forward(random(B, D))
    layer.backward(np.ones_like(y), tape)
    assert np.array_equal(gradient, np.concatenate([g.ravel() for _, g in layer.get_parameters()]))


# The gradient check itself


class ForgetsOneBias(Linear):
    """Right but for one coordinate: the gradient of bias 2."""

    def backward(self, dy, tape):
        kept = self.bias.gradient[2]
        dx = super().backward(dy, tape)
        self.bias.gradient[2] = kept
        return dx


class OnePercentOff(ReLU):
    def backward(self, dy, tape):
        dx = super().backward(dy, tape)
        dx[1, 2] *= 1.01
        return dx


def test_a_wrong_gradient_is_caught_by_name_and_index():
    report = gradient_check(ForgetsOneBias(D, F, generator(), np.float64), random(B, D))
    assert not report.passed
    assert (report.name, report.index, report.analytic, report.error) == ("bias", (2,), 0.0, 1.0)
    assert "WRONG" in str(report)
    assert "bias[2]" in str(report)
    assert {name for name, error in report.errors.items() if error > 1e-6} == {"bias"}


def test_an_error_of_one_percent_in_an_input_is_caught():
    report = gradient_check(OnePercentOff(), random(3, 4))
    assert (report.passed, report.name, report.index) == (False, "input", (1, 2))
    assert report.error == pytest.approx(0.01 / 1.01, rel=1e-3)


def test_a_gradient_that_is_no_number_is_caught():
    class Nothing(ReLU):
        def backward(self, dy, tape):
            return dy * np.nan

    assert gradient_check(Nothing(), random(2, 2)).error == math.inf


def test_coordinates_at_a_kink_are_left_out_and_counted():
    x = np.array([[1.0, -1.0, 0.0, 1e-7]])  # the step of 1e-5 carries the last two over
    report = gradient_check(ReLU(), x)
    assert report.passed
    assert (report.checked, report.kinks) == (2, 2)


def test_the_check_puts_the_parameters_back():
    layer, (x,), _ = build("FeedForward", "float64")
    before = {name: value.tobytes() for name, value in layer.named_parameters().items()}
    original = x.copy()
    gradient_check(layer, x)
    assert {name: value.tobytes() for name, value in layer.named_parameters().items()} == before
    assert np.array_equal(x, original)


def test_the_check_asks_for_float64():
    with pytest.raises(ValueError, match="float64, but weight is float32"):
        gradient_check(Linear(D, F, generator()), random(B, D))


def test_a_sample_compares_so_many_of_each_array():
    report = gradient_check(Linear(D, F, generator(), np.float64), random(B, D), sample=5)
    assert report.checked == 3 * 5


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
