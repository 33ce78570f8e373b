"""One step under the microscope: Taylor's promise is kept by small steps and broken by large ones."""

import sys

import numpy as np
import pytest

from tinyformer import (
    SGD,
    CrossEntropyLoss,
    Trainer,
    TrainingConfig,
    Transformer,
    create_batch,
    extract_attention_weights,
    train_step,
)
from tinyformer.laboratory.formation import glance, principal_axes, standing
from tinyformer.laboratory.microscope import batch_of, descend, take_step
from tinyformer.task.training_data import Examples, prepare_data

DATA = prepare_data(TrainingConfig(num_examples=400))
BATCH = DATA.train.take(np.arange(32))


@pytest.fixture
def model():
    return Transformer(seed=3)


def test_a_small_step_keeps_the_promise_and_a_large_one_breaks_it(model):
    small = take_step(model, BATCH, 1e-3)
    assert small.predicted_change < 0
    assert small.true_change == pytest.approx(small.predicted_change, rel=0.05)
    large = take_step(model, BATCH, 10.0)
    assert abs(large.true_change - large.predicted_change) > abs(large.predicted_change) / 2


def test_it_is_the_step_that_training_takes(model):
    step = take_step(model, BATCH, 0.05)
    loss_fn = CrossEntropyLoss()
    loss, _ = train_step(model, *BATCH[:2], loss_fn, SGD(model.get_parameters, 0.05), mask=BATCH.mask)
    assert loss == step.loss_before
    np.testing.assert_allclose(step.after, model.predict(BATCH.tokens, BATCH.mask), atol=1e-6)
    assert step.loss_after == pytest.approx(
        loss_fn.forward(model.forward(BATCH.tokens, BATCH.mask)[0], BATCH.targets)[0]
    )


def test_the_model_that_is_looked_at_stays_as_it_is(model):
    before, gradient = model.vector.copy(), model.gradient.copy()
    take_step(model, BATCH, 1.0)
    descend(model, BATCH, [1e-3, 1.0])
    np.testing.assert_array_equal(model.vector, before)
    np.testing.assert_array_equal(model.gradient, gradient)


def test_the_norms_of_the_layers_add_up_to_that_of_the_whole(model):
    step = take_step(model, BATCH, 0.01)
    assert sum(layer.gradient_norm**2 for layer in step.layers) == pytest.approx(
        -step.predicted_change / 0.01, rel=1e-4
    )
    assert sum(layer.weight_norm**2 for layer in step.layers) == pytest.approx(
        np.vdot(model.vector, model.vector), rel=1e-4
    )
    assert {"embedding", "read_out", "blocks.0.attention.qkv"} <= {layer.name for layer in step.layers}


def test_where_the_promise_breaks(model):
    rates = np.geomspace(1e-4, 30, 30)
    descent = descend(model, BATCH, rates)
    at = list(rates).index(descent.breaks_at)
    off = np.abs(descent.true - descent.predicted) / np.abs(descent.predicted)
    assert 0 < at < 29 and off[at - 1] <= 0.5 < off[at]
    assert descend(model, BATCH, [1e-4]).breaks_at is None


def test_a_glance_is_the_answer_and_the_attention_of_the_model(model):
    tokens = BATCH.tokens[0]
    now = glance(model, tokens)
    np.testing.assert_allclose(now.probabilities, model.predict(tokens[None])[0], atol=1e-6)
    np.testing.assert_array_equal(now.first_token, extract_attention_weights(model, tokens)[:, 0, :, 0])


def test_embeddings_are_seen_along_their_widest_directions(model):
    axes = principal_axes(model)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-9)
    now = standing(model, DATA.validation, axes)
    assert now.embedding.shape == (20, 2) and len(now.accuracies) == 5
    embedding = model.named_parameters()["embedding.weight"]
    any_direction = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 1)))[0][:, 0]
    spread = now.embedding.var(axis=0)
    assert spread[0] >= spread[1] > (embedding @ any_direction).var()


def test_the_batch_is_the_one_that_training_took():
    config = TrainingConfig(num_examples=400, epochs=2, seed=5)
    trainer = Trainer(config)
    for record in trainer.records():
        if record.step in (1, 7, trainer.steps_per_epoch, trainer.steps_per_epoch + 2):
            batch = batch_of(config, trainer.data, record.step + 1)
            promised = take_step(trainer.model, batch, 0.1).loss_before
        if record.step - 1 in (1, 7, trainer.steps_per_epoch, trainer.steps_per_epoch + 2):
            assert record.loss == promised


def test_padding_does_not_change_a_step(model):
    examples = [([15, 17, 7, 5, 11, 18], 11), ([16, 17, 7, 5, 18], 5)]
    tokens, targets, mask = create_batch(examples)
    wide = np.pad(tokens, ((0, 0), (0, 3))), targets, np.pad(mask, ((0, 0), (0, 3)))
    narrow, wide = (take_step(model, Examples(*batch), 0.1) for batch in ((tokens, targets, mask), wide))
    assert narrow.true_change == pytest.approx(wide.true_change, abs=1e-5)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
