"""What the curves of the Train page show: each spike, each look, one scale for all, and what tells runs apart."""

import itertools
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dashboard import visitor_runs
from dashboard.charts import live as charts
from dashboard.train import curves, labels, live
from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.metrics import STEP_COLUMNS
from tinyformer.runs import create_run, train_run
from tinyformer.runs.log_reader import LogSummary

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
CONFIG = TrainingConfig(num_examples=2_000, epochs=6, seed=5, batch_size=16, model=TINY)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = create_run(CONFIG, tmp_path_factory.mktemp("runs") / "run")
    train_run(run)
    return run


@pytest.fixture
def one(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path))
    monkeypatch.setattr(visitor_runs, "is_mine", lambda run: True)
    return visitor_runs.with_looks([run])[0]


def summary(losses):
    rows = np.zeros((len(losses), len(STEP_COLUMNS)))
    rows[:, 0], rows[:, 1] = np.arange(1, len(losses) + 1), losses
    nothing = LogSummary()
    return nothing._replace(steps=nothing.steps.extended(rows), first=rows[:64])


def test_the_first_steps_are_drawn_one_by_one_and_a_spike_is_in_the_band(one):
    losses = np.full(5_000, 0.01)
    losses[[3, 3_000]] = 4.84
    rows, length = curves.training(one, summary(losses), "loss")
    assert [row[2] for row in rows[:64]] == list(range(1, 65)) and length == 32 and len(rows) < 240
    assert rows[3][3:] == (4.84, 4.84, 4.84)
    (spike,) = [row for row in rows[64:] if row[5] > 1]
    assert spike[3] < 0.2 and spike[4:] == (0.01, 4.84) and spike[2] - 32 < 3_001 <= spike[2]
    steps = [row[2] for row in rows]
    assert steps == sorted(set(steps)) and steps[-1] == 5_000


def test_validation_has_the_looks_and_the_epochs(one, run):
    rows = curves.validation(one, visitor_runs.log(run), run.looks(), "accuracy")
    looked, epochs = run.looks(), run.log()
    expected = dict(zip(looked.column("step"), looked.column("accuracy"), strict=True))
    expected |= dict(zip(epochs.epoch_column("step"), epochs.epoch_column("accuracy"), strict=True))
    assert {row[2]: row[3] for row in rows} == expected and len(rows) > 20


def test_a_mean_over_seeds_is_drawn_where_all_seeds_are():
    rows = [
        ("a", "validation", 1, 0.2, 0.2, 0.2),
        ("b", "validation", 1, 0.6, 0.6, 0.6),
        ("a", "validation", 2, 1, 1, 1),
    ]
    assert curves.mean_and_band("both", rows) == [("both", "validation", 1, 0.4, 0.2, 0.6)]


def test_what_comes_last_is_said_last():
    def rows(*values):
        return [("run", "validation", step, value, value, value) for step, value in values]

    reached = {"Second": rows((100, 0.5), (350, 0.98)), "First": rows((100, 0.9), (150, 0.97), (350, 0.5))}
    assert curves.arrivals(reached) == "First at step 150, and last Second at step 350"
    assert curves.arrivals(reached | {"Max": rows((350, 0.9))}).endswith("Second at step 350; not yet: Max")
    assert curves.arrivals({"Max": rows((350, 0.9))}) == ""


def test_of_those_that_came_together_none_is_last():
    def came(**steps):
        return curves.arrivals({name: [("run", "validation", step, 1, 1, 1)] for name, step in steps.items()})

    assert came(First=150, Last=150) == "First at step 150, Last at step 150"
    assert came(Max=150, First=100, Last=150) == "First at step 100, Max at step 150, Last at step 150"
    assert came(Max=100, First=100, Last=150) == "Max at step 100, First at step 100, and last Last at step 150"


def test_a_mean_has_another_band_than_a_run_and_both_curves_are_spoken_of(run):
    looks = {"a": run.looks()}
    (part,) = set(run.looks().column("expressions").astype(int))
    for layout in (live.ONE_CHART, live.SMALL_MULTIPLES, live.MEAN):
        said, mean = live.explanation(32, 1, looks, layout), layout == live.MEAN
        assert said.startswith("Thin: {loss} or accuracy on the examples it learns from, means of up to 32 steps")
        assert f"between epochs on {part} of it, drawn once" in said
        assert ("in a band from the least to the greatest" in said) != mean
        assert ("by their seed alone are one line: their mean, in a band from the lowest value" in said) == mean
    assert "each step. Thick" in live.explanation(1, 1, {}, live.ONE_CHART) and curves.asked([]) == ""


def test_a_chart_reads_all_curves_at_a_step_and_its_spec_stays_while_it_grows():
    looks = [("a", "#000000", "circle"), ("b", "#111111", "square")]
    rows = [("a", charts.TRAINING, 1, 3.0, 3.0, 3.0), ("a", charts.VALIDATION, 1, 2.0, 2.0, 2.0),
            ("b", charts.VALIDATION, 2, 1.0, 1.0, 1.0), ("a", charts.VALIDATION, 2, 1.5, 1.5, 1.5)]  # fmt: skip
    figure = charts.learning(rows, looks, "Loss", "loss", log=True, log_steps=True, frame=[(1, 0.5), (9, 4.0)])
    here = figure.data[figure.data["series"] == charts.HOVER].set_index("step")
    assert here.loc[2, ["validation0", "validation1"]].tolist() == [1.5, 1.0]
    assert here.loc[1, ["training0", "validation0"]].tolist() == [3.0, 2.0] and np.isnan(here.loc[1, "validation1"])
    assert figure.data[figure.data["series"] == charts.FRAME]["step"].tolist() == [1, 9]
    assert charts.learning(rows[:1], looks, "Loss", "loss", log=True, log_steps=True).spec is figure.spec


def test_runs_are_told_apart_by_what_differs(tmp_path):
    folders = (tmp_path / str(number) for number in itertools.count())

    def told(*configs):
        runs = [create_run(config, next(folders)) for config in configs]
        return [label for label, _ in labels.of_runs(runs)]

    fast, other = replace(CONFIG, learning_rate=0.02), replace(CONFIG, seed=6)
    assert told(CONFIG) == ["seed 5"]
    assert told(CONFIG, other) == ["seed 5", "seed 6"]
    assert told(CONFIG, fast) == ["learning rate 0.002", "learning rate 0.02"]
    assert told(CONFIG, other, fast)[2] == "seed 5, learning rate 0.02"
    assert told(CONFIG, replace(CONFIG, model=replace(TINY, scale_attention=False)))[1] == "scores divided by √d no"
    assert len(set(told(CONFIG, CONFIG))) == 2
    assert labels.of_config(TrainingConfig(seed=9)) == ""
    assert labels.of_config(TrainingConfig(learning_rate=0.02, num_args=(2, 4))) == (
        "numbers per expression 2 to 4, learning rate 0.02"
    )


def test_looks_are_quick_until_there_is_a_curve_and_seldom_where_little_moves(monkeypatch):
    """A training that began a moment ago keeps the pace of all; what has ended has no say."""
    states, steps = {}, {}
    monkeypatch.setattr(live.visitor_runs, "status", lambda run: SimpleNamespace(state=states[run]))
    monkeypatch.setattr(live.visitor_runs, "log", lambda run: SimpleNamespace(step=steps[run]))

    def pace(**runs):
        states.update({name: state for name, (state, _) in runs.items()})
        steps.update({name: step for name, (_, step) in runs.items()})
        return live.pace_of([SimpleNamespace(id=name, run=name) for name in runs])

    assert pace(a=("running", 0), b=("queued", 0)) == live.SOON
    assert pace(a=("running", 1), b=("queued", 0)) == live.SECONDS
    assert pace(a=("running", 1000), b=("running", 5000)) == live.SECONDS
    assert pace(a=("running", 1001), b=("running", 5000)) == live.LATER > live.SECONDS
    assert pace(a=("running", 1001), b=("finished", 500)) == live.LATER
    assert pace(a=("finished", 500)) is None and pace() is None


def test_of_more_epochs_than_marks_one_mark_is_a_mean_of_several_and_it_is_said(run):
    log = visitor_runs.log(run)
    assert curves.epochs_of_a_mark(log) == 1 and "(means of up to" not in live.explanation(1, 1, {}, live.ONE_CHART)
    hundred = log.epochs.extended(np.repeat(log.epochs.sums[:1], 100 - log.epochs.rows, axis=0))
    assert curves.epochs_of_a_mark(log._replace(epochs=hundred)) == 2
    assert "after each {epoch} (means of up to 2)" in live.explanation(1, 2, {}, live.ONE_CHART)
