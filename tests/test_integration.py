"""From expressions to answers: the public names together, a training from end to end, and the models that ship."""

import math
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import tinyformer
from tinyformer import (
    Adam,
    CrossEntropyLoss,
    MetricsTracker,
    Trainer,
    TrainingConfig,
    Transformer,
    accuracy_per_operation,
    create_batch,
    evaluate,
    expression_space,
    generate_tokenized_dataset,
    load_checkpoint,
    parse_expression,
    split_dataset,
    tokenize,
    train_step,
)
from tinyformer.runs.finish import save_trained
from tinyformer.task.datasets import SIDES

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted((ROOT / "checkpoints").glob("seed-*.npz"))

# These lines run as they stand: the interface that others write programs against.
PUBLIC_LINES = """
from tinyformer import (generate_tokenized_dataset, split_dataset, create_batch, Transformer, CrossEntropyLoss, SGD, Adam,
                        train_step, evaluate, MetricsTracker, ModelCheckpoint, load_checkpoint, parse_expression,
                        tokenize, detokenize, extract_attention_weights)
dataset = generate_tokenized_dataset(10_000, num_args=3, max_value=9, seed=42)      # [(token ids, answer id), …]
train_data, val_data, test_data = split_dataset(dataset)
model = Transformer(vocab_size=20, embed_dim=64, num_heads=4, num_layers=2, ffn_dim=256, max_seq_len=50, seed=42)
loss_fn = CrossEntropyLoss()
optimizer = Adam(model.get_parameters, learning_rate=0.001)
inputs, targets, mask = create_batch(train_data[:32])
loss, accuracy = train_step(model, inputs, targets, loss_fn, optimizer, mask=mask)
tracker = MetricsTracker()
path = ModelCheckpoint("checkpoints/").save(model, optimizer, tracker, epoch=0)
probabilities = load_checkpoint(path).model.predict(inputs, mask=mask)              # (32, 20), rows sum to 1
names = list(model.named_parameters())                                              # dotted names → arrays
attention = extract_attention_weights(model, inputs, mask=mask)                     # (2, 32, 4, T, T)
"""  # noqa: E501


def test_the_public_lines_run_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(PUBLIC_LINES, names)
    assert len(names["dataset"]) == 10_000
    assert sum(map(len, (names["train_data"], names["val_data"], names["test_data"]))) == 10_000
    assert names["inputs"].shape == names["mask"].shape == (32, 6)
    assert 0 < names["loss"] < 10
    assert 0 <= names["accuracy"] <= 1
    assert Path(names["path"]).resolve().parent == tmp_path / "checkpoints"
    assert names["probabilities"].shape == (32, 20)
    np.testing.assert_allclose(names["probabilities"].sum(axis=1), 1, rtol=1e-5)
    assert np.array_equal(names["probabilities"], names["model"].predict(names["inputs"], mask=names["mask"]))
    assert "blocks.0.attention.qkv.weight" in names["names"]
    assert names["attention"].shape == (2, 32, 4, 6, 6)
    np.testing.assert_allclose(names["attention"].sum(axis=-1), 1, rtol=1e-5)


def test_everything_public_is_there():
    assert all(hasattr(tinyformer, name) for name in tinyformer.__all__)
    assert len(set(tinyformer.__all__)) == len(tinyformer.__all__)


def test_numpy_computes_in_one_thread_whoever_was_imported_first():
    """Two threads on small products are 10 to 60 times slower at times, and round otherwise."""
    script = """if True:
        import {}, {}
        import ctypes, numpy
        library = ctypes.CDLL(numpy._core._multiarray_umath.__file__)
        print(getattr(library, "scipy_openblas_get_num_threads64_", lambda: "another BLAS")())
    """
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    environment["PYTHONPATH"] = str(ROOT)

    def threads(first, second, **more):
        command = [sys.executable, "-c", script.format(first, second)]
        return subprocess.run(
            command, env=environment | more, check=True, capture_output=True, text=True
        ).stdout.strip()

    numpy_first = threads("numpy", "tinyformer")
    if numpy_first == "another BLAS":
        pytest.skip("NumPy's BLAS here is not OpenBLAS")
    assert numpy_first == threads("tinyformer", "numpy") == "1"
    assert threads("numpy", "tinyformer", OPENBLAS_NUM_THREADS="2") == "2"  # whoever asks for it gets it


@pytest.mark.parametrize("settings", [{}, {"norm": "pre"}, {"pooling": "mean"}], ids=str)
def test_within_60_steps_the_loss_falls_from_that_of_a_guess_to_below_1_17(settings):
    """At 60 steps of 32 the default model has left the even guess, ln 20 ≈ 3.0, and the mode per operation behind."""
    train_data, validation, _ = split_dataset(generate_tokenized_dataset(10_000, seed=42))
    model, loss_fn = Transformer(seed=42, **settings), CrossEntropyLoss()
    optimizer = Adam(model.get_parameters, learning_rate=1e-3)
    assert math.log(20) - 0.2 < evaluate(model, validation[:200]).loss < math.log(20) + 1.2
    losses = []
    for step in range(60):
        inputs, targets, mask = create_batch(train_data[32 * step : 32 * step + 32])
        losses.append(train_step(model, inputs, targets, loss_fn, optimizer, mask=mask)[0])
    assert np.mean(losses[-10:]) < 1.17
    assert evaluate(model, validation[:200]).loss < 1.17  # not only on what it has seen


def test_a_training_from_end_to_end(tmp_path):
    trainer, tracker = Trainer(TrainingConfig(num_examples=1000, epochs=3)), MetricsTracker()
    for record in trainer.records():
        tracker.record(record)
    path, test = save_trained(tmp_path / "mine.npz", trainer, tracker)
    assert test.accuracy > 0.5
    loaded = load_checkpoint(path)
    assert loaded.training == trainer.config
    assert loaded.metadata["test"]["total"] == len(trainer.data.test.targets)
    assert loaded.metadata["test"]["accuracy"] == evaluate(loaded.model, trainer.data.test).accuracy == test.accuracy
    assert loaded.history.epochs["accuracy"] == tracker.epochs["accuracy"]
    answered = loaded.model.predict([tokenize("Max ( 5 3 9 )")])
    assert answered.shape == (1, 20)


def test_the_command_line_and_the_library_train_the_same_model_bit_for_bit(tmp_path):
    """A small one of the kind that ships: once in a process of its own, as a person types it, once here."""
    command = [sys.executable, "-m", "tinyformer", "train", "--size", "small", "--epochs", "2", "--seed", "42"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*command, "--no-interactive", "--output", str(tmp_path)],
        env=environment, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    typed = load_checkpoint(tmp_path / "seed-42.npz")
    trainer, tracker = Trainer(TrainingConfig(num_examples=1000, epochs=2, seed=42)), MetricsTracker()
    for record in trainer.records():
        tracker.record(record)
    here = load_checkpoint(save_trained(tmp_path / "here.npz", trainer, tracker)[0])
    assert typed.model.vector.tobytes() == here.model.vector.tobytes()
    assert typed.training == here.training
    assert typed.history.epochs == here.history.epochs
    for column in ("step", "loss", "accuracy", "gradient_norm", "learning_rate"):  # seconds are another matter
        assert typed.history.steps[column] == here.history.steps[column]
    assert typed.metadata["test"] == here.metadata["test"]


# The models that ship


def test_three_seeds_ship():
    assert {"seed-42.npz", "seed-123.npz", "seed-7.npz"} <= {path.name for path in SHIPPED}


@pytest.fixture(scope="module", params=SHIPPED, ids=lambda path: path.stem)
def shipped(request):
    return load_checkpoint(request.param)


def test_a_shipped_model_is_what_its_file_says(shipped):
    assert shipped.config.num_parameters == 102_548
    assert shipped.training.num_examples == 10_000
    assert shipped.training.epochs == 20
    assert shipped.name == f"seed-{shipped.training.seed}"
    assert shipped.training.data_seed == TrainingConfig().data_seed  # compared on the same held-out set
    assert len(shipped.history.epochs["epoch"]) == 20


def test_a_shipped_model_knows_the_whole_space(shipped):
    space = expression_space(3, shipped.training.data_seed, shipped.training.shares)
    whole = evaluate(shipped.model, space)
    test = whole.select(space.sides == SIDES.index("test"))
    assert (~test.correct).sum() <= 2
    assert whole.accuracy >= 0.998
    assert min(row.accuracy for row in accuracy_per_operation(whole)) >= 0.97
    assert shipped.metadata["test"]["total"] == len(test)
    assert shipped.metadata["test"]["correct"] == test.correct.sum()


def test_a_shipped_model_answers(shipped):
    for text in ("Max(5,3,9)", "min 5 3 9", "First ( 5 3 9 )", "SECOND 5 3 9", "last(5, 3, 9)"):
        expression = parse_expression(text)
        probabilities = shipped.model.predict([expression.tokens])
        assert probabilities[0].argmax() == expression.answer_token
        assert probabilities[0].max() > 0.9


def test_a_shipped_model_begins_as_training_it_anew_begins(shipped):
    trainer = Trainer(shipped.training)
    records = list(islice(trainer.records(), 10))
    losses = [record.loss for record in records]
    np.testing.assert_allclose(
        losses, shipped.history.steps["loss"][:10], rtol=1e-3
    )  # other processors, see test_training


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
