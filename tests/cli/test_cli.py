"""The commands that ask and measure: what they print is what the engine says, and what is wrong is told in one line."""

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tinyformer import (
    OPERATIONS,
    VOCABULARY,
    CheckpointError,
    Expression,
    TrainingConfig,
    Transformer,
    TransformerConfig,
    load_checkpoint,
    parse_expression,
    save_checkpoint,
    side_of,
)
from tinyformer.checkpoints.folders import checkpoint_files, find_checkpoint, shipped_checkpoints
from tinyformer.cli import COMMANDS, main
from tinyformer.evaluation.page_figures import page_figures
from tinyformer.evaluation.report import report, whole_space
from tinyformer.gradient_cases import CASES
from tinyformer.runs import create_run

SMALL = TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8)


@pytest.fixture(autouse=True)
def shipped(tmp_path, monkeypatch):
    """Three small models that ship, and an empty folder for what is saved."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for seed, correct, loss in ((1, 8, 0.5), (2, 9, 0.7), (3, 9, 0.6)):
        metadata = {"test": {"correct": correct, "total": 10, "accuracy": correct / 10, "loss": loss}, "seconds": 1.5}
        training = TrainingConfig(seed=seed, model=SMALL)
        save_checkpoint(
            folder / f"seed-{seed}.npz", Transformer(SMALL, seed=seed), training=training, metadata=metadata
        )
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(folder))
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "80")
    return folder


@pytest.fixture
def run(capsys):
    """Run a command → (exit status, standard output, standard error)."""

    def run(*words):
        status = main(list(words))
        output = capsys.readouterr()
        return status, output.out, output.err

    return run


def said_by(path, expression):
    return VOCABULARY[load_checkpoint(path).model.predict(np.array([expression.tokens]))[0].argmax()]


# --- predict and attention


@pytest.mark.parametrize("words", [["Max(5,3,9)"], ["max", "5", "3", "9"], ["Second ( 1 2 )"], ["Min(4,4,4,4)"]])
def test_predict_says_what_the_model_says_and_what_is_right(run, shipped, words):
    expression = parse_expression(" ".join(words))
    status, output, errors = run("predict", *words, "seed-1")
    said = said_by(shipped / "seed-1.npz", expression)
    verdict = "right" if said == str(expression.answer) else f"wrong: it is {expression.answer}"
    assert (status, errors) == (0, "")
    assert f"{expression} = {said}, {verdict}" in output


def test_predict_prints_the_five_largest_probabilities(run, shipped):
    expression = parse_expression("Max(5,3,9)")
    p = load_checkpoint(shipped / "seed-2.npz").model.predict(np.array([expression.tokens]))[0]
    _, output, _ = run("predict", "Max(5,3,9)", "seed-2")
    shown = re.findall(r"^ +(\S+)  [█▏▎▍▌▋▊▉ ]+ ([0-9.]+) %$", output, re.M)
    assert shown == [(VOCABULARY[t], f"{100 * p[t]:.2f}") for t in np.argsort(-p, kind="stable")[:5]]


def test_predict_says_on_which_side_the_expression_is(run):
    found = {}
    for numbers in np.ndindex(10, 10, 10):
        found.setdefault(
            side_of(Expression("Max", tuple(map(int, numbers)))), Expression("Max", tuple(map(int, numbers)))
        )
    words = {"train": "from the training side", "validation": "used to choose", "test": "never seen in training"}
    for side, expression in found.items():
        assert words[side] in run("predict", str(expression))[1]
    assert "a length it was never trained on" in run("predict", "Max 1 2 3 4")[1]


def test_several_models_answer_one_after_the_other(run):
    assert [name for name in re.findall(r"seed-\d", run("predict", "Max 1 2", "seed-3", "seed-1")[1])] == [
        "seed-3",
        "seed-1",
    ]
    assert re.findall(r"seed-\d", run("predict", "Max 1 2", "--all")[1]) == ["seed-1", "seed-2", "seed-3"]


def test_those_that_home_shows_first_are_asked_by_default(run, shipped):
    (shipped / "broken.npz").write_bytes(b"nothing")
    shutil.copy(shipped / "seed-3.npz", shipped / "seed-4.npz")
    status, output, _ = run("predict", "Max 1 2")
    assert status == 0 and re.findall(r"seed-\d(?=;)", output) == ["seed-1", "seed-2", "seed-3"]
    assert re.findall(r"seed-\d", run("attention", "Max 1 2")[1]) == ["seed-1"]
    shutil.copy(shipped / "seed-3.npz", shipped / "seed-7.npz")  # one of those that a fresh Home has on display
    assert re.findall(r"seed-\d(?=;)", run("predict", "Max 1 2")[1]) == ["seed-7"]


def test_lines_of_a_file_are_answered_one_by_one(run, shipped, monkeypatch, tmp_path):
    (tmp_path / "lines").write_text("max 5 3 9\n\nnonsense\nMin(1,2,3)\n")
    with open(tmp_path / "lines") as lines:
        monkeypatch.setattr(sys, "stdin", lines)
        status, output, errors = run("predict", "seed-1")
    expected = [parse_expression(text) for text in ("Max 5 3 9", "Min 1 2 3")]
    assert output.splitlines() == [f"{e} = {said_by(shipped / 'seed-1.npz', e)}" for e in expected]
    assert (status, errors.count("\n")) == (2, 1) and "line 3" in errors


def test_attention_shows_each_head_of_each_block(run):
    status, output, _ = run("attention", "Max(5,3,9)", "seed-1")
    assert status == 0 and output.count("head 1") == output.count("head 2") == 2
    assert re.findall(r"^  block (\d)$", output, re.M) == ["1", "2"]
    assert len(re.findall(r"(?:focused|mixed|distributed)", output)) == 2 * 2 * 2  # blocks, heads, first row and all


# --- evaluate and models


def independent_counts(path, side):
    """(right, all) of the expressions on a side, one by one."""
    model, right, total = load_checkpoint(path).model, 0, 0
    for operation in OPERATIONS:
        expressions = [Expression(operation, tuple(map(int, n))) for n in np.ndindex(10, 10, 10)]
        expressions = [e for e in expressions if side_of(e) == side]
        said = model.predict(np.array([e.tokens for e in expressions])).argmax(axis=1)
        right += sum(VOCABULARY[token] == str(e.answer) for token, e in zip(said, expressions, strict=True))
        total += len(expressions)
    return right, total


@pytest.mark.parametrize(("settings", "said"), [
    ({"split_by": "draw"}, "it was trained on much of its test"),
    ({"max_value": 5}, "it was trained and tested on numbers up to 5 only"),
])  # fmt: skip
def test_models_says_what_a_test_figure_does_not(run, tmp_path, monkeypatch, settings, said):
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(tmp_path))
    test = {"correct": 54, "total": 54, "accuracy": 1.0, "loss": 0.1}
    save_checkpoint(
        tmp_path / "m.npz", Transformer(seed=1), training=TrainingConfig(**settings), metadata={"test": test}
    )
    output = run("models")[1]
    assert "  m: " in output and said in output


def test_evaluate_counts_the_held_out_expressions(run, shipped):
    status, output, _ = run("evaluate", "--json", "seed-2", str(shipped / "seed-1.npz"))
    reports = json.loads(output)
    assert status == 0 and [one["name"] for one in reports] == ["seed-2", "seed-1"]
    for one in reports:
        test = one["sides"]["test"]
        assert (test["correct"], test["total"]) == independent_counts(shipped / f"{one['name']}.npz", "test")
        assert test["accuracy"] == test["correct"] / test["total"]
        assert sum(row["correct"] for row in test["operations"]) == test["correct"]
        assert one["sides"]["all"]["total"] == 5000
        assert (
            sum(one["sides"][side]["correct"] for side in ("train", "validation", "test"))
            == (one["sides"]["all"]["correct"])
        )


def test_json_has_the_figures_of_evaluate_in_full_precision(run, shipped):
    checkpoint = load_checkpoint(shipped / "seed-1.npz")
    evaluation, sides = whole_space(checkpoint)
    one = json.loads(run("evaluate", "seed-1", "--json")[1])[0]
    assert one["sides"]["all"]["loss"] == evaluation.loss
    assert one["sides"]["test"]["loss"] == evaluation.select(sides == 2).loss
    both = report(checkpoint, evaluation) | {"details": page_figures(checkpoint, evaluation, sides)}
    assert one == json.loads(json.dumps(both))
    assert (one["seed"], one["parameters"], one["training_seconds"]) == (1, SMALL.num_parameters, 1.5)


def test_the_table_has_a_column_for_each_model_that_ships(run):
    output = run("evaluate")[1]
    assert re.search(r"seed-1 +seed-2 +seed-3|seed-1 +seed-2\n", output)
    assert "*" not in output  # neither was trained: none is best beyond chance
    assert all(len(line) <= 80 for line in output.splitlines())


def test_the_best_is_marked_where_it_is_beyond_chance_and_only_there(run, tmp_path, monkeypatch):
    monkeypatch.delenv("TINYFORMER_CHECKPOINTS")
    good, other = (str(path) for path in shipped_checkpoints()[:2])
    assert "*" not in run("evaluate", good, other)[1]  # both have all of them right; one has the lower loss
    poor = save_checkpoint(tmp_path / "poor.npz", Transformer(seed=3))
    output = run("evaluate", str(poor), good)[1]
    assert re.search(r"accuracy +\d+\.\d % +\* 100 %", output) and "more right than every other one" in output


def test_a_model_that_was_trained_on_both_sides_is_named(run, shipped):
    training = TrainingConfig(split_by="draw", model=SMALL)
    save_checkpoint(shipped / "leaky.npz", Transformer(SMALL), training=training)
    assert "leaky: trained on draws split at random" in run("evaluate", "leaky")[1]
    assert json.loads(run("evaluate", "leaky", "--json")[1])[0]["leaks"] is True


def test_a_model_without_a_history_is_evaluated_too(run, tmp_path):
    save_checkpoint(tmp_path / "bare.npz", Transformer(SMALL))
    one = json.loads(run("evaluate", str(tmp_path / "bare.npz"), "--json")[1])[0]
    assert one["seed"] is None and one["sides"]["test"]["total"] > 0
    assert run("evaluate", str(tmp_path / "bare.npz"))[0] == 0
    assert run("predict", "Max 1 2", str(tmp_path / "bare.npz"))[0] == 0


def test_models_lists_what_ships_with_its_settings_and_what_is_broken(run, shipped, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    (shipped / "broken.npz").write_bytes(b"nothing")
    status, output, _ = run("models")
    assert status == 0
    row = r"seed-1 +[0-9a-f]{12} +1 +8 of 10 +80.0 % +[\d,]+ +--width 8 --heads 2 --ffn-dim 8$"
    assert re.search(row, output, re.M)
    assert re.search(r"broken\.npz", output)


def test_the_shipped_come_first_and_numbers_count_as_numbers(tmp_path):
    for name in ("run-10", "run-9", "mixed-42", "seed-7", "seed-42", ".seed-1"):
        (tmp_path / f"{name}.npz").touch()
    assert [path.stem for path in checkpoint_files(tmp_path)] == ["seed-42", "seed-7", "mixed-42", "run-9", "run-10"]
    assert checkpoint_files(tmp_path / "missing") == []


@pytest.mark.parametrize("name", ["", "nosuch", "a" * 5000, "nul\0nul", "../../etc/passwd-not-there"])
def test_a_name_that_is_no_checkpoint_is_refused(name):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        find_checkpoint(name)


# --- gradcheck


def test_gradcheck_finds_every_layer_exact(run):
    names = [name for name in CASES if not name.startswith(("model", "block"))]  # those take seconds
    status, output, _ = run("gradcheck", *names)
    assert (status, output.count(" exact  ")) == (0, len(names))
    assert f"all {len(names)} exact" in output and "WRONG" not in output


def test_gradcheck_fails_where_a_gradient_is_wrong(run, monkeypatch):
    from tinyformer.layers import ReLU

    monkeypatch.setattr(ReLU, "backward", lambda self, dy, tape: dy)
    status, output, _ = run("gradcheck", "relu", "softmax")
    assert status == 1 and "1 of 2 wrong: relu" in output


# --- what is wrong, is told in one line


@pytest.mark.parametrize(
    "words", [("evaluate",), ("predict", "Max(5,3,9)", "--all"), ("attention", "Max(5,3,9)", "--all")]
)
def test_a_broken_file_that_nobody_named_does_not_stand_in_the_way_of_the_others(run, shipped, words):
    _, whole, _ = run(*words)
    (shipped / "broken.npz").write_bytes((shipped / "seed-1.npz").read_bytes()[:500])
    status, output, errors = run(*words)
    assert (status, output) == (0, whole)
    assert errors.startswith("left out: not a usable checkpoint: broken.npz") and errors.count("\n") == 1


def test_where_all_are_broken_the_first_is_told(run, shipped):
    for path in shipped.glob("*.npz"):
        path.write_bytes(b"x")
    status, output, errors = run("evaluate")
    assert (status, output) == (2, "") and errors.startswith("error: not a usable checkpoint")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["frobnicate"], "there is no command 'frobnicate'"),
        (["trian"], "did you mean train?"),
        (["predict", ""], "nothing to read"),
        (["predict", "Max(5"], "Max needs at least 2 numbers"),
        (["predict", "Max(5,3,10)"], "digits from 0 to 9"),
        (["predict", "max ٣ 3"], "ARABIC-INDIC DIGIT THREE"),
        (["predict", "最大 5 3"], "position 1"),
        (["predict", "x" * 10_000], "is not an operation"),
        (["predict", "max 1 2" + " 3" * 5_000], "position"),
        (["predict", "Max\n\x1b[31m(5"], "position"),
        (["predict", "Max 1 2", "nosuch"], "there is no checkpoint 'nosuch'"),
        (["predict", "nosuch.npz"], "there is no checkpoint 'nosuch.npz'"),
        (["predict", "--all"], "the prompt is for one model"),
        (["attention"], "of which expression?"),
        (["evaluate", "broken"], "not a usable checkpoint"),
        (["evaluate", "--jsn"], "unrecognized arguments"),
        (["gradcheck", "atention"], "did you mean attention?"),
        (["runs", "foo"], "error: ACTION must be list, pause, stop, delete, got 'foo'\n"),
        (["runs", "puase", "x"], "did you mean pause?"),
        (["runs", "pause"], "which run?"),
        (["runs", "pause", "no\nsuch"], "there is no run 'no"),
        (["runs", "list", "x"], "leave 'x' out"),
    ],
)
def test_bad_input_is_refused_in_one_line(run, shipped, words, reason):
    (shipped / "broken.npz").write_bytes((shipped / "seed-1.npz").read_bytes()[:500])
    status, output, errors = run(*words)
    assert (status, output) == (2, "")
    assert errors.startswith("error: ") and errors.count("\n") == 1 and len(errors) < 500
    assert reason in errors and "\x1b" not in errors


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(run, name):
    status, output, _ = run(name, "--help")
    assert status == 0 and "examples:" in output
    assert output.isascii()  # help is read everywhere


def test_without_a_command_the_commands_are_listed(run):
    status, output, _ = run()
    assert status == 0 and all(re.search(rf"^ +{name}( |$)", output, re.M) for name in COMMANDS)


# --- other ends of the pipe


def tinyformer(*words, **environment):
    command = [sys.executable, "-m", "tinyformer", *words]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, stdin=subprocess.DEVNULL)


def test_a_terminal_with_ascii_only_gets_ascii():
    done = tinyformer("attention", "Max(5,3,9)", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and done.stdout.isascii() and b"#" in done.stdout
    assert tinyformer("predict", "max ٣ 3", PYTHONIOENCODING="ascii").stderr.count(b"\n") == 1


def test_no_control_sequences_where_nobody_is_watching():
    assert b"\x1b" not in tinyformer("predict", "Max(5,3,9)").stdout


def test_a_reader_that_leaves_early_is_no_error():
    command = f'"{sys.executable}" -m tinyformer evaluate seed-1 --json | head -c 10'
    done = subprocess.run(command, shell=True, capture_output=True)
    assert (len(done.stdout), done.stderr) == (10, b"")


def test_only_a_run_is_deleted_by_its_path(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "runs"))
    run = create_run(TrainingConfig(model=SMALL), tmp_path / "elsewhere")
    precious, damaged = tmp_path / "home", create_run(TrainingConfig(model=SMALL)).path
    precious.mkdir()
    (damaged / "config.json").write_text("{")
    for folder in (precious, run.path):  # what somebody put into a run is not the run's either
        (folder / "letter").write_text("dear")
        before = sorted(os.listdir(folder))
        assert main(["runs", "delete", str(folder)]) == 2
        assert (folder / "letter").read_text() == "dear" and sorted(os.listdir(folder)) == before
        assert "'letter' does not belong to a run" in capsys.readouterr().err
    (run.path / "letter").unlink()
    assert main(["runs", "delete", str(run.path)]) == 0 and not run.path.exists()
    assert main(["runs", "delete", damaged.name]) == 0 and not damaged.exists()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
