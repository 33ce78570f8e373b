"""Runs: killed at any moment and resumed they end bit for bit the same; nothing half-written is ever read."""

import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tinyformer import TrainingConfig, Transformer, TransformerConfig, load_checkpoint
from tinyformer.checkpoints.array_file import write_arrays
from tinyformer.runs import Run, RunError, RunLocked, create_run, find_run, list_runs, lock, new_run_id, train_run
from tinyformer.runs.snapshots import snapshot_steps
from tinyformer.runs.status import RunStatus, write_status
from tinyformer.training import Trainer

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
CONFIG = TrainingConfig(num_examples=600, epochs=4, learning_rate=3e-3, warmup_steps=5, model=TINY)  # 64 steps or so
WORKER = """
import sys, time
from tinyformer.runs import Run, train_run, training
from pathlib import Path
training.STATE_SECONDS, training.FLUSH_SECONDS = 0.03, 0.01
train_run(Run(Path(sys.argv[1])), on_record=lambda record: time.sleep(float(sys.argv[2])))
"""


def start_worker(run, pause_per_step=0.0, **options):
    command = [sys.executable, "-c", WORKER, str(run.path), str(pause_per_step)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)


def wait_until(condition, seconds=20):
    patient_until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patient_until, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def run(tmp_path):
    return create_run(CONFIG, tmp_path / "run")


@pytest.fixture(scope="module")
def uninterrupted():
    trainer = Trainer(CONFIG)
    losses = [record.loss for record in trainer.records()]
    return trainer, losses


def weights(run):
    return load_checkpoint(run.model_path).model.vector


def test_a_run_ends_with_the_weights_of_a_plain_training(run, uninterrupted):
    trainer, losses = uninterrupted
    status = train_run(run)
    assert status.state == run.status().state == "finished"
    np.testing.assert_array_equal(weights(run), trainer.best_vector)
    assert run.log().step_column("loss").tolist() == losses
    assert load_checkpoint(run.model_path).history.steps["loss"] == losses
    assert len(run.log().epochs) == CONFIG.epochs
    assert status.test_total == load_checkpoint(run.model_path).metadata["test"]["total"]


@pytest.mark.slow
def test_paused_at_every_third_step_it_ends_the_same(run, uninterrupted):
    trainer, losses = uninterrupted
    while run.status().state != "finished":
        taken = []
        wish = lambda taken=taken: "pause" if len(taken) >= 3 else None  # noqa: E731
        train_run(run, wish=wish, on_record=lambda record, taken=taken: (taken.append(record), time.sleep(0.04)))
    np.testing.assert_array_equal(weights(run), trainer.best_vector)
    assert run.log().step_column("loss").tolist() == losses


@pytest.mark.parametrize("optimizer, dropout", [("sgd", 0.0), ("adam", 0.2)])
def test_momentum_and_dropout_survive_a_pause(tmp_path, optimizer, dropout):
    model = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16, dropout=dropout)
    config = TrainingConfig(num_examples=300, epochs=2, optimizer=optimizer, model=model)
    whole, parts = create_run(config, tmp_path / "whole"), create_run(config, tmp_path / "parts")
    train_run(whole)
    train_run(parts, wish=lambda: "pause")
    assert parts.status().state == "paused" and 0 < parts.log().step < whole.log().step
    train_run(parts)
    np.testing.assert_array_equal(weights(parts), weights(whole))


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_the_same(run, uninterrupted):
    trainer, losses = uninterrupted
    chance, kills = random.Random(4), 0
    while run.status().state != "finished":
        worker = start_worker(run, 0.03)
        before = run.log().step
        wait_until(lambda before=before, worker=worker: run.log().step > before or worker.poll() is not None)
        time.sleep(chance.uniform(0, 0.15))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stderr.close()
        kills += 1
    assert kills > 2, "it was never killed in the middle"
    np.testing.assert_array_equal(weights(run), trainer.best_vector)
    assert run.log().step_column("loss").tolist() == losses


def test_a_killed_run_is_paused_and_a_trained_one_is_running(run):
    worker = start_worker(run, 0.05)
    wait_until(lambda: run.log().step > 1)
    assert run.status().state == "running"
    worker.kill()
    worker.wait()
    worker.stderr.close()
    assert run.status().state == "paused"


def test_two_processes_cannot_train_the_same_run(run):
    worker = start_worker(run, 0.05)
    wait_until(lambda: run.status().state == "running")
    with pytest.raises(RunLocked, match="run is being trained by another process"):
        train_run(run)
    with pytest.raises(RunLocked):
        run.delete()
    assert run.path.is_dir()
    worker.kill()
    worker.wait()
    worker.stderr.close()


def test_looking_whether_it_runs_keeps_nobody_from_starting_it(run):
    for _ in range(50):
        assert not lock.is_held(run.path / "lock")
    with lock.hold(run.path / "lock"):
        assert lock.is_held(run.path / "lock")
    assert not lock.is_held(run.path / "lock")


def test_half_a_row_at_the_end_of_the_log_is_not_read_and_is_cut(run, uninterrupted):
    train_run(run, wish=lambda: "pause")
    whole_rows = run.log().step
    for name in ("steps.f64", "epochs.f64"):
        with open(run.path / name, "ab") as file:
            file.write(b"\x01" * 21)
    assert run.log().step == whole_rows
    train_run(run)
    assert run.log().step_column("loss").tolist() == uninterrupted[1]


def test_zeros_at_the_end_of_the_log_are_no_steps(run):
    train_run(run, wish=lambda: "pause")
    whole_rows = run.log().step
    with open(run.path / "steps.f64", "ab") as file:
        file.write(bytes(480))
    assert run.log().step == whole_rows


def test_stop_finalizes_with_the_best_weights_so_far(run):
    worker = start_worker(run, 0.02)
    wait_until(lambda: len(run.log().epochs) >= 1)
    run.request("stop")
    asked = time.monotonic()
    worker.wait(10)
    worker.stderr.close()
    assert time.monotonic() - asked < 1.0
    status = run.status()
    assert status.state == "stopped" and 0 < status.best_step < status.total_steps and status.test_total > 0
    assert status.best_accuracy >= run.log().epoch_column("accuracy").max()  # stopped within an epoch, it may be better
    assert load_checkpoint(run.model_path).metadata["step"] == status.best_step
    with pytest.raises(RunError, match="stopped: there is nothing to resume"):
        train_run(run)


def test_a_paused_run_is_stopped_without_training_on(run):
    train_run(run, wish=lambda: "pause")
    steps = run.log().step
    run.request("stop")
    assert train_run(run).state == "stopped"
    assert run.log().step == steps and run.model_path.is_file()


def test_a_pause_meant_for_the_process_before_does_not_hold_up_the_next(run):
    run.request("pause")
    assert train_run(run).state == "finished"


def test_divergence_says_where_and_keeps_the_last_good_state(tmp_path):
    config = TrainingConfig(num_examples=600, learning_rate=1e6, optimizer="sgd", clip_norm=None, schedule="constant")
    run = create_run(config, tmp_path / "run")
    status = train_run(run)
    assert status.state == run.status().state == "diverged" and "diverged at step" in status.reason
    assert (run.path / "state.npz").is_file()


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="limits on file size are a Unix thing")
def test_on_a_full_disk_it_stops_says_so_and_can_be_resumed(run, uninterrupted):
    def no_file_above_two_thousand_bytes():  # the log gets there at step 42; states and snapshots are larger already
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    train_run(run, wish=lambda: "pause")
    state = (run.path / "state.npz").read_bytes()
    worker = start_worker(run, preexec_fn=no_file_above_two_thousand_bytes)
    _, complaint = worker.communicate(timeout=30)
    assert worker.returncode != 0 and "File too large" in complaint
    assert run.status().state == "failed" and "File too large" in run.status().reason
    assert (run.path / "state.npz").read_bytes() == state
    assert not list(run.path.glob(".*partial"))
    train_run(run)
    np.testing.assert_array_equal(weights(run), uninterrupted[0].best_vector)


DAMAGE = {
    "no configuration": lambda path: (path / "config.json").unlink(),
    "half a configuration": lambda path: (path / "config.json").write_text('{"format": "tinyformer run", "ver'),
    "a configuration that is none": lambda path: (path / "config.json").write_text("[1, 2]"),
    "status that is no status": lambda path: (path / "status.json").write_text('{"state": "on holiday"}'),
}


@pytest.mark.parametrize("harm", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_directory_is_named_as_such_and_the_others_are_listed(tmp_path, harm):
    good, bad = create_run(CONFIG, tmp_path / "good"), create_run(CONFIG, tmp_path / "bad")
    train_run(bad, wish=lambda: "pause")
    harm(bad.path)
    states = {run.id: run.status() for run in list_runs(tmp_path)}
    assert states["good"].state == "queued"
    assert states["bad"].state == "damaged" and "bad is damaged" in states["bad"].reason
    with pytest.raises(RunError, match="bad is damaged"):
        train_run(Run(bad.path))
    assert good.status().state == "queued"


@pytest.mark.parametrize("what", ["truncated", "other configuration", "absurd step", "log too short"])
def test_a_damaged_state_is_refused_in_one_line(run, what):
    train_run(run, wish=lambda: "pause")
    state = run.path / "state.npz"
    if what == "truncated":
        state.write_bytes(state.read_bytes()[:1_000])
    elif what == "log too short":
        (run.path / "steps.f64").write_bytes(b"")
    else:
        step = 10**9 if what == "absurd step" else 1
        config = TrainingConfig() if what == "other configuration" else CONFIG
        counters = {"format": "tinyformer run state", "version": 1, "config": config.to_dict(), "step": step}
        write_arrays(state, {**counters, "best_step": 0, "best_score": [0.0, 0.0]}, {})
    with pytest.raises(RunError, match="run is damaged") as refusal:
        train_run(run)
    assert "\n" not in str(refusal.value)


def test_an_existing_folder_is_not_overwritten(run):
    with pytest.raises(RunError, match="already"):
        create_run(CONFIG, run.path)


def test_a_run_appears_whole_and_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "runs"))
    run = create_run(CONFIG, owner="somebody", label="one head")
    assert [found.id for found in list_runs()] == [run.id]
    again = find_run(run.id)
    assert again.config == CONFIG and again.owner == "somebody" and again.label == "one head"
    assert find_run(run.path).config == CONFIG
    run.delete()
    assert list_runs() == [] and list((tmp_path / "runs").iterdir()) == []
    for name in (run.id, "../runs", ".."):
        with pytest.raises(RunError):
            found = find_run(name)
            assert found.config


def test_run_ids_cannot_be_guessed_and_are_no_options():
    names = {new_run_id() for _ in range(1000)}
    assert len(names) == 1000 and all(len(name) == 16 and name[0].isalnum() for name in names)


def test_snapshots_are_log_spaced_and_are_the_weights_of_their_step(run, uninterrupted):
    train_run(run)
    total = run.status().total_steps
    assert run.snapshot_steps() == sorted(snapshot_steps(total)) and run.snapshot_steps()[-1] == total
    assert len(snapshot_steps(5_000)) < 30
    np.testing.assert_array_equal(run.snapshot(0).vector, Transformer(CONFIG.model, seed=CONFIG.seed).vector)
    np.testing.assert_array_equal(run.snapshot(total).vector, uninterrupted[0].model.vector)
    with pytest.raises(RunError, match="no usable snapshot of step 5"):
        run.snapshot(5)


def test_the_status_fits_into_what_is_reserved_for_a_full_disk(run):
    write_status(run.path, RunStatus("failed", "x" * 5_000, 10**7, 10**6, 10**7, 0.123456789, 10**5, 10**5))
    assert (run.path / "status.json").stat().st_size == 2048
    assert run.status().state == "failed"


def test_the_folder_of_runs_is_not_the_source_tree(monkeypatch):
    for name in ("TINYFORMER_RUNS", "TINYFORMER_DATA"):
        monkeypatch.delenv(name, raising=False)
    from tinyformer.runs import runs_folder

    assert not runs_folder().resolve().is_relative_to(Path(__file__).resolve().parents[2])


def test_a_run_is_a_value(run):
    assert Run(run.path) == run


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
