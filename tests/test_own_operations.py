"""A training of operations of one's own, from its configuration to the checkpoint, the run, the sweep, the commands."""

import json

import numpy as np
import pytest

from tinyformer import (
    CheckpointError,
    ExpressionError,
    Operation,
    Trainer,
    TrainingConfig,
    TransformerConfig,
    accuracy_per_operation,
    evaluate,
    load_checkpoint,
    parse_expression,
)
from tinyformer.checkpoints.array_file import read_arrays, write_arrays
from tinyformer.checkpoints.questions import question_for
from tinyformer.cli import main
from tinyformer.evaluation.page_figures import page_figures
from tinyformer.evaluation.preview import preview
from tinyformer.evaluation.report import report, space_of, whole_space
from tinyformer.runs import create_run, train_run
from tinyformer.sweeps.summary import steps_to_goal
from tinyformer.sweeps.sweep import train_row
from tinyformer.sweeps.table import read_sweep, write_sweep
from tinyformer.task.training_data import prepare_data

GAP = {"name": "Gap", "formula": "max(x) - min(x)"}
TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=8)
OWN = TrainingConfig(num_examples=1000, epochs=2, operations=("First", "Sum", GAP), model=TINY)
SHIPPED = "checkpoints/seed-42.npz"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = create_run(OWN, tmp_path_factory.mktemp("runs") / "own")
    train_run(run)
    return run


@pytest.fixture(scope="module")
def checkpoint(run):
    return load_checkpoint(run.model_path)


def test_a_configuration_says_its_operations_and_sets_the_vocabulary():
    assert OWN.model.vocab_size == 22
    assert TrainingConfig.from_dict(json.loads(json.dumps(OWN.to_dict()))) == OWN
    assert "operations" not in TrainingConfig().to_dict()  # those that ship go without saying: their files stay as is
    assert TrainingConfig.from_dict({}).task.names == ("First", "Second", "Last", "Max", "Min")


def test_a_run_and_its_checkpoint_carry_their_operations(run, checkpoint):
    assert run.task == checkpoint.task == OWN.task
    assert run.log().epochs.shape == (2, 7)
    assert run.log().to_csv().splitlines()[0].endswith("validation_first,validation_sum,validation_gap")
    assert checkpoint.history.epochs["Gap"] == run.log().epoch_column("Gap").tolist()
    assert checkpoint.model.embedding.weight.value.shape == (22, 8)


def test_a_model_is_asked_what_it_was_trained_on(checkpoint):
    evaluation, sides = whole_space(checkpoint)
    assert len(evaluation) == len(sides) == 3000
    assert [row.operation for row in accuracy_per_operation(evaluation)] == ["First", "Sum", "Gap"]
    assert {row.total for row in accuracy_per_operation(evaluation)} == {1000}
    figures = report(checkpoint, evaluation)
    told = json.loads(json.dumps(figures))["operations"][2]
    assert told == {"name": "Gap", "source": "formula", "rule": GAP["formula"]}
    json.dumps(page_figures(checkpoint, evaluation, sides), allow_nan=False)
    space = space_of(checkpoint)
    gap = space.operations == 2
    np.testing.assert_array_equal(space.targets[gap] - 2, np.ptp(space.numbers[gap], axis=1))


def test_a_model_refuses_what_it_does_not_know_with_a_sentence(checkpoint):
    shipped = load_checkpoint(SHIPPED)
    assert question_for("gap 5 3 9", checkpoint).answer == 6 and question_for("Max 5 3 9", shipped).answer == 9
    with pytest.raises(ExpressionError, match=r"seed-42 was trained on First, Second, .*, Min; it does not know Gap"):
        question_for("gap 5 3 9", shipped, known=["Gap"])
    with pytest.raises(ExpressionError, match="model was trained on First, Sum, Gap; it does not know Max"):
        question_for("Max 5 3 9", checkpoint)
    for asked in (checkpoint, shipped):
        with pytest.raises(ExpressionError, match="is not an operation"):
            question_for("Mux 5 3 9", asked)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["training"].pop("operations"), "knows 22 tokens"),
        (lambda m: m["training"]["operations"].append("Pick"), "knows 22 tokens"),
        (lambda m: m["training"]["operations"][2].update(formula="().__class__"), "no attributes"),
        (lambda m: m["training"]["operations"][2].update(formula="9**9**9**9"), "exponent"),
        (lambda m: m["training"]["operations"][2].update(formula="sum(x)"), "not a digit"),
        (lambda m: m["training"]["operations"][2].update(name="Max"), "already"),
        (lambda m: m["training"].update(operations="First"), "built in"),
        (lambda m: m["training"].update(operations=None), "not"),
        (lambda m: m["training"].update(operations=[]), "1 to 20 operations"),
    ],
)
def test_a_checkpoint_of_a_stranger_is_refused_in_one_line(run, tmp_path, change, message):
    kept = {}
    _, arrays = read_arrays(run.model_path, lambda metadata: kept.update(metadata) or _anything(run.model_path))
    metadata = json.loads(json.dumps(kept))
    change(metadata)
    write_arrays(tmp_path / "changed.npz", metadata, arrays)
    with pytest.raises(CheckpointError, match=message) as refusal:
        load_checkpoint(tmp_path / "changed.npz")
    assert "\n" not in str(refusal.value)


def _anything(path):
    """What a file may hold, so that all of it is read."""
    with np.load(path) as arrays:
        return {
            name: (arrays[name].shape, (arrays[name].dtype.name,)) for name in arrays.files if "metadata" not in name
        }


def test_a_table_is_trained_split_and_asked_by_its_own_lines(tmp_path):
    odd = Operation.of_table("Odd", {(a, b, c): (a + b + c) % 2 for a in range(9) for b in range(9) for c in range(3)})
    config = TrainingConfig(num_examples=500, epochs=1, operations=(odd,), model=TINY)
    data = prepare_data(config)
    every = {row.tobytes() for part in data for row in part.tokens}
    held_out = [{row.tobytes() for row in part.tokens} for part in data[1:]]
    assert len(every) <= 243
    assert not held_out[0] & held_out[1]
    assert not {row.tobytes() for row in data.train.tokens} & (held_out[0] | held_out[1])
    run = create_run(config, tmp_path / "odd")
    train_run(run)
    checkpoint = load_checkpoint(run.model_path)
    evaluation, sides = whole_space(checkpoint)
    assert len(evaluation) == 243
    assert [int((sides == side).sum()) for side in (1, 2)] == [len(part.targets) for part in data[1:]]
    json.dumps(page_figures(checkpoint, evaluation, sides), allow_nan=False)
    with pytest.raises(ValueError, match="num_args is 4, the table of Odd has 3 numbers"):
        TrainingConfig(operations=(odd,), num_args=4)


def test_a_table_of_several_lengths_is_held_out_whole():
    answers = {row: 1 for a in range(10) for b in range(10) for row in ((a, b), (a, b, a, b, 3))}
    config = TrainingConfig(num_examples=500, num_args=(2, 5), operations=(Operation.of_table("Some", answers),))
    data = prepare_data(config)
    evaluation = evaluate(Trainer(config).model, data.test)
    assert set(evaluation.mask.sum(axis=1)) == {5, 8}
    assert 0 < len(data.test.targets) < 60


def test_a_sweep_says_its_operations(tmp_path):
    row, _ = train_row(OWN.to_dict())
    assert row["all_total"] == 3000
    assert row["operations"] == "First; Sum; Gap = max(x) - min(x)"
    write_sweep(tmp_path / "own.csv", [row])
    read = read_sweep(tmp_path / "own.csv")
    assert read[0]["operations"] == row["operations"]
    assert [one.what for one in steps_to_goal(read)] == ["all", "First", "Sum", "Gap"]


def test_a_preview_shows_what_an_operation_asks():
    shown = preview(Operation.of_formula("Gap", "max(x) - min(x)"))
    assert len({str(expression) for expression in shown.examples}) == 10
    assert shown.answers.sum() == 1000
    assert shown.answers[0] == 10  # three alike
    assert set(shown.baselines) == {"copy the first", "most frequent answer"}
    assert all(0.1 < accuracy < 0.2 for accuracy in shown.baselines.values())
    short = preview(Operation.of_table("Odd", {(1, 2): 3}))
    assert (short.answers[3], short.baselines, len(short.examples)) == (1, {}, 1)


def test_the_five_are_trained_as_ever_when_they_are_named():
    named = TrainingConfig(num_examples=1000, operations=["First", "Second", "Last", "Max", "Min"])
    assert named == TrainingConfig(num_examples=1000)
    assert parse_expression("Max 5 3").task is named.task


# --- the commands


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--operations", "First,Average"], "got 'Average'"),
        (["--operations", ""], "got ''"),
        (["--operations", "Max,max"], "Max is there twice"),
        (["--operation", "max(x)"], "a name and a rule"),
        (["--operation", "Max=max(x)"], "Max is an operation that is built in"),
        (["--operation", "Gap=9**9**9**9"], "Gap = 9**9**9**9: an exponent"),
        (["--operation", "Gap=x[2]"], "for Gap ( 0 0 )"),
        (["--operation", "Gap=sum(x)"], "for Gap ( 1 9 ) it is 10"),
        (["--table", "nowhere.csv"], "nowhere.csv: No such file"),
        (["--table", "."], "Is a directory"),
    ],
)
def test_what_cannot_be_trained_is_refused_in_one_line(options, message, capsys):
    assert main(["train", "--no-interactive", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_the_commands_follow_the_model(tmp_path, capsys):
    table = tmp_path / "odd.csv"
    table.write_text(
        "".join(f"Odd({a} {b} {c}),{(a + b + c) % 2}\n" for a in range(9) for b in range(9) for c in (1, 2))
    )
    tiny = ["--size", "small", "--epochs", "1", "--width", "8", "--heads", "2", "--layers", "1", "--ffn-dim", "8"]
    tiny.append("--no-interactive")
    words = ["--operations", "first,Pick", "--operation", "Gap=max(x) - min(x)", "--table", str(table)]
    assert main(["train", *tiny, *words, "--output", str(tmp_path)]) == 0
    model = str(tmp_path / "seed-42.npz")
    assert load_checkpoint(model).task.names == ("First", "Pick", "Gap", "Odd")
    capsys.readouterr()
    assert main(["predict", "gap 5 3 9", model]) == 0
    assert "Gap ( 5 3 9 ) = " in capsys.readouterr().out
    assert main(["attention", "Odd(1,2,1)", model]) == 0
    assert main(["evaluate", model, SHIPPED]) == 0
    assert "all there are" in capsys.readouterr().out
    assert main(["predict", "Max 5 3 9", model]) == 2
    assert "seed-42 was trained on First, Pick, Gap, Odd; it does not know Max" in capsys.readouterr().err
    assert main(["predict", "Odd 9 9 9", model]) == 2
    assert "not in the table of Odd" in capsys.readouterr().err
    table.write_text("Odd(1,2),1\nOdd(1,2),2\n")
    assert main(["train", *tiny, "--table", str(table), "--output", str(tmp_path)]) == 2
    assert "line 2: it contradicts line 1" in capsys.readouterr().err
