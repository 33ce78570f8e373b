"""Looks at the validation side between epochs: they cost little, choose nothing, and survive what a run survives."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from tinyformer import TrainingConfig, TransformerConfig, load_checkpoint
from tinyformer.evaluation.evaluate import evaluate
from tinyformer.runs import Run, create_run, looks, train_run
from tinyformer.runs.contents import LOOKS
from tinyformer.task.training_data import prepare_data
from tinyformer.training import Trainer

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16, dropout=0.1)
CONFIG = TrainingConfig(num_examples=2_000, epochs=6, seed=5, batch_size=16, model=TINY)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = create_run(CONFIG, tmp_path_factory.mktemp("looks") / "run")
    train_run(run)
    return run


@pytest.fixture
def run(trained, tmp_path):
    return Run(shutil.copytree(trained.path, tmp_path / "run"))


def test_the_default_training_is_looked_at_often_at_first_for_a_twentieth_of_its_time_at_most():
    asked, steps = looks.plan(total_steps=5_020, batch_size=32, available=502)
    assert asked == 256 and {1, 2, 3, 4, 6, 7, 8} <= steps
    assert sum(step <= 200 for step in steps) > 30 and sum(step > 2_500 for step in steps) <= 9
    for total, batch_size in ((260, 32), (520, 32), (5_020, 32), (100_000, 1), (100_000, 512), (40, 4096)):
        asked, steps = looks.plan(total, batch_size, 502)
        assert len(steps) * (0.2 + asked / (4 * batch_size)) <= 0.05 * total


def test_weights_and_log_are_the_same_bits_with_and_without_looks(run, tmp_path, monkeypatch):
    assert len(run.looks().rows) > 5
    monkeypatch.setattr(looks, "plan", lambda *_: (0, set()))
    without = create_run(CONFIG, tmp_path / "without")
    train_run(without)
    assert not (without.path / LOOKS).exists() and len(without.looks().rows) == 0
    one, other = (load_checkpoint(each.model_path) for each in (run, without))
    assert one.model.vector.tobytes() == other.model.vector.tobytes()
    assert run.status().best_step == without.status().best_step
    assert run.log().steps[:, :5].tobytes() == without.log().steps[:, :5].tobytes()
    assert run.log().epochs.tobytes() == without.log().epochs.tobytes()


def test_a_look_is_what_the_weights_of_its_step_say_to_the_same_part_of_the_validation_side(run):
    validation = prepare_data(CONFIG).validation
    drawn = np.random.default_rng([CONFIG.data_seed, 3]).permutation(len(validation.targets))
    seen, trainer = run.looks(), Trainer(CONFIG)
    by_step = dict(zip(seen.column("step"), seen.rows, strict=True))
    for record in trainer.records():
        if record.step in (1, 8, 64, 128):
            asked = evaluate(trainer.model, validation.take(np.sort(drawn[: int(by_step[record.step][1])])))
            assert by_step[record.step][2:4].tolist() == [asked.loss, asked.accuracy]


def test_a_run_that_is_paused_and_resumed_has_the_looks_of_one_that_was_not(run, tmp_path):
    other = create_run(CONFIG, tmp_path / "other")
    count = iter(range(10_000))
    while train_run(other, wish=lambda: "pause" if next(count) % 3 == 2 else None).state == "paused":
        with open(other.path / LOOKS, "ab") as file:
            file.write(np.array([[10_000.0, 9, 9, 0.9, *[0.9] * 5]]).tobytes() + b"half")  # ahead of the state
    assert other.looks().rows.tobytes() == run.looks().rows.tobytes()


@pytest.mark.parametrize("change", [(0, -1), (0, 0.5), (2, np.nan), (2, np.inf), (3, 1.5), (5, -0.1)])
def test_from_what_cannot_be_a_look_on_nothing_is_read(run, change):
    rows = run.looks().rows.copy()
    rows[4, change[0]] = change[1]
    (run.path / LOOKS).write_bytes(rows.tobytes())
    assert len(run.looks().rows) == 4


def test_a_run_of_before_has_none_and_its_looks_go_with_a_run(run):
    assert (run.path / LOOKS).exists()
    run.delete()
    assert not run.path.exists()
    assert len(looks.read_looks(run.path).rows) == 0


def test_seeds_are_asked_the_same_expressions(tmp_path):
    trainers = [Trainer(replace(CONFIG, seed=seed)) for seed in (1, 2)]
    (tmp_path / "a").mkdir()
    one, other = (looks.Looks(tmp_path / "a", trainer).sample for trainer in trainers)
    assert one.tokens.tobytes() == other.tokens.tobytes()
