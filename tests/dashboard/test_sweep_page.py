"""The sweep on the Evaluate page: the same figures as the command prints, also of a table that lacks some of them."""

import os

import pytest

from dashboard.charts.bars import percent
from dashboard.evaluate import sweep_tables
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.sweeps.summary import held_out
from tinyformer.sweeps.table import read_sweep, write_sweep

STEPS = {"first": 100, "second": 300, "last": 125, "max": 200, "min": None}


@pytest.fixture
def page(app, folder):
    """page(rows) → the section with a table of these rows."""

    def show(rows):
        write_sweep(folder / "sweep-test.csv", rows)
        app.run()
        app.switch_page("views/evaluate.py").run()
        app.session_state["section"] = "sweep"
        app.run()
        assert not app.exception
        return app

    return show


@pytest.fixture(scope="module")
def shipped():
    """The rows of the sweep that ships."""
    return read_sweep(shipped_folder() / "sweep-medium.csv")


def test_steps_per_operation_stand_beside_those_of_all(page, shipped):
    rows = [
        row | {f"steps_to_99_{name}": step and step + 25 * place for name, step in STEPS.items()}
        for place, row in enumerate(shipped[:3])
    ]
    app = page(rows)
    (table,) = (frame.value for frame in app.dataframe if "fastest seed" in frame.value)
    second = table.set_index(sweep_tables.GOAL.lower()).loc["Second"]
    assert second[["fastest seed", "median", "slowest", "seeds that never did"]].tolist() == [300, 325, 350, 0]
    assert table["seeds that never did"].tolist() == [0, 0, 0, 0, 0, 3]
    right = held_out(rows)
    assert f"worst {percent(right.worst)} (seed {right.worst_seed})" in " ".join(text.value for text in app.caption)


def test_a_table_from_before_has_steps_for_all_expressions_only(shipped):
    old = [{name: row[name] for name in row if not name.startswith("steps_to_99_")} for row in shipped]
    table = sweep_tables.steps(old, old[0]["seed"])
    assert table.iloc[:, 0].tolist() == ["all expressions"] and table.iloc[0, 1] == old[0]["steps_to_99"]


DAMAGED = {
    "total-0": {"test_total": "0"},
    "negative": {"test_correct": "-3"},
    "more-than-all": {"test_correct": "496"},
    "30-digits": {"test_total": "9" * 30},
    "400-digits": {"seed": "1" * 400},
    "5000-digits": {"all_total": "1" * 5_000},
    "not-a-number": {"test_loss": "nan"},
    "twice": {"seed": "2"},
    "text": {"steps_to_99": "![](//host/x.png)"},
    "large-entropy": {"entropy_1_1": "1e300"},
}


def write_damaged(folder, shipped):
    """A copy of the table for each of DAMAGED, with cells of its first row replaced."""
    for name, cells in DAMAGED.items():
        write_sweep(folder / f"sweep-{name}.csv", [shipped[0] | cells, *shipped[1:3]])


def test_a_damaged_table_stands_in_the_list_with_its_reason_and_the_others_stay(page, folder, shipped):
    write_damaged(folder, shipped)
    (folder / "sweep-folder.csv").mkdir()
    app = page(shipped[:3])
    (chosen,) = (box for box in app.selectbox if box.label == "Sweep")
    assert chosen.value == "sweep-test" and "**Seed 1**" in " ".join(text.value for text in app.markdown)
    damaged = {option.removesuffix(" (damaged)") for option in chosen.options if option.endswith(" (damaged)")}
    assert damaged == {"sweep-folder", *(f"sweep-{name}" for name in DAMAGED)}
    listed = " ".join(text.value for text in app.caption)
    assert all(f"sweep-{name}.csv is not the table of a sweep" in listed for name in DAMAGED)
    chosen.select("sweep-total-0 (damaged)").run()
    assert not app.exception and "test_correct 495 of test_total 0" in app.error[0].value


HARMLESS = {
    "no problem column": ("problem", None),
    "no entropies": ("entropy", None),
    "the largest seed": ("seed", 2**63 - 1),
    "another operation": ("steps_to_99_median", 75),
    "several settings": ("epochs", 21),
    "never 99 %": ("steps_to_99", None),
    "no row that ended": ("problem", "![](//host/x.png) $x$ :material/home: <b>"),
}


@pytest.mark.parametrize(("column", "value"), HARMLESS.values(), ids=HARMLESS)
def test_an_odd_table_is_shown(page, folder, shipped, column, value):
    rows = [row | {column: value} for row in shipped[:1]] + ([] if column == "problem" else shipped[1:3])
    if column == "entropy":
        rows = [{name: cell for name, cell in row.items() if not name.startswith(column)} for row in rows]
    app = page(rows)
    if (column, value) == ("problem", None):
        text = (folder / "sweep-test.csv").read_text()
        (folder / "sweep-test.csv").write_text("\n".join(line.rpartition(",")[0] for line in text.splitlines()))
        app.run()
    assert not app.exception and not app.error
    if column == "steps_to_99_median":
        (table,) = (frame.value for frame in app.dataframe if "fastest seed" in frame.value)
        assert table.iloc[-1, 0] == "median" and table.iloc[-1, 1] == 75
    if column == "epochs":
        assert "several settings" in " ".join(text.value for text in app.caption)


def test_a_name_that_is_no_text_is_shown_with_question_marks(page, folder, tmp_path, shipped):
    data = tmp_path / "data" / "sweeps"
    data.mkdir(parents=True)
    write_sweep(folder / "t.csv", shipped[:2])
    (folder / "t.csv").rename(data / os.fsdecode(b"\xff![x](http:..).csv"))
    app = page(shipped[:3])
    (chosen,) = (box for box in app.selectbox if box.label == "Sweep")
    chosen.select("?![x](http:..)").run()
    assert not app.exception and not app.error
