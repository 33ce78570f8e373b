"""Nothing half-written after kills, nothing false shown: small versions of two benchmarks, and the cases by name."""

import os
import random
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyformer import TrainingConfig, TransformerConfig, load_checkpoint
from tinyformer.checkpoints.array_file import read_arrays, write_arrays
from tinyformer.cli import main
from tinyformer.metrics import STEP_COLUMNS
from tinyformer.runs import Run, RunError, create_run, list_runs, train_run
from tinyformer.runs.contents import EPOCHS, STATE, STEPS
from tinyformer.runs.log_reader import LogReader
from tinyformer.runs.log_writer import LogWriter
from tinyformer.runs.state import read_vouch
from tinyformer.runs.vouching import Digests
from tinyformer.training import Trainer

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
CONFIG = TrainingConfig(num_examples=1_600, epochs=5, model=TINY)  # 195 steps or so


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes that kill themselves are forked")
def test_killed_at_file_operations_runs_end_the_same_and_leave_nothing(tmp_path):
    killed_at_operations = runpy.run_path(str(BENCHMARKS / "kill_anything.py"))["killed_at_operations"]
    kills, right = killed_at_operations(5, random.Random(3), tmp_path)
    assert kills > 6 and right == 5


@pytest.mark.slow
def test_nothing_altered_is_shown_as_confirmed(tmp_path):
    wrong, counts = runpy.run_path(str(BENCHMARKS / "altered_runs.py"))["altered_runs"](60, random.Random(4), tmp_path)
    assert wrong == [] and sum(n for how, n in counts.items() if how.startswith("said at once")) > 20


def paused(path, steps=150):
    run, taken = create_run(CONFIG, path), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tinyformer.runs.training.FLUSH_SECONDS", 0)  # asked after each step, on any machine
        train_run(run, lambda: "pause" if len(taken) >= steps else None, taken.append)
    assert run.log().step == steps
    return run


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return paused(tmp_path_factory.mktemp("original") / "run")


@pytest.fixture
def run(original, tmp_path):
    return Run(Path(shutil.copytree(original.path, tmp_path / "run")))


@pytest.fixture(scope="module")
def uninterrupted():
    trainer = Trainer(CONFIG)
    return trainer, [record.loss for record in trainer.records()]


def change(path, place, content):
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(content)


def test_what_the_last_state_vouches_for_is_confirmed_and_what_follows_is_not(run):
    log = run.log()
    assert log.step > 128 and log.confirmed == log.step and log.vouched.all() and log.epochs_vouched.all()
    row = np.array([[log.step + 1, 2.5, 0.5, 1.0, 0.001, 0.01]])
    with open(run.path / "steps.f64", "ab") as file:
        file.write(row.tobytes())
    later = run.log()
    assert (later.step, later.confirmed, later.problem) == (log.step + 1, log.step, "")
    assert later.vouched.tolist() == [True] * log.step + [False] and (log.unconfirmed, later.unconfirmed) == (0, 1)


def test_a_byte_that_was_altered_costs_its_stretch_of_the_log_and_not_the_training(run, uninterrupted, capsys):
    trainer, losses = uninterrupted
    change(run.path / "steps.f64", 70 * 48 + 9, b"\x55")  # in the row of step 71
    log = run.log()
    assert "64 steps of its log, from 65 to 128, are left out" in log.problem
    assert np.isnan(log.step_column("loss")[64:128]).all() and not np.isnan(log.step_column("loss")[:64]).any()
    assert log.step_column("step").tolist() == list(range(1, log.step + 1)) and log.confirmed == log.step - 64
    seen = LogReader().look(run.path)  # what the pages draw has the same gap
    assert (seen.problem, seen.unconfirmed, seen.step) == (log.problem, log.unconfirmed, log.step)
    ends, losses_drawn = seen.step_curve("loss", 10_000)
    whole = [np.isnan(log.step_column("loss")[start:end]).any()
             for start, end in zip([0, *ends[:-1]], ends, strict=True)]  # fmt: skip
    assert np.isnan(losses_drawn).tolist() == whole and np.isfinite(seen.seconds) and seen.pace > 0
    assert main(["train", "--resume", str(run.path)]) == 0
    assert "warning: 64 steps of its log" in capsys.readouterr().err
    np.testing.assert_array_equal(load_checkpoint(run.model_path).model.vector, trainer.best_vector)
    expected = np.array(losses)
    expected[64:128] = np.nan
    log = run.log()
    np.testing.assert_array_equal(log.step_column("loss"), expected)
    np.testing.assert_array_equal(load_checkpoint(run.model_path).history.steps["loss"], expected)
    assert "from 65 to 128" in log.problem and log.confirmed == trainer.total_steps  # that they are lost is confirmed


def test_a_validation_that_was_altered_is_left_out_and_stays_out(run):
    epochs = len(run.log().epochs)
    change(run.path / "epochs.f64", 72 + 24, np.float64(1.0).tobytes())  # the accuracy of epoch 2
    log = run.log()
    assert log.epoch_column("epoch").tolist() == [1, *range(3, epochs + 1)]
    assert f"1 of its {epochs} validations are left out" in log.problem
    train_run(run)
    assert run.log().epoch_column("epoch").tolist() == [1, 3, 4, 5] and "1 of its 5" in run.log().problem


def test_a_log_that_was_cut_is_said_and_one_that_is_gone_stops_nobody(run, uninterrupted):
    step = run.log().step
    os.truncate(run.path / "steps.f64", 100 * 48 + 5)
    assert f"its log ends at step 100, its state is that after step {step}" in run.log().problem
    with pytest.raises(RunError, match=r"is damaged: its log ends at step 100.*take steps.f64 and epochs.f64 away"):
        train_run(run)
    (run.path / "steps.f64").unlink()
    (run.path / "epochs.f64").unlink()
    assert train_run(run).state == "finished"
    losses = run.log().step_column("loss")
    assert np.isnan(losses[:step]).all() and losses[step:].tolist() == uninterrupted[1][step:]


def test_runs_of_before_open_and_resume_and_are_vouched_for_from_then_on(run, uninterrupted):
    state, step, epochs = run.path / "state.npz", run.log().step, len(run.log().epochs)
    everything = {f"optimizer.{i}": ((None,), ("float32",)) for i in range(2)}
    everything |= {name: ((None,), ("float32",)) for name in ("parameters", "best")}
    counters, arrays = read_arrays(state, lambda counters: everything)
    counters.pop("vouches")
    write_arrays(state, counters, arrays)  # as version 1.0 wrote it
    log = run.log()
    assert (log.step, log.confirmed, log.problem, len(log.epochs)) == (step, 0, "", epochs)
    assert train_run(run).state == "finished"
    log = run.log()
    assert log.step_column("loss").tolist() == uninterrupted[1] and log.problem == ""
    before = -(-step // 64) * 64  # whole stretches of 64
    assert log.vouched.tolist() == [False] * before + [True] * (log.step - before)
    assert log.epochs_vouched.tolist() == [False] * epochs + [True] * (5 - epochs)


def test_a_snapshot_under_another_step_or_from_another_run_is_refused(run, tmp_path):
    other = paused(tmp_path / "other", 10)
    other_seed = create_run(TrainingConfig(num_examples=1_600, epochs=5, seed=1, model=TINY), tmp_path / "seed")
    train_run(other_seed, wish=lambda: "pause")
    shutil.copy(run.path / "snapshots/00000001.npz", run.path / "snapshots/00000002.npz")
    with pytest.raises(RunError, match=r"no usable snapshot of step 2: .*it is that of step 1"):
        run.snapshot(2)
    shutil.copy(other_seed.path / "snapshots/00000000.npz", run.path / "snapshots/00000000.npz")
    with pytest.raises(RunError, match=r"no usable snapshot of step 0: .*another configuration"):
        run.snapshot(0)
    assert other.snapshot(2).config == TINY
    for name in ("²²²²²²²².npz", "٠٠٠٠٠٠٠٥.npz", "notes.npz"):
        (run.path / "snapshots" / name).write_bytes(b"")
    assert {0, 1, 2, 3} < set(run.snapshot_steps())


def test_digests_do_not_depend_on_the_pieces_in_which_rows_come(tmp_path):
    rows, chance = np.random.default_rng(0).normal(size=(1_000, 6)), random.Random(0)
    whole, pieces = Digests(64 * 48), Digests(64 * 48)
    whole.add(rows.tobytes())
    left = rows.tobytes()
    while left:
        length = 48 * chance.randint(1, 200)
        pieces.add(left[:length])
        left = left[length:]
    assert whole.all().tolist() == pieces.all().tolist() and len(set(whole.all().tolist())) == 16
    assert isinstance(LogWriter, type) and read_vouch(tmp_path).steps.size == 0


# --- one damaged file takes nothing else away


def lie(name, **values):
    """Put these values into a JSON file of a run; text is put in as it is."""

    def put(path):
        import json

        now = json.loads((path / name).read_bytes())
        text = json.dumps({**now, **values, **({"check": None} if name == "status.json" else {})})
        (path / name).write_text(text.replace('"HUGE"', "9" * 400).replace('"LONGER"', "9" * 5_000))

    return put


def lie_in_settings(**settings):
    config = {**CONFIG.to_dict(), **settings}
    return lie("config.json", config=config)


def folder_at(name):
    def put(path):
        (path / name).unlink(missing_ok=True)
        (path / name).mkdir()

    return put


LIES = {
    "created is a text": lie("config.json", created="yesterday"),
    "created is nan": lie("config.json", created=float("nan")),
    "created has 400 digits": lie("config.json", created="HUGE"),
    "created lies beyond all calendars": lie("config.json", created=1e15),
    "created lies before all calendars": lie("config.json", created=-1e15),
    "created is nothing": lie("config.json", created=None),
    "created is true": lie("config.json", created=True),
    "the owner is a number": lie("config.json", owner=5),
    "the owner is a list": lie("config.json", owner=["me"]),
    "the label is a table": lie("config.json", label={"a": 1}),
    "the version is a list": lie("config.json", version=[1]),
    "a learning rate of 400 digits": lie_in_settings(learning_rate="HUGE"),
    "a weight decay of 400 digits": lie_in_settings(weight_decay="HUGE"),
    "more digits than Python reads": lie_in_settings(learning_rate="LONGER"),
    "the model is a number": lie_in_settings(model=5),
    "shares that are a number": lie_in_settings(shares=5),
    "the configuration is too deep": lambda path: (path / "config.json").write_text("[" * 100_000),
    "the configuration is too long": lambda path: (path / "config.json").write_text(" " * 2_000_000),
    "the configuration is no text": lambda path: (path / "config.json").write_bytes(b"\xff\xfe\x00"),
    "the configuration is a folder": folder_at("config.json"),
    "the lock is a folder": folder_at("lock"),
    "the status is a folder": folder_at("status.json"),
    "the log is a folder": folder_at("steps.f64"),
    "the state is a folder": folder_at("state.npz"),
    "a request is a folder": folder_at("request"),
    "the lock is a link": lambda path: ((path / "lock").unlink(), (path / "lock").symlink_to("config.json")),
    "total steps of 400 digits": lie("status.json", total_steps="HUGE"),
    "total steps below 0": lie("status.json", total_steps=-5),
    "total steps that are nan": lie("status.json", total_steps=float("nan")),
    "total steps that are true": lie("status.json", total_steps=True),
    "steps of an epoch that are a text": lie("status.json", steps_per_epoch="many"),
    "a best step after the last": lie("status.json", best_step=10**6),
    "a best accuracy above 1": lie("status.json", best_accuracy=1.5),
    "a best accuracy that is nan": lie("status.json", best_accuracy=float("nan")),
    "a best accuracy that is a text": lie("status.json", best_accuracy="99 %"),
    "more right than there are": lie("status.json", test_correct=6, test_total=5),
    "right of nothing": lie("status.json", test_correct=6),
    "right below 0": lie("status.json", test_correct=-6, test_total=5),
    "a reason that is a list": lie("status.json", reason=["because"]),
    "a reason as long as a book": lie("status.json", reason="x" * 10_000),
    "a state that is a list": lie("status.json", state=["paused"]),
    "a status that is too deep": lambda path: (path / "status.json").write_text('{"state":' * 50_000),
    "a status that was altered": lambda path: change(path / "status.json", 11, b"failed"),
}


@pytest.mark.parametrize("harm", LIES.values(), ids=LIES)
def test_a_file_that_lies_makes_its_run_a_damaged_one_and_the_others_stay(run, harm, monkeypatch, capsys):
    monkeypatch.setenv("TINYFORMER_RUNS", str(run.path.parent))
    create_run(CONFIG, run.path.parent / "good")
    harm(run.path)
    status = Run(run.path).status()
    assert status.state == "damaged" and status.reason.startswith("run is damaged: ")
    assert "\n" not in status.reason and len(status.reason) < 500
    assert {found.id: found.status().state for found in list_runs()} == {"run": "damaged", "good": "queued"}
    assert main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("damaged" in line for line in lines) == 1 and any(line.startswith("good  ") for line in lines)
    assert main(["train", "--resume", "run"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# --- what is said to be there is there


def test_when_the_folder_is_gone_nothing_is_said_to_be_intact(run, capsys, monkeypatch):
    def take_it_away(record):
        shutil.rmtree(run.path, ignore_errors=True)

    with pytest.raises(OSError):
        train_run(run, on_record=take_it_away)
    assert not run.path.exists()


@pytest.mark.parametrize("what", ["gone", "no state", "a state", "a damaged state"])
def test_a_failure_says_what_is_on_the_disk(run, what, capsys, monkeypatch):
    step = run.log().step

    def fail(*_args, **_options):
        if what == "gone":
            shutil.rmtree(run.path)
        elif what == "no state":
            (run.path / "state.npz").unlink()
        elif what == "a damaged state":
            os.truncate(run.path / "state.npz", 1_000)
        raise OSError(28, "No space left on device", "state.npz")

    monkeypatch.setattr("tinyformer.runs.training.write_state", fail)
    assert main(["train", "--resume", str(run.path)]) == 2
    errors = capsys.readouterr().err
    words = {
        "gone": "Its folder is gone",
        "no state": "No state of it was written yet",
        "a state": f"Its state after step {step} is on the disk",
        "a damaged state": "Its last state cannot be used: run is damaged",
    }
    assert errors.startswith("error: state.npz: No space left on device. ") and words[what] in errors
    assert "intact" not in errors and run.status().state == ("damaged" if what == "gone" else "failed")
    if what != "gone":
        assert words[what] in run.status().reason


def test_a_log_that_ends_between_two_looks_is_then_compared_with_its_state(run, tmp_path):
    """Its last rows and what vouches for them came at once: one look believes them, the next one asks."""
    seen, reader = tmp_path / "seen", LogReader()
    seen.mkdir()
    rows, row = (run.path / STEPS).read_bytes(), 8 * len(STEP_COLUMNS)
    (seen / STEPS).write_bytes(rows[:row])
    assert reader.look(seen).unconfirmed == 1
    with open(seen / STEPS, "ab") as file:
        file.write(rows[row:])
    for name in (EPOCHS, STATE):
        (seen / name).write_bytes((run.path / name).read_bytes())
    reader.look(seen)
    assert reader.look(seen).unconfirmed == 0 and reader.look(seen).step == 150


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
