"""Training: it learns, the same way every time, however often interrupted, and never from what it is judged by."""

import copy
import json
import math
import pickle
from itertools import islice

import numpy as np
import pytest
from small import MASK, TARGETS, TOKENS, small_model

import tinyformer.training
from tinyformer import (
    SGD,
    Adam,
    CrossEntropyLoss,
    DivergenceError,
    MetricsTracker,
    Trainer,
    TrainingConfig,
    Transformer,
    TransformerConfig,
    evaluate,
    side_of,
    train_step,
)
from tinyformer.optimizer import gradient_norm
from tinyformer.task.training_data import prepare_data
from tinyformer.training import StepRecord, Validation

NARROW = TransformerConfig(embed_dim=16, num_heads=2, num_layers=1, ffn_dim=24, max_seq_len=12)
QUICK = TrainingConfig(num_examples=200, epochs=3, batch_size=16, learning_rate=5e-3, warmup_steps=5, model=NARROW)


def quick(**changes):
    return TrainingConfig.from_dict(QUICK.to_dict() | changes)


def fixed_batch(step, size=32):
    """Inputs (size, 6) and targets (size,) from arithmetic alone, so that no change of the data changes them."""
    n = np.arange(size) + size * step
    operation, a, b, c = n % 5, n * 7 % 10, n * n % 10, (3 * n + n // 5) % 10
    answer = np.choose(operation, [a, b, c, np.maximum(a, np.maximum(b, c)), np.minimum(a, np.minimum(b, c))])
    tokens = np.stack([12 + operation, np.full(size, 17), a + 2, b + 2, c + 2, np.full(size, 18)], axis=1)
    return tokens, answer + 2


# One step


# A change of the initialization, of a layer, of Adam or of the loss shows here. The tolerance is for other processors
# and BLAS libraries, which sum in another order: float64, which rounds quite differently, ends up 1e-6 away.
PINNED = {
    "post": [3.757935, 2.503283, 1.980494, 1.680225, 1.307458, 1.296461, 1.199998, 0.821792, 0.936135, 0.939669],
    "pre": [3.888802, 2.747772, 2.172551, 1.870098, 1.412713, 1.401422, 1.353276, 0.940401, 1.075095, 1.089143],
}


@pytest.mark.parametrize("norm", PINNED)
def test_the_losses_of_the_first_ten_steps_are_these(norm):
    model, loss_fn = Transformer(norm=norm, seed=42), CrossEntropyLoss()
    optimizer = Adam(model.get_parameters, learning_rate=1e-3)
    losses = [train_step(model, *fixed_batch(step), loss_fn, optimizer)[0] for step in range(10)]
    np.testing.assert_allclose(losses, PINNED[norm], rtol=1e-3, err_msg=f"{norm}: {[round(x, 6) for x in losses]}")


def test_a_step_reports_the_batch_as_it_was_before():
    model, loss_fn = small_model("float32"), CrossEntropyLoss()
    logits, _ = model.forward(TOKENS, MASK)
    expected = loss_fn.forward(logits, TARGETS)[0], (logits.argmax(axis=1) == TARGETS).mean()
    optimizer = SGD(model.get_parameters, 0.05)
    reported = train_step(model, TOKENS, TARGETS, loss_fn, optimizer, mask=MASK)
    assert reported == expected
    assert train_step(model, TOKENS, TARGETS, loss_fn, optimizer, mask=MASK)[0] < reported[0]


def test_a_step_forgets_the_gradients_of_the_step_before():
    model = small_model()
    other = copy.deepcopy(model)
    model.gradient[:] = 1e6
    for one in (model, other):
        train_step(one, TOKENS, TARGETS, CrossEntropyLoss(), SGD(one.get_parameters, 0.1), mask=MASK)
    assert np.array_equal(model.vector, other.vector)


def test_a_step_can_be_clipped():
    model = small_model()
    before = model.vector.copy()
    train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), SGD(model.get_parameters, 0.5), mask=MASK, clip_norm=1e-3)
    assert np.linalg.norm(model.vector - before) == pytest.approx(0.5e-3)
    assert gradient_norm(model.get_parameters()) == pytest.approx(1e-3)


def test_a_step_drops_only_with_a_generator():
    model = small_model(dropout=0.5)
    losses = [
        train_step(model, TOKENS, TARGETS, CrossEntropyLoss(), SGD(model.get_parameters, 1e-12), MASK, rng=rng)[0]
        for rng in (None, None, np.random.default_rng(0), np.random.default_rng(1))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    assert len({round(loss, 6) for loss in losses}) == 3


@pytest.mark.parametrize("settings", [{}, {"norm": "pre", "pooling": "mean"}, {"positions": "learned"}])
def test_a_batch_is_learned_by_heart(settings):
    model = Transformer(embed_dim=32, num_heads=4, num_layers=2, ffn_dim=64, seed=1, **settings)
    optimizer, loss_fn = Adam(model.get_parameters, 5e-3), CrossEntropyLoss()
    inputs, targets = fixed_batch(0)
    for _ in range(100):
        loss, accuracy = train_step(model, inputs, targets, loss_fn, optimizer)
    assert accuracy == 1
    assert loss < 0.01


# A training


def test_every_step_has_its_record():
    trainer = Trainer(QUICK)
    records = list(trainer.records())
    assert [record.step for record in records] == list(range(1, trainer.total_steps + 1))
    assert trainer.total_steps == 3 * trainer.steps_per_epoch
    assert trainer.steps_per_epoch == math.ceil(len(trainer.data.train.targets) / 16)
    assert [r.epoch for r in records] == [1 + i // trainer.steps_per_epoch for i in range(trainer.total_steps)]
    assert [r.step for r in records if r.validation] == [trainer.steps_per_epoch * n for n in (1, 2, 3)]
    for record in records:
        assert 0 < record.loss < 10
        assert 0 <= record.accuracy <= 1
        assert record.gradient_norm > 0
        assert 0 <= record.learning_rate <= QUICK.learning_rate
        assert record.seconds > 0
    assert list(trainer.records()) == []  # it is over


def test_an_epoch_sees_every_example_once_in_an_order_of_its_own():
    trainer, seen = Trainer(QUICK), []
    take = type(trainer.data.train).take

    class Watched(type(trainer.data.train)):
        def take(self, indices):
            seen.append(indices)
            return take(self, indices)

    trainer.data = trainer.data._replace(train=Watched(*trainer.data.train))
    list(trainer.records())
    epochs = np.concatenate(seen).reshape(3, -1)
    assert all(sorted(order) == list(range(len(trainer.data.train.targets))) for order in epochs.tolist())
    assert len({tuple(order) for order in epochs.tolist()}) == 3


def test_the_seed_decides_the_weights_and_the_data_seed_the_data():
    one, other, elsewhere = Trainer(QUICK), Trainer(quick(seed=7)), Trainer(quick(data_seed=5))
    assert one.model.vector.tobytes() != other.model.vector.tobytes()
    assert one.model.vector.tobytes() == elsewhere.model.vector.tobytes()
    for side, same in zip(one.data, other.data, strict=True):
        assert np.array_equal(side.tokens, same.tokens)
    assert set(map(bytes, one.data.test.tokens)) != set(map(bytes, elsewhere.data.test.tokens))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"optimizer": "sgd"},
        {"model": NARROW.to_dict() | {"dropout": 0.2}},
        {"num_args": (2, 5), "num_examples": 600},
    ],
    ids=["adam", "sgd", "dropout", "several lengths"],
)
@pytest.mark.parametrize("epochs", [0.1, 1, 1.4], ids=["in the first epoch", "after it", "in the second"])
def test_interrupted_and_resumed_is_uninterrupted_bit_for_bit(changes, epochs):
    config = quick(**changes)
    whole, first, second = Trainer(config), Trainer(config), Trainer(config)
    records = list(whole.records())
    before = list(islice(first.records(), int(epochs * first.steps_per_epoch)))

    second.model.vector[:] = first.model.vector
    second.optimizer.step_count = first.optimizer.step_count
    for ours, theirs in zip(second.optimizer.state, first.optimizer.state, strict=True):
        ours[:] = theirs
    second.step = first.step
    second.best_vector, second.best_step, second.best_score = first.best_vector, first.best_step, first.best_score
    after = list(second.records())

    assert [r._replace(seconds=0) for r in before + after] == [r._replace(seconds=0) for r in records]
    assert second.model.vector.tobytes() == whole.model.vector.tobytes()
    assert second.best_vector.tobytes() == whole.best_vector.tobytes()
    assert (second.best_step, second.best_score) == (whole.best_step, whole.best_score)


def test_every_step_drops_other_entries_and_the_same_ones_when_repeated(monkeypatch):
    gradients, draws = tinyformer.training.compute_gradients, []

    def watched(model, inputs, targets, loss_fn, mask, rng):
        draws.append(copy.deepcopy(rng).random())
        return gradients(model, inputs, targets, loss_fn, mask, rng)

    monkeypatch.setattr(tinyformer.training, "compute_gradients", watched)
    config = quick(model=NARROW.to_dict() | {"dropout": 0.2})
    for same in (config, quick(**config.to_dict()), quick(**config.to_dict() | {"seed": 1})):
        list(islice(Trainer(same).records(), 20))
    assert draws[:20] == draws[20:40]
    assert len(set(draws)) == 40


def test_leaving_the_generator_and_entering_it_again_goes_on():
    whole, trainer = Trainer(QUICK), Trainer(QUICK)
    list(whole.records())
    for steps in (3, 10, 1000):
        list(islice(trainer.records(), steps))
    assert trainer.model.vector.tobytes() == whole.model.vector.tobytes()


@pytest.mark.parametrize("optimizer", [Adam, SGD])
def test_clipping_and_schedule_reach_the_optimizer(optimizer):
    config = quick(clip_norm=0.01, optimizer=optimizer.__name__.lower(), warmup_steps=4)
    trainer = Trainer(config)
    assert type(trainer.optimizer) is optimizer
    records = list(islice(trainer.records(), 5))
    assert min(record.gradient_norm for record in records) > 0.01  # reported as it was before,
    assert gradient_norm(trainer.model.get_parameters()) == pytest.approx(0.01, rel=1e-5)  # and clipped
    np.testing.assert_allclose([r.learning_rate for r in records[:4]], config.learning_rate * np.arange(1, 5) / 4)
    assert trainer.optimizer.learning_rate == records[-1].learning_rate


def test_the_best_weights_on_the_validation_side_are_kept():
    trainer = Trainer(quick(epochs=4))
    weights, validations = {}, {}
    for record in trainer.records():
        if record.validation:
            weights[record.step], validations[record.step] = trainer.model.vector.copy(), record.validation
        if record.step == 3 * trainer.steps_per_epoch:
            trainer.model.vector *= -1  # spoiled: the last epoch cannot be the best
    best = max(validations, key=lambda step: (validations[step].accuracy, -validations[step].loss))
    assert best != trainer.total_steps
    assert trainer.best_step == best
    assert trainer.best_vector.tobytes() == weights[best].tobytes()
    trainer.finish()
    assert trainer.model.vector.tobytes() == weights[best].tobytes()
    measured = evaluate(trainer.model, trainer.data.validation)
    assert (measured.accuracy, measured.loss) == (validations[best].accuracy, validations[best].loss)


def test_the_test_side_is_looked_at_once_and_at_the_end(monkeypatch):
    trainer, looked_at = Trainer(QUICK), []
    monkeypatch.setattr(
        tinyformer.training, "evaluate", lambda model, data: looked_at.append(data) or evaluate(model, data)
    )
    list(trainer.records())
    assert [data is trainer.data.validation for data in looked_at] == [True] * 3
    test = trainer.finish()
    assert looked_at[3] is trainer.data.test
    assert len(looked_at) == 4
    assert np.array_equal(test.targets, trainer.data.test.targets)


def test_without_the_test_side_training_is_the_same():
    whole, blind = Trainer(QUICK), Trainer(QUICK)
    blind.data = blind.data._replace(test=None)
    list(whole.records()), list(blind.records())
    assert blind.best_vector.tobytes() == whole.best_vector.tobytes()


def test_stopped_within_the_first_epoch_it_ends_with_what_it_has_learned():
    trainer = Trainer(QUICK)
    list(islice(trainer.records(), 5))
    learned = trainer.model.vector.copy()
    trainer.finish()
    assert trainer.best_step == 5
    assert np.array_equal(trainer.model.vector, learned)


# Divergence


@pytest.mark.parametrize("rate", [100.0, 1e6])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("clip_norm", [1.0, None])
@pytest.mark.filterwarnings("error")
def test_a_training_that_diverges_says_when_and_leaves_finite_weights(rate, optimizer, clip_norm):
    config = quick(learning_rate=rate, optimizer=optimizer, clip_norm=clip_norm)
    trainer = Trainer(config)
    with pytest.raises(DivergenceError, match=r"diverged at step \d+: the loss is .* learning rate of") as caught:
        list(trainer.records())
    assert caught.value.step == trainer.step + 1 <= 30
    assert f"step {caught.value.step}:" in str(caught.value)
    assert np.isfinite(trainer.model.vector).all()
    assert np.isfinite(trainer.best_vector).all()


def test_weights_that_are_no_numbers_are_noticed_and_never_the_best():
    trainer = Trainer(QUICK)
    initial = trainer.model.vector.copy()
    list(islice(trainer.records(), 2))
    trainer.model.vector[0:100] = np.nan
    with pytest.raises(DivergenceError, match="step 3: the loss is nan"):
        next(trainer.records())
    with np.errstate(invalid="ignore"):
        trainer.finish()
    assert np.array_equal(trainer.model.vector, initial)


def test_the_news_of_a_divergence_reaches_another_process():
    error = pickle.loads(pickle.dumps(DivergenceError(17, 250.0, 4.0)))
    assert (error.step, error.loss, error.learning_rate) == (17, 250.0, 4.0)
    assert str(error) == ("training diverged at step 17: the loss is 250 with a learning rate of 4; try a smaller one")


# The data of a training


def identities(examples):
    return {tuple(tokens[mask].tolist()) for tokens, mask in zip(examples.tokens, examples.mask, strict=True)}


@pytest.mark.parametrize("num_args", [2, 3, (2, 6)])
def test_no_expression_is_on_two_sides(num_args):
    config = quick(num_args=num_args, num_examples=2000)
    data = prepare_data(config)
    train, validation, test = sides = [identities(side) for side in data]
    assert not train & validation
    assert not train & test
    assert not validation & test
    for side, name in zip(sides, ("train", "validation", "test"), strict=True):
        assert {side_of(list(tokens)) for tokens in side} == {name}
    assert len(data.test.targets) == len(test)  # each counted once


def test_splitting_the_draws_leaks_as_it_does_elsewhere():
    data = prepare_data(quick(split_by="draw", num_examples=10_000))
    train, test = (set(map(bytes, side.tokens)) for side in (data.train, data.test))
    assert len(train & test) / len(test) > 0.7


def test_a_limit_counts_distinct_expressions():
    unlimited = prepare_data(quick(num_examples=3000))
    limited = prepare_data(quick(num_examples=3000, train_limit=40))
    assert len(set(map(bytes, limited.train.tokens))) == 40
    assert set(map(bytes, limited.train.tokens)) < set(map(bytes, unlimited.train.tokens))
    assert np.array_equal(limited.test.tokens, unlimited.test.tokens)


def test_a_batch_is_padded_no_further_than_it_needs():
    train = prepare_data(quick(num_args=(2, 6))).train
    lengths = train.mask.sum(axis=1)
    short = train.take(np.flatnonzero(lengths == 5)[:3])
    assert short.tokens.shape == short.mask.shape == (3, 5)
    assert short.mask.all()
    assert train.take(np.array([lengths.argmin(), lengths.argmax()])).tokens.shape[1] == lengths.max()


def test_too_few_examples_are_refused_with_the_side_that_stays_empty():
    with pytest.raises(ValueError, match=r"leave the .* side empty; draw more"):
        prepare_data(quick(num_examples=10, num_args=(4, 6)))


# Configuration and history


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": float("nan")}, "learning_rate must be a number"),
        ({"learning_rate": 0}, "learning_rate must be a number"),
        ({"epochs": -1}, "epochs must be a whole number from 1"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1"),
        ({"max_value": 10}, "max_value must be a whole number from 1 to 9, got 10"),
        ({"num_args": 1}, "num_args must lie in 2…9"),
        ({"num_args": (5, 3)}, "num_args must lie in"),
        ({"optimizer": "lion"}, "optimizer must be 'adam' or 'sgd', got 'lion'"),
        ({"shares": (0.5, 0.1, 0.1)}, "sum to 1"),
        ({"clip_norm": 0}, "clip_norm must be a number"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"colour": "red"}, "no setting named colour"),
    ],
)
def test_a_configuration_says_what_to_change(changes, message):
    with pytest.raises(ValueError, match=message):
        quick(**changes)


def test_a_configuration_survives_json():
    for config in (QUICK, quick(num_args=(2, 6), clip_norm=None), TrainingConfig()):
        assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_history_holds_every_step_and_survives_its_arrays():
    trainer, tracker = Trainer(quick(epochs=2)), MetricsTracker()
    records = list(trainer.records())
    for record in records:
        tracker.record(record)
    assert tracker.steps["loss"] == [record.loss for record in records]
    assert tracker.epochs["accuracy"] == [r.validation.accuracy for r in records if r.validation]
    assert tracker.epochs["Max"] == [r.validation.per_operation[3] for r in records if r.validation]
    again = MetricsTracker.from_arrays(tracker.to_arrays())
    assert (again.steps, again.epochs) == (tracker.steps, tracker.epochs)
    assert isinstance(again.steps["step"][0], int)


def test_an_operation_that_does_not_occur_has_no_accuracy_and_still_a_history():
    tracker = MetricsTracker()
    tracker.record(StepRecord(1, 1, 3.0, 0.1, 1.0, 1e-3, 0.01, Validation(2.9, 0.2, (math.nan, 0.0, 0.5, 1.0, 0.25))))
    arrays = tracker.to_arrays()
    assert all(np.isfinite(array).all() for array in arrays.values())
    again = MetricsTracker.from_arrays(arrays).epochs
    assert math.isnan(again["First"][0])
    assert again["Second"] == [0.0]


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
