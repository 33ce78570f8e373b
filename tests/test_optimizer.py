"""Optimizers and schedules against scalar arithmetic: one number at a time, written from the papers."""

import math
import pickle

import numpy as np
import pytest
from small import MASK, TARGETS, TOKENS, small_model

from tinyformer import (
    SGD,
    Adam,
    CrossEntropyLoss,
    TrainingConfig,
    clip_by_global_norm,
    constant,
    train_step,
    warmup_cosine,
)
from tinyformer.layers import FeedForward
from tinyformer.optimizer import gradient_norm

STEPS = 30


def adam_by_hand(p, gradients, rate=1e-2, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.0):
    """Algorithm 1 of Kingma & Ba on one number, with the decay of Loshchilov & Hutter; the value after each step."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        p -= rate * decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        p -= rate * (m / (1 - beta1**t)) / (math.sqrt(v / (1 - beta2**t)) + epsilon)
        yield p


def sgd_by_hand(p, gradients, rate=1e-2, momentum=0.0):
    velocity = 0.0
    for g in gradients:
        velocity = momentum * velocity + g
        p -= rate * velocity
        yield p


def run(make_optimizer, start, gradients):
    """The values after each step, (STEPS, N), of N numbers that get these gradients (STEPS, N)."""
    value, gradient = start[None].copy(), np.zeros_like(start[None])  # a matrix of one row: weight decay is of matrices
    optimizer = make_optimizer(lambda: [(value, gradient)])
    history = []
    for g in gradients:
        gradient[:] = g
        optimizer.step()
        history.append(value[0].copy())
    return np.array(history)


def trajectory():
    """Numbers and their gradients over some steps, of magnitudes from 1e-6 to 10; the last number has none."""
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((STEPS, 6)) * np.array([1e-6, 1e-3, 0.1, 1, 10, 0])
    return rng.standard_normal(6), gradients


@pytest.mark.parametrize("options", [{}, {"decay": 0.1}, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}])
def test_adam_is_the_algorithm_of_the_paper(options):
    start, gradients = trajectory()
    ours = {"weight_decay" if name == "decay" else name: value for name, value in options.items()}
    history = run(lambda pairs: Adam(pairs, 1e-2, **ours), start, gradients)
    for i, p in enumerate(start):
        np.testing.assert_allclose(history[:, i], list(adam_by_hand(p, gradients[:, i], **options)), rtol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd_is_what_it_says(momentum):
    start, gradients = trajectory()
    history = run(lambda pairs: SGD(pairs, 1e-2, momentum), start, gradients)
    for i, p in enumerate(start):
        expected = list(sgd_by_hand(p, gradients[:, i], momentum=momentum))
        np.testing.assert_allclose(history[:, i], expected, rtol=1e-12)


def test_the_first_step_of_adam_has_the_size_of_the_learning_rate_whatever_the_gradient():
    history = run(lambda pairs: Adam(pairs, 0.1), np.zeros(4), [[1e-4, 1.0, -1e3, 0.0]])
    np.testing.assert_allclose(history[0], [-0.1, -0.1, 0.1, 0], rtol=1e-3)


def test_adam_falls_into_a_bowl():
    value, gradient = np.array([5.0, -3.0]), np.zeros(2)
    optimizer = Adam(lambda: [(value, gradient)], 0.1)
    for _ in range(500):
        gradient[:] = 2 * (value - [1, 2])
        optimizer.step()
    np.testing.assert_allclose(value, [1, 2], atol=1e-3)


@pytest.mark.parametrize(
    "make", [lambda pairs: Adam(pairs, 1e-2, weight_decay=0.1), lambda pairs: SGD(pairs, 0.1, 0.9)]
)
def test_the_flat_vector_and_the_single_arrays_are_moved_alike(make):
    one, other = small_model(), small_model()
    flat, single = make(one.get_parameters), make(lambda: list(other.get_parameters()))  # a plain list has no `flat`
    assert len(flat.state) < len(single.state)
    for _ in range(5):
        for model, optimizer in ((one, flat), (other, single)):
            train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), optimizer, MASK)
    np.testing.assert_allclose(one.vector, other.vector, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make", [Adam, SGD])
def test_a_list_of_pairs_is_as_good_as_a_callable(make):
    one, other = small_model(), small_model()
    called, listed = make(one.get_parameters, 1e-2), make(other.get_parameters(), 1e-2)
    pairs = make(zip([other.vector], [other.gradient], strict=True), 1e-2)  # whatever can be walked through
    assert len(pairs.state) == len(listed.state)
    for _ in range(3):
        for model, optimizer in ((one, called), (other, listed)):
            train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), optimizer, MASK)
    assert np.array_equal(one.vector, other.vector)
    with pytest.raises(ValueError, match="nothing to optimize"):
        make([], 1e-2)


def test_weight_decay_leaves_gains_and_biases_alone():
    """Fifty steps without a gradient: matrices shrink by (1 − η·decay)⁵⁰, embeddings too; nothing else moves."""
    model = small_model()
    before = {name: p.copy() for name, p in model.named_parameters().items()}
    optimizer = Adam(model.get_parameters, 0.01, weight_decay=5.0)
    for _ in range(50):
        model.zero_grad()
        optimizer.step()
    for name, now in model.named_parameters().items():
        factor = (1 - 0.05) ** 50 if before[name].ndim > 1 else 1.0
        np.testing.assert_allclose(now, before[name] * factor, rtol=1e-9, err_msg=name)
    assert {p.ndim for p in before.values()} == {1, 2}


def test_the_rule_of_before_shrinks_everything_and_is_that_of_configurations_of_before():
    model = small_model()
    before, optimizer = model.vector.copy(), Adam(model.get_parameters, 0.01, weight_decay=5.0, decay_of="all")
    model.zero_grad()
    optimizer.step()
    assert np.array_equal(model.vector, before * (1 - 0.01 * 5.0))
    stored = TrainingConfig(weight_decay=0.1).to_dict()
    assert TrainingConfig.from_dict(stored).decay_of == "matrices"
    del stored["decay_of"]  # as it was written then
    assert TrainingConfig.from_dict(stored).decay_of == "all"
    assert TrainingConfig.from_dict(stored | {"weight_decay": 0.0}) == TrainingConfig()


def test_the_learning_rate_can_be_changed_on_the_way():
    start, gradients = trajectory()
    value, gradient = start.copy(), np.zeros_like(start)
    optimizer = SGD(lambda: [(value, gradient)], 1.0)
    optimizer.learning_rate, gradient[:] = 0.5, gradients[0]
    optimizer.step()
    np.testing.assert_allclose(value, start - 0.5 * gradients[0])


@pytest.mark.parametrize("make", [Adam, SGD])
def test_state_stays_in_the_precision_of_the_parameters(make):
    model = small_model("float32")
    optimizer = make(model.get_parameters, 1e-3)
    train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), optimizer, MASK)
    assert {array.dtype for array in (*optimizer.state, model.vector)} == {np.dtype("float32")}


def test_an_optimizer_in_a_copied_pair_moves_the_copied_model():
    model = small_model()
    optimizer = Adam(model.get_parameters)
    copied_model, copied_optimizer = pickle.loads(pickle.dumps((model, optimizer)))
    before = model.vector.copy()
    train_step(copied_model, TOKENS, TARGETS, CrossEntropyLoss(), copied_optimizer, MASK)
    assert np.array_equal(model.vector, before)
    assert not np.array_equal(copied_model.vector, before)


@pytest.mark.parametrize("rate", [0, -1e-3, float("nan"), float("inf")])
def test_a_learning_rate_that_is_none_is_refused(rate):
    for make in (Adam, SGD):
        with pytest.raises(ValueError, match="learning_rate must be a positive number"):
            make(small_model().get_parameters, rate)


# Clipping


def test_clipping_keeps_the_direction_and_bounds_the_length():
    model = small_model()
    model.gradient[:] = np.random.default_rng(0).standard_normal(model.gradient.size)
    before = model.gradient.copy()
    norm = clip_by_global_norm(model.get_parameters(), 2.0)
    assert norm == pytest.approx(math.sqrt(sum(g * g for g in before)))
    np.testing.assert_allclose(model.gradient, before * (2 / norm))
    assert gradient_norm(model.get_parameters()) == pytest.approx(2)
    assert gradient_norm(list(model.get_parameters())) == pytest.approx(2)  # summed over the single arrays


def test_a_gradient_that_is_short_enough_stays_as_it_is():
    layer = FeedForward(3, 4, np.random.default_rng(0), np.float64)
    for _, gradient in layer.get_parameters():
        gradient += 1e-3
    before = [gradient.copy() for _, gradient in layer.get_parameters()]
    assert clip_by_global_norm(layer.get_parameters(), 1.0) < 1
    assert all(np.array_equal(g, b) for (_, g), b in zip(layer.get_parameters(), before, strict=True))


# Schedules


def test_constant_is_constant():
    assert [constant(0.3, step, 10) for step in (1, 5, 10)] == [0.3] * 3


def test_warmup_cosine_rises_in_a_line_and_falls_in_half_a_cosine():
    rates = [warmup_cosine(0.4, step, 110, warmup_steps=10) for step in range(1, 111)]
    np.testing.assert_allclose(rates[:10], 0.04 * np.arange(1, 11))
    assert rates[59] == pytest.approx(0.2)  # half-way between the end of the warm-up and the end
    assert rates[34] == pytest.approx(0.4 * (1 + math.sqrt(0.5)) / 2)  # a quarter of it
    assert rates[-1] == 0
    assert (np.diff(rates[9:]) < 0).all()


def test_a_warmup_longer_than_the_training_only_rises():
    rates = [warmup_cosine(1.0, step, 5, warmup_steps=10) for step in range(1, 6)]
    np.testing.assert_allclose(rates, np.arange(1, 6) / 10)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
