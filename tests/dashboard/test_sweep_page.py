"""The sweep on the Evaluate page: the same figures as the command prints, also of a table that lacks some of them."""

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
