"""The sections of the Evaluate page show what `page_figures` has: figures that a command can print."""

import json
from functools import partial

import numpy as np
import pytest
from app_reading import frames

from dashboard.evaluate import mistakes
from tinyformer import load_checkpoint
from tinyformer.evaluation.page_figures import page_figures
from tinyformer.evaluation.report import whole_space
from tinyformer.task.datasets import SIDES

pytestmark = pytest.mark.slow  # it asks what every section shows, twice: on the page, and for the command line


@pytest.fixture
def page(evaluate_page):
    """The page Evaluate with one model."""
    return partial(evaluate_page, models=["seed-42"])


@pytest.fixture
def figures(folder):
    checkpoint = load_checkpoint(folder / "seed-42.npz")
    found = page_figures(checkpoint, *whole_space(checkpoint))
    return json.loads(json.dumps(found, allow_nan=False))


@pytest.mark.parametrize("side", ["test", "all"])
def test_confusion_calibration_and_places(page, figures, side):
    of = figures["sides"][side]
    cells = frames(page("mistakes", side=side), "truth", "answer", "count")[0]
    shown = cells.set_index(["truth", "answer"])["count"]
    names = [*map(str, range(10)), "other"]
    for truth, row in enumerate(of["confusion"]):
        assert [shown.get((truth, name), 0) for name in names] == row
    app = page("calibration", side=side)
    bins = frames(app, "start", "confidence", "accuracy")[0]
    assert bins[["count", "confidence", "accuracy", "low"]].to_numpy().tolist() == [
        [row["count"], row["confidence"], row["accuracy"], row["accuracy" if side == "all" else "low"]]
        for row in of["reliability"]
    ]
    bands = frames(app, "band", "verdict")[0]
    assert bands["count"].tolist() == [
        band[verdict] for band in of["confidence_bands"] for verdict in ("right", "wrong")
    ]
    rows = frames(page("mistakes", side=side, place="last"), "group", "correct")[0]
    expected = [row for row in of["places"]["last"] if row["total"]]
    assert rows["correct"].tolist() == [row["correct"] for row in expected]
    high = "accuracy" if side == "all" else "high"  # what was counted completely has no interval
    assert rows["high"].tolist() == [row[high] for row in expected]


def test_every_mistake(page, figures):
    table = page("mistakes", side="all").dataframe[1].value
    wrong = table[table["verdict"] == "wrong"].set_index("expression")
    assert len(wrong) == len(figures["wrong"]) > 0
    for one in figures["wrong"]:
        row = wrong.loc[one["expression"]]
        assert (row["answered"], row["right answer"]) == (one["answered"], one["answer"])
        np.testing.assert_allclose(row[mistakes.RIGHT], 100 * one["probability_of_answer"])
        assert one["side"] in SIDES
        assert row["in training"].startswith("trained on") == (one["times_drawn"] > 0)


def test_lengths_and_number_sense(page, figures):
    lengths = frames(page("lengths"), "num_args", "accuracy")[0]
    assert lengths["correct"].tolist() == [row["correct"] for row in figures["lengths"]]
    assert lengths["confidence"].tolist() == [row["confidence"] for row in figures["lengths"]]
    sense = page("embeddings").dataframe[1].value
    assert sense["rank correlation"][0] == figures["number_sense"]["correlation"]
    assert sense["by chance"][0] == 100 * figures["number_sense"]["by_chance"]
