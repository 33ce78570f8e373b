"""Nothing of a sweep is lost, and nothing of another one touched: kills, two at a time, full disks, odd files."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
from small import mostly_slow

from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.cli import main
from tinyformer.sweeps import journal, sweep
from tinyformer.sweeps.executor import ProcessExecutor
from tinyformer.sweeps.journal import TableRefused, TableTaken, open_table, question_hash
from tinyformer.sweeps.sweep import settings_of
from tinyformer.sweeps.table import read_sweep, write_sweep

resource = pytest.importorskip("resource", reason="needs signals, pipes and limits as Unix has them")

TINY = ["--examples", "200", "--epochs", "1", "--width", "8", "--heads", "2", "--ffn-dim", "8", "--workers", "2"]
MODEL = TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8)
CONFIGS = [TrainingConfig(num_examples=200, epochs=1, seed=seed, model=MODEL) for seed in (3, 1, 2)]
RESULT = {
    "steps_to_99": 50,
    "best_step": 75,
    "test_correct": 9,
    "test_total": 10,
    "test_loss": 0.25,
    "entropy_1_1": 0.1,
}


def row_of(config, **more):
    return settings_of(config) | RESULT | more


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.csv"


def begun(path, configs=CONFIGS, count=2):
    """A table with the rows of the first `count` configurations → its bytes."""
    with open_table(path, configs) as table:
        for config in configs[:count]:
            table.add(row_of(config))
    return path.read_bytes()


def test_a_row_is_on_the_disk_when_it_was_added_and_only_the_others_are_missing(path):
    with open_table(path, CONFIGS) as table:
        assert table.missing() == CONFIGS
        table.add(row_of(CONFIGS[2]))
        assert [row["seed"] for row in read_sweep(path)] == [2]
        table.add(row_of(CONFIGS[0]))
        assert [row["seed"] for row in read_sweep(path)] == [3, 2]  # in the order that was asked for
    with open_table(path, CONFIGS) as table:
        assert table.missing() == [CONFIGS[1]]
        table.add(row_of(CONFIGS[1]))
    whole = path.with_name("whole.csv")
    write_sweep(whole, [row_of(config) for config in CONFIGS])
    assert path.read_bytes() == whole.read_bytes()


def test_a_row_with_a_problem_is_tried_again_and_replaced(path):
    with open_table(path, CONFIGS[:1]) as table:
        table.add(settings_of(CONFIGS[0]) | {"problem": "its process was killed"})
    assert read_sweep(path)[0]["problem"] == "its process was killed"
    with open_table(path, CONFIGS[:1]) as table:
        assert table.missing() == CONFIGS[:1]
        table.add(row_of(CONFIGS[0]))
    assert [row["problem"] for row in read_sweep(path)] == [None]


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_of_a_line_that_was_cut_the_rest_is_lost_and_no_more(path, cut):
    begun(path)
    beside = path.with_name("out.csv.journal")
    os.truncate(beside, beside.stat().st_size - cut)
    with open_table(path, CONFIGS, overwrite=True) as table:  # the table is one row ahead of what is vouched for
        assert [row["seed"] for row in table.rows()] == [3]
        table.add(row_of(CONFIGS[1]))
    assert all(json.loads(line) for line in beside.read_text().splitlines())


def test_a_table_behind_its_journal_is_written_again(path):
    with open_table(path, CONFIGS) as table:
        table.add(row_of(CONFIGS[0]))
        before = path.read_bytes()
        table.add(row_of(CONFIGS[1]))
        after = path.read_bytes()
    for damage in (lambda: path.write_bytes(before), path.unlink):
        damage()
        with open_table(path, CONFIGS) as table:
            assert len(table.rows()) == 2
        assert path.read_bytes() == after


def altered(**settings):
    return [TrainingConfig(**{**vars(config), **settings}) for config in CONFIGS]


QUESTIONS = {
    "other seeds": CONFIGS[:2],
    "another order": CONFIGS[::-1],
    "a late option": altered(train_limit=100),
    "one that no column shows": altered(momentum=0.5),
    "the model": altered(model=TransformerConfig(embed_dim=8, num_heads=4, ffn_dim=8)),
}


@pytest.mark.parametrize("other", QUESTIONS.values(), ids=QUESTIONS)
def test_another_question_is_refused_and_overwrites_only_when_told_and_when_there_is_a_row(path, other):
    before = begun(path)
    assert question_hash(other) != question_hash(CONFIGS)
    with pytest.raises(TableTaken, match="other seeds or settings"), open_table(path, other):
        pass
    with open_table(path, other, overwrite=True) as table:
        assert table.missing() == other and path.read_bytes() == before
    with open_table(path, CONFIGS) as table:  # stopped before its first row, it has taken nothing
        assert len(table.rows()) == 2
    with open_table(path, other, overwrite=True) as table:
        table.add(row_of(other[0]))
    assert len(read_sweep(path)) == 1
    with open_table(path, other, overwrite=True) as table:  # the same command goes on, it does not begin again
        assert table.missing() == other[1:]


@pytest.mark.slow
def test_the_same_seeds_written_otherwise_are_the_same_question(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path))
    for seeds in ("1-3", "1,2,3", "1-2, 3"):
        assert main(["sweep", "--seeds", seeds, *TINY]) == 0
    assert len(list(tmp_path.glob("sweeps/*.csv"))) == 1 and capsys.readouterr().err.count("sweep seed") == 3
    long = "--norm pre --pooling mean --positions learned --schedule constant --split-by draw --shares 0.5,0.25,0.25"
    for options in (["--seeds", "1,3"], long.split(), [*long.split(), "--train-limit", "50"]):
        assert main(["sweep", "--seeds", "1-3", *TINY, *options]) == 0
    names = [file.name for file in tmp_path.glob("sweeps/*.csv")]
    assert len(names) == 4 and max(map(len, names)) < 120


def test_a_table_that_was_changed_or_came_from_elsewhere_is_left_alone(path):
    begun(path)
    changed = path.read_bytes().replace(b"0.25", b"0.75")
    path.write_bytes(changed)
    with pytest.raises(TableTaken, match="not as this command left it"), open_table(path, CONFIGS):
        pass
    path.with_name("out.csv.journal").unlink()
    with pytest.raises(TableTaken, match="not begun by this command"), open_table(path, CONFIGS):
        pass
    assert path.read_bytes() == changed and [file.name for file in path.parent.iterdir()] == ["out.csv"]


def test_a_row_that_was_altered_is_not_taken_for_true(path):
    begun(path)
    beside = path.with_name("out.csv.journal")
    beside.write_text(beside.read_text().replace('"test_correct": 9', '"test_correct": 10', 1))
    with pytest.raises(TableTaken, match="damaged"), open_table(path, CONFIGS):
        pass
    path.unlink()
    with pytest.raises(TableTaken, match="damaged"), open_table(path, CONFIGS):
        pass


@pytest.mark.parametrize("which", ["tinyformer", "numpy"])
def test_rows_of_two_versions_are_not_mixed_and_a_finished_table_stays_what_it_is(path, monkeypatch, which):
    begun(path)
    monkeypatch.setattr(journal, "versions", lambda: {"tinyformer": "1.0.0", "numpy": "2.3.0", which: "9.9"})
    with pytest.raises(TableTaken, match="another version"), open_table(path, CONFIGS):
        pass
    monkeypatch.undo()
    with open_table(path, CONFIGS) as table:
        table.add(row_of(CONFIGS[2]))
    monkeypatch.setattr(journal, "versions", lambda: {"tinyformer": "1.0.0", "numpy": "2.3.0", which: "9.9"})
    with open_table(path, CONFIGS) as table:
        assert table.missing() == [] and len(table.rows()) == 3


def test_the_second_of_two_sweeps_is_refused_and_the_first_goes_on(path, capsys):
    with open_table(path, CONFIGS) as table:
        table.add(row_of(CONFIGS[0]))
        for more in ([], ["--overwrite"]):
            assert main(["sweep", "--seeds", "3,1,2", *TINY, "--output", str(path), *more]) == 2
            assert "is being written by another sweep" in capsys.readouterr().err
        table.add(row_of(CONFIGS[1]))
    assert len(read_sweep(path)) == 2


def test_a_link_is_followed_and_stays_a_link(tmp_path, path):
    target = tmp_path / "elsewhere" / "table.csv"
    target.parent.mkdir()
    path.symlink_to(target)
    begun(path)
    assert path.is_symlink() and len(read_sweep(target)) == 2
    with open_table(target, CONFIGS), pytest.raises(TableRefused, match="another sweep"), open_table(path, CONFIGS):
        pass


ODD = {
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link in a circle": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["out.csv", "out.csv.journal"])
def test_what_is_no_file_is_refused(path, name, make):
    make(path.with_name(name))
    with pytest.raises(TableRefused), open_table(path, CONFIGS, overwrite=True):
        pass
    assert [one.name for one in path.parent.iterdir()] == [name]


@pytest.mark.parametrize(
    "content", ["my notes\n", "my notes", '{"format": "of something else"}\n', "[]\n", "[" * 9_000]
)
def test_a_file_that_has_the_name_of_a_journal_by_chance_is_not_touched(path, content):
    beside = path.with_name("out.csv.journal")
    beside.write_text(content)
    with pytest.raises(TableRefused, match="in the way"), open_table(path, CONFIGS, overwrite=True):
        pass
    assert beside.read_text() == content


@pytest.mark.parametrize("content", [b"", b'{"for', b"\0" * 600, b'{"format": "sweep journal", "version": 1, "vers'])
def test_a_first_line_that_a_power_failure_cut_is_no_row(path, content):
    path.with_name("out.csv.journal").write_bytes(content)
    assert begun(path)


def test_a_journal_that_vanishes_is_an_error_and_not_a_row_in_the_void(path):
    with open_table(path, CONFIGS) as table:
        table.add(row_of(CONFIGS[0]))
        path.with_name("out.csv.journal").unlink()
        with pytest.raises(OSError, match="removed or replaced"):
            table.add(row_of(CONFIGS[1]))


def test_half_written_tables_are_removed_and_nothing_else(path):
    """As whoever next writes in a folder does, while nobody else is writing there."""
    ours = [path.with_name(name) for name in (".out.csv.ab12cd_4.partial", ".out2.csv.ab12cd_4.partial")]
    others = [path.with_name(name) for name in (".out.csv.mine.partial", ".notes.txt.ab12cd_4.partial", "x.partial")]
    for file in (*ours, *others):
        file.touch()
    begun(path)
    write_sweep(path, [])
    assert not any(file.exists() for file in ours) and all(file.exists() for file in others)


def test_a_full_disk_stops_the_sweep_with_the_rows_that_are_there_and_it_goes_on_from_them(path):
    command = [sys.executable, "-m", "tinyformer", "sweep", "--seeds", "1-4", *TINY, "--output", str(path)]

    def limited():  # no file may grow beyond it: writing fails as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_600, 2_600))

    stopped = subprocess.run(command, capture_output=True, text=True, preexec_fn=limited)
    rows = read_sweep(path)
    assert stopped.returncode == 1 and 1 <= len(rows) < 4 and "Traceback" not in stopped.stderr
    assert f"the {len(rows)} of 4 seeds that were done are in {path}" in stopped.stderr
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0 and again.stderr.count("sweep seed ") == 4 - len(rows)
    assert len(read_sweep(path)) == 4


@pytest.mark.parametrize("sign", mostly_slow([signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], signal.SIGKILL))
def test_what_is_done_is_on_the_disk_however_a_sweep_ends(path, sign):
    options = "--seeds 1-50 --size small --epochs 2 --width 8 --heads 2 --ffn-dim 8 --workers 1"
    command = [sys.executable, "-m", "tinyformer", "sweep", *options.split(), "--output", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline().startswith("sweep seed 1:")
        process.send_signal(sign)
        process.communicate(timeout=30)
    assert process.returncode == -sign and read_sweep(path)[0]["seed"] == 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
def test_a_sweep_whose_client_or_worker_was_killed_ends_with_the_table_of_an_undisturbed_one():
    script = Path(__file__).resolve().parents[1] / "benchmarks" / "sweep_kills.py"
    told = subprocess.run([sys.executable, script, "2", "3"], capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr


def die_at_two(settings):
    """A training whose process dies at seed 2. The module has it under its name, for the processes."""
    if settings["seed"] == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return [row_of(TrainingConfig.from_dict(settings)), 0.5]


def test_a_worker_that_dies_is_a_row_with_its_reason_and_the_others_go_on(monkeypatch):
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here.parent)]))
    monkeypatch.setattr(sweep, "train_row", die_at_two)
    die_at_two.__module__ = "test_journal"
    with ProcessExecutor(2) as executor:
        rows = sweep.sweep(CONFIGS, executor)
    assert [row["seed"] for row in rows] == [3, 1, 2] and [row["test_correct"] for row in rows[:2]] == [9, 9]
    assert "killed by signal 9 (SIGKILL)" in rows[2]["problem"] and rows[2]["num_examples"] == 200


class Broken:
    """An executor whose tasks end as they are told."""

    def __init__(self, outcomes):
        self.outcomes = iter(outcomes)

    def submit(self, function, settings):
        future, outcome = Future(), next(self.outcomes)
        future.set_exception(outcome) if isinstance(outcome, Exception) else future.set_result(outcome)
        return future


def test_what_a_worker_sends_is_a_row_only_if_it_could_be_read_again():
    outcomes = [MemoryError("no room"), "nonsense", (row_of(CONFIGS[2], test_loss=float("nan")), 1.0)]
    rows = sweep.sweep(CONFIGS, Broken(outcomes))
    assert [row["seed"] for row in rows] == [3, 1, 2] and all(row["problem"] for row in rows)
    assert rows[0]["problem"] == "MemoryError: no room" and "test_loss is nan" in rows[2]["problem"]
    with pytest.raises(ValueError, match="a side"):
        sweep.sweep(CONFIGS[:1], Broken([ValueError("a side is empty")]))


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
