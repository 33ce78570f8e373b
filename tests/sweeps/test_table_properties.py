"""Whatever a file holds: its rows, of which all that a page shows can be computed, or a SweepTableError."""

import sys

import pytest

pytest.importorskip("hypothesis", reason="needs Hypothesis")

from hypothesis import example, given, settings
from hypothesis import strategies as some

from tinyformer.sweeps.summary import held_out, steps_to_goal, trained
from tinyformer.sweeps.table import RESULTS, SETTINGS, SweepTableError, columns_of, read_sweep, table_text

ROW = {"seed": 1, "data_seed": 0, "num_examples": 10, "epochs": 1, "batch_size": 2, "learning_rate": 0.5}
ROW |= {"parameters": 4, "steps_to_99": 25, "best_step": 30, "test_correct": 9, "test_total": 10, "test_loss": 0.1}
ROW |= {"all_correct": 40, "all_total": 50, "steps_to_99_max": 25, "entropy_1_1": 0.5, "problem": None}

digits = some.integers(1, 5_000).map(lambda count: "9" * count)
numbers = some.one_of(some.integers().map(str), some.floats().map(repr), digits, some.just(""))
cells = some.one_of(numbers, numbers, some.text(max_size=20), some.sampled_from(["![](//h/x)", "１２", "1_0", "0x1"]))
names = some.one_of(some.sampled_from(columns_of([ROW])), some.text(max_size=12), some.just("steps_to_99_sum"))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("sweeps") / "sweep.csv"


def read(path, content):
    """The rows, and all that is computed of them; None if the file is refused."""
    path.write_bytes(content)
    try:
        rows = read_sweep(path)
    except SweepTableError as error:
        assert "\n" not in str(error) and "sweep.csv" in str(error) and len(str(error)) < 400
        return None
    assert len({row["seed"] for row in rows}) == len(rows) > 0
    done = trained(rows)
    assert all(0 <= row["test_correct"] <= row["test_total"] < 2**63 for row in done)
    if done:
        right = held_out(done)
        assert 0 <= right.worst <= right.best <= 1 and right.worst_seed in [row["seed"] for row in done]
        assert steps_to_goal(done)[0].what == "all"
    return rows


@settings(max_examples=150, deadline=None)
@given(rows=some.lists(some.dictionaries(names, cells, max_size=3), min_size=1, max_size=4))
@example([{"test_total": "0"}])
@example([{"test_correct": "-1"}])
@example([{"test_correct": "11"}])
@example([{"seed": "1"}, {"seed": "1"}])
@example([{"test_loss": "nan"}])
@example([{"test_total": "9" * 400}])
def test_a_table_with_other_cells_is_read_or_refused(path, rows):
    known = set(columns_of([ROW]))
    rows = [ROW | {"seed": place} | {n: c for n, c in row.items() if n in known} for place, row in enumerate(rows)]
    read(path, table_text(rows))


@settings(max_examples=100, deadline=None)
@given(header=some.lists(names, max_size=25), lines=some.lists(some.lists(cells, max_size=25), max_size=3))
def test_a_table_with_another_header_is_read_or_refused(path, header, lines):
    text = "\n".join(",".join(line) for line in [[*SETTINGS, *RESULTS, *header], *lines])
    read(path, text.encode(errors="replace"))


@settings(max_examples=100, deadline=None)
@given(content=some.binary(max_size=300), place=some.integers(0, 400))
def test_bytes_of_any_kind_are_read_or_refused(path, content, place):
    read(path, content)
    whole = table_text([ROW])
    read(path, whole[:place] + content + whole[place:])


@settings(max_examples=50, deadline=None)
@given(
    right=some.integers(0, 10**6),
    more=some.integers(1, 10**12),
    loss=some.floats(0, 1e30),
    seeds=some.sets(some.integers(0, 2**63 - 1), min_size=1),
)
def test_what_is_written_is_what_is_read(path, right, more, loss, seeds):
    rows = [ROW | {"seed": s, "test_correct": right, "test_total": right + more, "test_loss": loss} for s in seeds]
    back = read(path, table_text(rows))
    assert [{name: row.get(name) for name in ROW} for row in back] == rows


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
