"""A sweep: a row per seed, the same table from one process, from two, from a Dask cluster; read with suspicion."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from tinyformer import (
    OPERATIONS,
    Evaluation,
    Trainer,
    TrainingConfig,
    TransformerConfig,
    accuracy_per_operation,
    evaluate,
    expression_space,
)
from tinyformer.cli import main
from tinyformer.interpret.attention_patterns import extract_attention_weights, normalized_entropy
from tinyformer.sweeps.cluster import cluster
from tinyformer.sweeps.executor import ProcessExecutor
from tinyformer.sweeps.summary import held_out, steps_to_goal, trained
from tinyformer.sweeps.sweep import Goals, sweep, train_row
from tinyformer.sweeps.table import STEPS_OF, SweepTableError, columns_of, read_sweep, write_sweep

MODEL = TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8)
CONFIGS = [TrainingConfig(num_examples=200, epochs=1, seed=seed, model=MODEL) for seed in (3, 1, 2)]


@pytest.fixture(scope="module")
def table():
    """The rows, trained here."""
    return [train_row(config.to_dict())[0] for config in CONFIGS]


def written(path, rows):
    write_sweep(path, rows)
    return path.read_bytes()


def test_a_row_has_what_a_training_gives(table):
    trainer = Trainer(CONFIGS[0])
    list(trainer.records())
    test = trainer.finish()
    row = table[0]
    assert (row["seed"], row["test_correct"], row["test_total"]) == (3, int(test.correct.sum()), len(test))
    assert row["all_correct"] == int(evaluate(trainer.model, expression_space()).correct.sum())
    weights = extract_attention_weights(trainer.model, test.tokens, test.mask)  # all of one length
    first_rows = normalized_entropy(weights)[:, :, :, 0].mean(axis=1)
    assert row["entropy_2_1"] == pytest.approx(first_rows[1, 0])
    assert row["steps_to_99"] is None  # of an epoch of 5 steps


def test_steps_to_99_are_those_of_the_first_look_at_which_it_was_reached_of_all_and_per_operation():
    config = TrainingConfig(num_examples=2_000, epochs=12, max_value=2, model=TransformerConfig(num_layers=1))
    row, _ = train_row(config.to_dict())
    trainer, looks = Trainer(config), {}
    for record in trainer.records():
        if record.step % 25 == 0:
            looks[record.step] = evaluate(trainer.model, trainer.data.validation)
    assert row["steps_to_99"] == next(step for step, look in looks.items() if look.accuracy >= 0.99)
    for place, operation in enumerate(OPERATIONS):
        accuracies = {step: accuracy_per_operation(look)[place].accuracy for step, look in looks.items()}
        reached = [step for step, accuracy in accuracies.items() if accuracy >= 0.99]
        assert row[f"steps_to_99_{operation.lower()}"] == (reached[0] if reached else None)
    assert len({row[name] for name in STEPS_OF.values()}) > 1  # so that the columns are not one and the same


def test_the_first_look_counts_and_what_does_not_occur_is_not_waited_for():
    space = expression_space()
    is_first = space.operations == 0
    right, all_wrong = np.eye(20)[space.targets], np.eye(20)[np.zeros_like(space.targets)]
    one_right = np.where(is_first[:, None], right, all_wrong)
    whole = [Evaluation(space.tokens, space.tokens >= 0, space.targets, p) for p in (one_right, right, all_wrong)]
    goals = Goals()
    for step, evaluation in zip((25, 50, 75), whole, strict=True):
        assert goals.open == (step < 75)
        goals.look(step, evaluation)
    assert goals.reached == {"steps_to_99": 50, "steps_to_99_first": 25} | {
        f"steps_to_99_{name}": 50 for name in ("second", "last", "max", "min")
    }
    only_first = Goals()
    only_first.look(25, whole[0].select(is_first))
    assert not only_first.open and only_first.reached["steps_to_99_max"] is None


def test_a_summary_names_the_worst_seed_and_counts_who_never_got_there():
    rows = [
        {"seed": seed, "test_correct": correct, "test_total": 100, "steps_to_99": steps, "steps_to_99_max": 75}
        for seed, correct, steps in ((1, 100, 50), (2, 98, None), (3, 98, 100), (4, 100, 300))
    ]
    assert held_out(trained([*rows, CONFIGS_ROW | {"problem": "diverged"}])) == (0.99, 0.98, 2, 0.99, 1.0)
    assert steps_to_goal(rows) == [("all", 50, 100, 300, 1), ("Max", 75, 75, 75, 0)]
    assert steps_to_goal([rows[1]]) == [("all", None, None, None, 1), ("Max", 75, 75, 75, 0)]


def test_a_table_without_steps_per_operation_is_read_too(table, tmp_path):
    old = [{name: value for name, value in row.items() if name not in STEPS_OF.values()} for row in table]
    path = tmp_path / "t.csv"
    names = [name for name in columns_of(old) if name not in STEPS_OF.values()]
    lines = [",".join("" if row.get(name) is None else str(row[name]) for name in names) for row in old]
    path.write_text("\n".join([",".join(names), *lines]))
    back = read_sweep(path)
    assert [row["test_correct"] for row in back] == [row["test_correct"] for row in table]
    assert [one.what for one in steps_to_goal(back)] == ["all"]


def test_two_processes_give_the_same_bytes_in_the_order_of_the_seeds(table, tmp_path):
    heard = []
    with ProcessExecutor(2) as executor:
        rows = sweep(CONFIGS, executor, lambda row, seconds: heard.append(row["seed"]))
    assert [row["seed"] for row in rows] == [3, 1, 2] and sorted(heard) == [1, 2, 3]
    assert written(tmp_path / "a.csv", rows) == written(tmp_path / "b.csv", table)


@pytest.mark.dask
def test_a_dask_cluster_gives_the_same_table_row_for_row(table, tmp_path):
    distributed = pytest.importorskip("distributed", reason="needs Dask: pip install tinyformer[dask]")
    with (
        distributed.LocalCluster(2, threads_per_worker=1, processes=True, dashboard_address=None) as local,
        cluster(local.scheduler_address) as executor,
    ):
        rows = sweep(CONFIGS, executor)
    assert written(tmp_path / "a.csv", rows) == written(tmp_path / "b.csv", table)


def test_dask_is_imported_only_when_it_is_asked_for():
    code = "import sys, tinyformer.cli.sweep; sys.exit(any(m in sys.modules for m in ('dask', 'distributed')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_what_is_written_is_read_again(table, tmp_path):
    rows = [table[0], {**CONFIGS_ROW, "problem": "training diverged at step 3"}]
    write_sweep(tmp_path / "t.csv", rows)
    back = read_sweep(tmp_path / "t.csv")
    assert {name: value for name, value in back[0].items() if value is not None} == {
        name: value for name, value in rows[0].items() if value is not None
    }
    assert back[1]["problem"] == "training diverged at step 3" and back[1]["test_correct"] is None


CONFIGS_ROW = {
    "seed": 9, "data_seed": 0, "num_examples": 10, "epochs": 1, "batch_size": 2, "learning_rate": 0.5, "parameters": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column seed"),
        (b"a,b\n1,2\n", "no column seed"),
        (b"\xff\xfe\x00", "utf-8"),
        (b"x" * 5_000_000, "more than"),
    ],
)
def test_another_file_is_refused_in_one_line(tmp_path, content, reason):
    path = tmp_path / "sweep.csv"
    path.write_bytes(content)
    with pytest.raises(SweepTableError, match=reason) as refused:
        read_sweep(path)
    assert "\n" not in str(refused.value) and "sweep.csv" in str(refused.value)


@pytest.mark.parametrize("cell", ["nan", "inf", "many"])
def test_a_cell_that_is_no_number_is_refused(table, tmp_path, cell):
    path = tmp_path / "sweep.csv"
    write_sweep(path, [table[0] | {"test_loss": cell}])
    with pytest.raises(SweepTableError):
        read_sweep(path)


def test_the_command_writes_the_table(table, tmp_path, capsys):
    path = tmp_path / "out.csv"
    options = "--seeds 3,1,2 --examples 200 --epochs 1 --width 8 --heads 2 --ffn-dim 8 --workers 2"
    assert main(["sweep", *options.split(), "--output", str(path)]) == 0
    assert path.read_bytes() == written(tmp_path / "b.csv", table)
    said = capsys.readouterr().out
    assert "held out: mean " in said and f"(seed {held_out(table).worst_seed})" in said
    assert all(f"\n  {name} " in said for name in ("all", *OPERATIONS))


def test_a_divergence_is_a_row_and_exit_status_1(tmp_path):
    path = tmp_path / "out.csv"
    options = "--seeds 1 --examples 300 --epochs 30 --width 8 --heads 2 --ffn-dim 8 --lr 1e6 --schedule constant"
    assert main(["sweep", *options.split(), "--clip-norm", "none", "--output", str(path)]) == 1
    assert "diverged at step" in read_sweep(path)[0]["problem"]


def test_an_interruption_keeps_what_is_done_and_waits_for_nothing(tmp_path):
    path = tmp_path / "out.csv"
    options = "--seeds 1-50 --size small --epochs 2 --width 8 --heads 2 --ffn-dim 8 --workers 1"
    command = [sys.executable, "-m", "tinyformer", "sweep", *options.split(), "--output", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert first.startswith("sweep seed 1: ") and process.returncode == 130 and "Traceback" not in rest
    rows = read_sweep(path)
    assert rest.splitlines()[-1] == f"stopped; the {len(rows)} of 50 seeds that were done are in {path}"
    assert 1 <= len(rows) < 50 and [row["seed"] for row in rows] == list(range(1, len(rows) + 1))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out.csv", "out.csv.journal"]


@pytest.mark.parametrize(
    "options",
    [
        "--seeds 3-1",
        "--seeds x",
        "--workers 0",
        "--output x.txt",
        "--output /dev/null/x.csv",
        "--lr nan",
        "--epochs -1",
    ],
)
def test_bad_options_end_with_one_line_and_status_2(options, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path))
    assert main(["sweep", *options.split()]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("error: ")
    assert not list(tmp_path.glob("**/*.csv"))


@pytest.mark.slow
def test_a_scheduler_that_is_not_there_is_named(capsys, tmp_path):
    code = main(["sweep", "--scheduler", "tcp://127.0.0.1:9", "--output", str(tmp_path / "x.csv")])
    error = capsys.readouterr().err
    assert code == 2 and ("needs Dask" in error or "no cluster answers at tcp://127.0.0.1:9" in error)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
