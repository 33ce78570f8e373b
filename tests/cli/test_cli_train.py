"""`train` on the command line: every setting arrives, nothing is lost or half-written, what cannot end never starts."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from tinyformer import SIZES, MetricsTracker, Trainer, TrainingConfig, TransformerConfig, load_checkpoint
from tinyformer.cli import build_parser, main
from tinyformer.cli.options import command_words, training_config
from tinyformer.runs.finish import save_trained
from tinyformer.sweeps.seeds import parse_seeds

TINY = ["--examples", "300", "--epochs", "2", "--width", "8", "--heads", "2", "--ffn-dim", "8"]
TINY_CONFIG = TrainingConfig(num_examples=300, epochs=2, model=TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8))


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def run(capsys):
    """Run `train` → (exit status, standard output, standard error)."""

    def run(*words):
        status = main(["train", *map(str, words)])
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


def config_of(words):
    return training_config(build_parser().parse_args(["train", *words]))


# --- settings

DIFFERENT = TrainingConfig(
    num_examples=SIZES["small"],
    num_args=(2, 6),
    max_value=8,
    epochs=3,
    batch_size=16,
    learning_rate=0.0123,
    optimizer="sgd",
    momentum=0.5,
    weight_decay=0.25,
    decay_of="all",
    clip_norm=None,
    schedule="constant",
    warmup_steps=7,
    seed=9,
    data_seed=5,
    shares=(0.5, 0.25, 0.25),
    split_by="draw",
    train_limit=200,
    model=TransformerConfig(
        embed_dim=12,
        num_heads=3,
        num_layers=1,
        ffn_dim=20,
        max_seq_len=30,
        norm="pre",
        pooling="mean",
        positions="learned",
        dropout=0.1,
        scale_attention=False,
    ),
    operations=("Max", "Sum", {"name": "Gap", "formula": "max(x) - min(x)"}),
)


def test_nothing_given_is_the_default_configuration():
    assert config_of([]) == TrainingConfig()
    assert command_words(TrainingConfig()) == []


def test_every_setting_has_an_option_and_comes_back_from_it():
    default = TrainingConfig()
    same = {n for n, value in vars(DIFFERENT).items() if value == vars(default)[n]}
    same |= {n for n, value in vars(DIFFERENT.model).items() if value == vars(default.model)[n]}
    assert same == set(), "DIFFERENT is to differ in every setting"
    assert config_of(command_words(DIFFERENT)) == DIFFERENT
    assert "--size" in command_words(DIFFERENT)
    assert "--seed" not in command_words(DIFFERENT, seed=False)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("42,123,7", (42, 123, 7)), ("1-4", (1, 2, 3, 4)), (" 5 , 3-5 ,9", (5, 3, 4, 9)), ("0", (0,)), ("7,7", (7,))],
)
def test_seeds_are_a_list_or_ranges(text, seeds):
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize("text", ["", "1,", "a", "1-", "-3", "5-2", "1.5", "1-2-3", "٣", "0-999999999999", "9" * 30])
def test_what_is_no_list_of_seeds_is_refused(text):
    with pytest.raises(ValueError, match="seeds"):
        parse_seeds(text)


# --- what is written


def test_the_checkpoint_is_the_training_itself(run, tmp_path):
    status, output, errors = run(*TINY, "--seed", 5, "--output", tmp_path / "out")
    written = load_checkpoint(tmp_path / "out" / "seed-5.npz")
    trainer, history = Trainer(replace(TINY_CONFIG, seed=5)), MetricsTracker()
    for record in trainer.records():
        history.record(record)
    _, test = save_trained(tmp_path / "again.npz", trainer, history)
    assert status == 0 and written.training == trainer.config
    assert written.model.vector.tobytes() == trainer.model.vector.tobytes()
    assert written.history.steps["loss"] == history.steps["loss"]
    assert f"{test.correct.sum()} of {len(test)} held-out expressions right" in output
    assert f"written to {tmp_path / 'out' / 'seed-5.npz'}" in output
    assert re.findall(r"^seed 5 epoch (./2) loss", errors, re.M) == ["1/2", "2/2"]  # a line for each epoch
    assert errors.count("\n") == 2


def test_several_seeds_end_with_a_table(run, tmp_path):
    status, output, _ = run(*TINY, "--seeds", "1-2,7", "--output", tmp_path, "--name", "tiny")
    assert status == 0 and sorted(p.name for p in tmp_path.glob("*.npz")) == ["tiny-1.npz", "tiny-2.npz", "tiny-7.npz"]
    side_by_side = output[output.index("Side by side") :]
    assert re.search(r"seed 1 +seed 2 +seed 7", side_by_side)
    rights = [load_checkpoint(tmp_path / f"tiny-{seed}.npz").metadata["test"]["correct"] for seed in (1, 2, 7)]
    assert re.findall(r"(\d+) of \d+", next(x for x in side_by_side.splitlines() if " of " in x)) == list(
        map(str, rights)
    )


def test_the_same_training_replaces_its_own_file_and_no_other(run, tmp_path):
    assert run(*TINY, "--output", tmp_path)[0] == 0
    path = tmp_path / "seed-42.npz"
    before = path.read_bytes()
    assert run(*TINY, "--output", tmp_path)[0] == 0
    status, _, errors = run(*TINY, "--epochs", 1, "--output", tmp_path)
    assert (status, errors.count("\n")) == (2, 1) and "trained with other settings" in errors
    assert load_checkpoint(path).model.vector.tobytes() in before
    assert run(*TINY, "--epochs", 1, "--output", tmp_path, "--overwrite")[0] == 0
    assert load_checkpoint(path).training.epochs == 1


def test_a_file_that_is_no_model_is_not_replaced(run, tmp_path):
    (tmp_path / "seed-42.npz").write_text("my notes")
    assert run(*TINY, "--output", tmp_path)[0] == 2
    assert (tmp_path / "seed-42.npz").read_text() == "my notes"


def test_among_the_saved_models_a_free_name_is_taken(run, tmp_path):
    folder = tmp_path / "data" / "checkpoints"
    for epochs in (1, 2):
        assert f"written to {folder}" in run(*TINY, "--epochs", epochs)[1]
    assert load_checkpoint(folder / "seed-42.npz").training.epochs == 1
    assert load_checkpoint(folder / "seed-42-2.npz").training.epochs == 2


def test_a_divergence_is_told_with_its_step_and_writes_nothing(run, tmp_path):
    wild = ["--optimizer", "sgd", "--schedule", "constant", "--clip-norm", "none", "--lr", "100000"]
    status, _, errors = run(*TINY, *wild, "--output", tmp_path)
    assert status == 1 and list(tmp_path.glob("*.npz")) == []
    assert [line for line in errors.splitlines() if not line.startswith("seed")] == [errors.splitlines()[-1]]
    assert re.match(r"error: seed 42: training diverged at step \d+", errors.splitlines()[-1])


# --- what cannot be done is refused before anything begins


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--lr", "nan"], "--lr must be a number"),
        (["--lr", "1e999"], "--lr must be a number"),
        (["--lr", "fast"], "--lr must be a number, got 'fast'"),
        (["--epochs", "-1"], "--epochs must be a whole number"),
        (["--epochs", "x"], "--epochs must be a whole number, got 'x'"),
        (["--epochs", "٣"], "--epochs must be a whole number"),
        (["--epochs", "9" * 5000], "--epochs must be a whole number"),
        (["--epochs"], "--epochs: expected one argument"),
        (["--size", "medum"], "did you mean medium?"),
        (["--size", "small", "--examples", "50"], "not allowed with"),
        (["--heads", "5"], "--width must be a multiple of --heads, got 8 and 5"),
        (["--norm", "psot"], "--norm must be 'post' or 'pre'"),
        (["--width", "100000"], "the limit is"),
        (["--num-args", "2-60"], "--num-args must"),
        (["--num-args", "three"], "--num-args must be a number such as 3"),
        (["--shares", "1,2"], "--shares must be three"),
        (["--clip-norm", "never"], "--clip-norm must be a number"),
        (["--seeds", "1-x"], "--seeds: seeds are whole numbers"),
        (["--seed", "1", "--seeds", "2"], "not allowed with"),
        (["--name", "../up"], "--name must be letters"),
        (["--name", ""], "--name must be letters"),
        (["--resume", "run", "--epochs", "3"], "--resume goes on with the settings of the run"),
        (["--run", "here", "--seeds", "1-3"], "--run trains one seed"),
        (["--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_bad_settings_are_refused_in_one_line(run, tmp_path, words, reason):
    small = [] if {"--size", "--resume"} & set(words) else TINY
    status, output, errors = run("--output", tmp_path / "out", *small, *words)
    assert (status, output) == (2, "")
    assert errors.startswith("error: ") and errors.count("\n") == 1 and len(errors) < 500 and reason in errors
    assert not (tmp_path / "out").exists() and not (tmp_path / "data").exists()


def test_what_takes_too_much_memory_is_refused_unless_it_is_allowed(run, tmp_path, monkeypatch):
    monkeypatch.setattr("tinyformer.memory.machine_bytes", lambda: 200 << 20)
    words = (*TINY, "--output", tmp_path / "out", "--examples", "20000", "--batch-size", "20000", "--epochs", "1")
    status, output, errors = run(*words)
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "the limit is 100 MB; with a batch of " in errors and "--allow-memory goes on" in errors
    assert not (tmp_path / "out").exists()
    status, output, errors = run(*words, "--allow-memory")
    assert status == 0 and "the limit is 100 MB" in errors and (tmp_path / "out" / "seed-42.npz").exists()


@pytest.mark.parametrize("place", ["file/inside", "file", "nul\0nul", "x" * 300])
def test_a_folder_that_cannot_be_written_is_found_before_the_training(run, tmp_path, place):
    (tmp_path / "file").write_text("a file")
    status, output, errors = run(*TINY, "--output", f"{tmp_path}/{place}")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert "--output cannot be written" in errors


def test_an_output_without_a_name_is_not_the_current_folder(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, errors = run(*TINY, "--output", "")
    assert (status, errors.count("\n")) == (2, 1) and list(tmp_path.glob("*.npz")) == []


@pytest.mark.parametrize(
    ("place", "reason"), [("file/run", "cannot be written"), ("full", "something"), ("a\0b", "null")]
)
def test_a_run_that_cannot_be_made_is_no_run_whose_state_is_intact(run, tmp_path, place, reason):
    (tmp_path / "file").write_text("a file")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("dear")
    status, output, errors = run(*TINY, "--run", f"{tmp_path}/{place}")
    assert (status, output, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("error: --run") and reason in errors and "intact" not in errors


def test_a_side_that_stays_empty_is_refused_before_the_training(run, tmp_path):
    status, _, errors = run(
        *TINY, "--examples", 10, "--num-args", 4, "--output", tmp_path, "--shares", ".998,.001,.001"
    )
    assert (status, errors.count("\n")) == (2, 1) and "side empty" in errors


# --- interrupted


def test_an_interruption_leaves_nothing_behind(tmp_path):
    command = [
        sys.executable,
        "-m",
        "tinyformer",
        "train",
        "--size",
        "small",
        "--epochs",
        "1000",
        "--output",
        str(tmp_path),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        first = process.stderr.readline()  # it trains
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert first.startswith("seed 42 epoch 1/1000")
    assert process.returncode == 130 and "Traceback" not in rest
    assert re.match(r"stopped at step \d+; nothing was written", rest.splitlines()[-1])
    assert os.listdir(tmp_path) == []


def test_an_interruption_while_writing_leaves_nothing_behind(run, tmp_path, monkeypatch):
    import tinyformer.checkpoints.array_file

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(tinyformer.checkpoints.array_file.os, "fsync", interrupted)
    assert run(*TINY, "--output", tmp_path)[0] == 130
    assert os.listdir(tmp_path) == []


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
