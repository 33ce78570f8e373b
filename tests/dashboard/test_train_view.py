"""The Train page without a browser: what is asked for is trained, what is shown is what the runs say."""

import re
import time
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from app_reading import charts, frames

from dashboard import visitor_runs, workers
from dashboard.charts import bars
from dashboard.selection import DEFAULT_EXPRESSION
from dashboard.train import advanced, limits, rules, table, what_if
from dashboard.train.experiments import EXPERIMENTS
from dashboard.train.rules import Rules
from tinyformer import (
    TrainingConfig,
    Transformer,
    TransformerConfig,
    extract_attention_weights,
    interpret,
    load_checkpoint,
    parse_expression,
)
from tinyformer.evaluation.leak import measure_leak
from tinyformer.laboratory.microscope import batch_of, take_step
from tinyformer.runs import RunError, create_run, list_runs, train_run
from tinyformer.task.training_data import prepare_data

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
CONFIG = TrainingConfig(num_examples=400, epochs=3, seed=5, model=TINY)


@pytest.fixture
def page(app):
    app.run()
    return app.switch_page("views/train.py")


@pytest.fixture
def run(folder):
    """A run that has ended."""
    run = create_run(CONFIG)
    train_run(run)
    return run


def set_up(page, **values):
    for key, value in values.items():
        element = {"seeds": page.text_input, "size": page.button_group}.get(key, page.number_input)(key=key)
        element.set_value(value)
    return page


def button(page, label):
    return next(b for b in page.button if b.label == label)


def button_of(page, label):
    return [b for b in page.button if b.label == label]


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_start_trains_each_seed_in_a_process_and_shows_what_it_logs(page):
    page.run()
    set_up(page, seeds="3, 8", epochs=1, size="small · 1K")
    page.run()
    button(page, "Start training").click().run()
    assert not page.exception
    assert sorted(run.config.seed for run in list_runs()) == [3, 8]
    assert all(run.config == TrainingConfig(num_examples=1_000, epochs=1, seed=run.config.seed) for run in list_runs())
    wait_for(lambda: all(run.status().state == "finished" for run in list_runs()))
    page.run()
    assert page.text_input(key="seeds").value == "3, 8"
    _, frame, description = charts(page)[0]
    for run in list_runs():
        own = frame[frame["model"] == f"seed {run.config.seed}"]
        assert own[own["series"] == "training"]["value"].tolist() == run.log().step_column("loss").tolist()
        assert own[own["series"] == "validation"]["value"].tolist() == run.log().epoch_column("loss").tolist()
    assert "seed 3, validation: " in description
    offered = page.sidebar.multiselect(key="models").options
    assert sum(name.startswith(("seed-3-", "seed-8-")) for name in offered) == 2  # selectable on every page


def test_the_command_that_is_shown_makes_the_same_configuration(page):
    from tinyformer.cli import build_parser
    from tinyformer.cli.options import training_config

    page.run()
    set_up(page, seeds="3", epochs=7, lr=0.01).run()
    words = page.code[0].value.split()
    assert words[:3] == ["python", "-m", "tinyformer"]
    args = build_parser().parse_args(words[3:])
    assert args.run and training_config(args, seed=args.seed) == TrainingConfig(epochs=7, learning_rate=0.01, seed=3)


@pytest.mark.parametrize("seeds, complaint", [
    ("forty-two", 'got "forty-two"'), ("1, , 2", "whole numbers"), ("8-1", "try 1-8"), ("1-9", "at most 8"),
])  # fmt: skip
def test_a_seed_list_that_is_none_is_refused_before_anything_starts(page, seeds, complaint):
    page.run()
    set_up(page, seeds=seeds).run()
    assert complaint in page.error[0].value
    assert button(page, "Start training").disabled
    assert list_runs() == []


@pytest.mark.parametrize("label, value, complaint", [
    ("Heads", 5, "Width must be a multiple of Heads, got 64 and 5: try Heads=4"),
    ("Feed-forward width", 16384, "parameters, the limit is 2,000,000"),
    ("Batch size", 1, "steps are too many"),
])  # fmt: skip
def test_settings_are_checked_as_one_types_and_in_the_words_of_the_page(page, label, value, complaint):
    page.run()
    set_up(page, epochs=1000)
    next(n for n in page.number_input if n.label == label).set_value(value)
    page.run()
    assert complaint in page.error[0].value
    assert button(page, "Start training").disabled


GIANT = {"width": "8", "heads": "8", "layers": "7", "ffn": "16384", "batch": "4096", "numbers": ["2", "8"]}


@pytest.fixture
def large_machine(monkeypatch):
    monkeypatch.setattr("tinyformer.memory.machine_bytes", lambda: workers.SIDE_BY_SIDE * (8 << 30))


def test_a_link_to_a_training_of_31_gb_says_what_would_fit(page, large_machine):
    page.query_params.update(GIANT | {"size": "large · 100K", "seeds": "1-8"})
    page.run()
    assert "of memory, the limit is 1.0 GB; with a batch of 128 it takes" in page.error[0].value
    assert button(page, "Start training").disabled
    next(n for n in page.number_input if n.label == "Batch size").set_value(128).run()
    assert not page.error and "MB of at most 1.0 GB of memory" in " ".join(one.value for one in page.caption)


def test_a_training_from_a_file_is_held_to_the_same_limit(folder, large_machine):
    from dashboard import visitor_runs

    with pytest.raises(RunError, match=r"the limit is 1\.0 GB"):
        visitor_runs.start([TrainingConfig(num_examples=10_000_000, num_args=20)])
    assert list_runs() == []
    run = create_run(TrainingConfig(num_examples=10_000_000, num_args=20))  # in a terminal, where it was allowed
    with pytest.raises(RunError, match=r"the limit is 1\.0 GB"):
        visitor_runs.workers().submit(run)


def test_a_link_sets_every_setting(page):
    settings = {
        "size": "small · 1K", "seeds": "9", "epochs": "7", "lr": "0.01", "width": "32", "heads": "2", "layers": "3",
        "ffn": "96", "norm": "pre", "pooling": "mean", "positions": "learned", "scale": "no", "drop": "0.1",
        "optimizer": "sgd", "schedule": "constant", "batch": "16", "numbers": ["2", "4"], "held": "0.4", "clip": "0",
        "decay": "0.01",
    }  # fmt: skip
    assert set(advanced.KEYS) <= set(settings)
    page.query_params.update(settings)
    page.run()
    assert not page.exception and not page.error
    assert page.session_state[advanced.OPEN]  # what was set is seen
    button(page, "Start training").click().run()
    (run,) = list_runs()
    assert run.config == TrainingConfig(
        num_examples=1_000, epochs=7, seed=9, learning_rate=0.01, optimizer="sgd", schedule="constant", batch_size=16,
        num_args=(2, 4), shares=(0.6, 0.2, 0.2), clip_norm=None, weight_decay=0.01,
        model=TransformerConfig(embed_dim=32, num_heads=2, num_layers=3, ffn_dim=96, norm="pre", pooling="mean",
                                positions="learned", scale_attention=False, dropout=0.1),
    )  # fmt: skip
    assert not page.session_state[advanced.OPEN]  # it makes room for the curves


def test_a_default_page_asks_for_the_default_training(page):
    page.run()
    assert not page.exception and not page.error
    assert "Start training" in page.info[0].value
    said = limits.statement(TrainingConfig(), workers.SIDE_BY_SIDE, workers.CORES, workers.MOST_PER_OWNER)
    assert any(said in caption.value for caption in page.caption)


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda experiment: experiment.title)
def test_an_experiment_changes_one_thing(experiment):
    reference = TrainingConfig(seed=4)
    ((title, changed),) = experiment.runs(reference).items()
    before, after = (vars(c) | vars(c.model) for c in (reference, changed))
    assert len([name for name in before if name != "model" and before[name] != after[name]]) == 1
    prepare_data(changed)
    assert reference.seed == changed.seed == 4 and experiment.is_shown([title])


def test_what_is_said_of_an_experiment_holds_for_every_shape():
    """They are offered to runs of any: no number of theirs is one of the default's, but the one that says so."""
    said = {experiment.title: experiment.look_for for experiment in EXPERIMENTS}
    numbers = {title: re.findall(r"\d[\d,]*", text) for title, text in said.items()}
    assert {title: found for title, found in numbers.items() if found} == {
        "one layer": ["100"], "200 expressions": ["200", "100"], "split by draw": ["10,000"],
    }  # fmt: skip
    assert "of 10,000 draws of three numbers, the default, four of five" in said["split by draw"]
    data = prepare_data(TrainingConfig(num_examples=10_000, split_by="draw"))
    trained_on = set(map(tuple, data.train.tokens.tolist()))
    assert round(5 * np.mean([tuple(tokens) in trained_on for tokens in data.test.tokens.tolist()])) == 4
    limited = prepare_data(TrainingConfig(train_limit=200)).train.tokens
    assert len(set(map(tuple, limited.tolist()))) == 200


def test_scores_without_a_division_spread_the_more_the_wider_heads_are():
    tokens = parse_expression(DEFAULT_EXPRESSION).tokens
    spreads = []
    for num_heads in (16, 4, 1):
        model = Transformer(TransformerConfig(num_heads=num_heads, scale_attention=False), seed=4)
        spreads.append(interpret.trace(model, tokens)["blocks.0.attn.scores"].std())
    assert spreads == sorted(spreads) and spreads[2] > 2 * spreads[0]


def test_of_a_rule_fewer_than_100_expressions_must_all_be_right_for_99_percent_of_more_but_one():
    totals = [len(prepare_data(config).validation.targets) for config in Rules().runs(TrainingConfig()).values()]
    assert (min(totals), max(totals)) == (83, 115) and "83 to 115" in rules.LOOKED_AT
    for total in totals:
        allowed = next(wrong for wrong in range(total) if (total - wrong - 1) / total < rules.GOAL)
        assert allowed == (total >= 100)


def test_which_rules_is_said_to_be_no_change_of_the_run(page, run):
    page.run()
    (said,) = (one.value for one in page.markdown if one.value.startswith("**What if"))
    assert said.endswith("beside it; *which rules* trains new models instead, one for each of six rules:")
    assert len(Rules().names) == 6
    assert button_of(page, "which rules") and Rules() not in EXPERIMENTS
    changed = Rules().runs(run.config).values()
    assert all(config.operations != run.config.operations and config.model != run.config.model for config in changed)


def test_the_table_of_rules_sees_what_is_reached_within_an_epoch_and_the_best_that_the_run_tells(page):
    config = replace(Rules().runs(TrainingConfig())["rule Max"], epochs=1)
    run = create_run(config, label="rule Max")
    train_run(run)
    page.run()
    (row,) = next(one.value for one in page.dataframe if "steps to 99 %" in one.value).to_dict("records")
    status, looks = run.status(), run.looks()
    first = min(looks.column("step")[looks.column("accuracy") >= 0.99])
    assert row["steps to 99 %"] == f"{first:,.0f}" and first < run.log().step / 2
    assert row["best on the validation side"] == bars.percent(status.best_accuracy)
    stopped = create_run(config, label="rule Max")
    stopped.request("stop")
    train_run(stopped)
    page.multiselect(key=table.SHOWN).set_value([stopped.id]).run()
    (row,) = next(one.value for one in page.dataframe if "steps to 99 %" in one.value).to_dict("records")
    assert row["steps to 99 %"] == "stopped before: not begun"


def test_which_rules_trains_each_of_them_even_beside_a_run_that_is_one_of_them():
    max_run = Rules().runs(TrainingConfig())["rule Max"]
    assert len(what_if._fitting(Rules(), max_run)) == len(Rules().names)


def test_the_first_arrivals_say_on_how_many_they_were_measured(page, monkeypatch):
    monkeypatch.setattr("dashboard.train.curves.GOAL", 0.0)  # it has learned nothing
    run = create_run(replace(CONFIG, num_examples=1_600, batch_size=8))
    train_run(run)
    page.run()
    (said,) = (one.value for one in page.caption if one.value.startswith("Validation accuracy first reached"))
    (asked,) = set(run.looks().column("expressions").astype(int))
    assert f"Between epochs, each run is asked {asked} expressions of its validation side." in said
    assert "and last" not in said  # all at the first look
    assert asked < len(prepare_data(run.config).validation.targets)


def test_an_experiment_is_offered_where_a_run_has_ended_and_appears_beside_it(page, run, monkeypatch):
    from dashboard import visitor_runs

    monkeypatch.setattr(visitor_runs.workers(), "submit", lambda run: None)
    page.run()
    assert not [b for b in page.button if b.label == "one layer"]  # that is what it has
    button(page, "one head").click().run()
    shown = page.multiselect(key="_runs_shown").value
    configs = {run.id: run.config for run in list_runs()}
    assert shown[0] == run.id and [configs[run_id].model.num_heads for run_id in shown] == [2, 1]
    assert replace(configs[shown[1]].model, num_heads=2) == TINY and configs[shown[1]].seed == CONFIG.seed
    assert "one point of view" in page.info[0].value  # what to look for stays in sight
    assert charts(page)[0][1]["model"].unique().tolist()[:1] == ["heads 2"]  # told apart by what differs
    assert [b.label for b in page.button if b.key and b.key.endswith(shown[1])] == ["Resume"]  # no step: none to keep


def test_watching_it_form_shows_the_snapshots_own_attention(page, run):
    page.session_state["_runs_shown"] = [run.id]
    page.run()
    page.button_group(key="closer").set_value("Watch it form").run()
    assert not page.exception
    for step in (run.snapshot_steps()[3], run.snapshot_steps()[-1]):
        page.select_slider(key="after").set_value(step).run()
        tokens = parse_expression(DEFAULT_EXPRESSION).tokens
        weights = extract_attention_weights(run.snapshot(step), tokens)[:, 0, :, 0]
        looks = next(frame for _, frame, _ in charts(page) if {"head", "key", "weight"} <= set(frame))
        np.testing.assert_allclose(looks["weight"], weights.ravel(), atol=1e-6)
        (course,) = frames(page, "place", "accuracy")
        (here,) = course[course["accuracy"].isna()].itertuples()
        assert here.step == step and run.snapshot_steps()[int(here.place)] == step  # the slider's scale is the chart's


@pytest.mark.slow
def test_a_training_is_played_from_step_to_step_and_rests_at_its_end(page, run):
    page.session_state["_runs_shown"] = [run.id]
    page.run()
    button(page, "▶ Play it").click().run()
    steps, seen = run.snapshot_steps(), []
    while button_of(page, "❙❙ Rest"):
        seen.append(page.select_slider(key="after").value)
        assert len(charts(page)) == 2 + 5 + 4  # the same all the time
        page.run()
    assert not page.exception
    assert seen == steps[1 : len(seen) + 1] and page.select_slider(key="after").value == steps[-1]
    button(page, "▶ Play").click().run()
    assert page.select_slider(key="after").value in steps[1:3]  # from the beginning
    button(page, "❙❙ Rest").click().run()
    rests = page.select_slider(key="after").value
    assert page.run().select_slider(key="after").value == rests


def test_once_a_run_is_there_the_form_is_a_line_and_what_was_trained_last_is_shown(page, run):
    page.run()
    assert page.multiselect(key="_runs_shown").value == [run.id] and not page.session_state["form"]
    kinds = [title for title in (spec.get("title") for spec, _, _ in charts(page)) if isinstance(title, str)]
    assert kinds == ["Loss", "Accuracy", "First", "Second", "Last", "Max", "Min"]


def test_nothing_comes_before_the_first_curve(page, folder, monkeypatch):
    run = create_run(CONFIG)
    monkeypatch.setattr(visitor_runs, "status", lambda run: run.status()._replace(state="running"))
    page.query_params["run"] = run.id
    assert "Your runs" not in [header.value for header in page.run().header] and len(charts(page)) == 2
    train_run(run)
    assert "Your runs" in [header.value for header in page.run().header] and len(charts(page)) == 2 + 5


def test_one_for_each_run_shares_its_axes(page, run):
    other = create_run(replace(CONFIG, epochs=2, seed=6))
    train_run(other)
    page.session_state["_runs_shown"] = [run.id, other.id]
    page.session_state["curves"] = "one for each run"
    page.run()
    assert not page.exception
    for one, two in (charts(page)[0:2], charts(page)[2:4]):
        frame_of_both = [frame[frame["series"] == "frame"][["step", "value"]].to_numpy() for _, frame, _ in (one, two)]
        np.testing.assert_array_equal(*frame_of_both)
        assert frame_of_both[0][:, 0].tolist() == [1, max(run.log().step, other.log().step)]


def test_the_mean_over_seeds_is_one_line_for_each_setting(page, run):
    others = [create_run(config) for config in (replace(CONFIG, seed=6), replace(CONFIG, batch_size=64))]
    for other in others:
        train_run(other)
    page.session_state["_runs_shown"] = [run.id, *(other.id for other in others)]
    page.session_state["curves"] = "mean over seeds"
    page.run()
    assert not page.exception
    _, frame, _ = charts(page)[0]
    names = [name for name in frame["model"].unique() if name]
    assert names == ["batch size 32, mean of 2 seeds", "seed 5, batch size 64"]
    end = frame[(frame["model"] == names[0]) & (frame["series"] == "validation")].iloc[-1]
    losses = [one.log().epoch_column("loss")[-1] for one in (run, others[0])]
    assert end["value"] == pytest.approx(np.mean(losses)) and [end["low"], end["high"]] == sorted(losses)


def test_the_microscope_opens_below_its_own_break(page, run):
    page.session_state["_runs_shown"] = [run.id]
    page.session_state["closer"] = "One step under the microscope"
    page.run()
    breaks = next(metric.value for metric in page.metric if metric.label.startswith("The promise breaks"))
    assert 0 < page.select_slider(key="eta").value < float(breaks.removeprefix("> "))


def test_the_microscope_shows_the_engines_step(page, run):
    page.session_state["_runs_shown"] = [run.id]
    page.run()
    page.button_group(key="closer").set_value("One step under the microscope").run()
    assert not page.exception
    step = next(s for s in page.select_slider if s.label == "Weights after step").value
    batch = batch_of(CONFIG, prepare_data(CONFIG), step + 1)
    taken = take_step(run.snapshot(step), batch, page.select_slider(key="eta").value)
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Loss before"] == f"{taken.loss_before:.4f}" and shown["True change"] == f"{taken.true_change:+.4f}"
    assert shown["Promised change, −η‖g‖²"] == f"{taken.predicted_change:+.4f}"


def test_a_damaged_run_is_named_and_the_others_are_listed(page, run):
    broken = create_run(CONFIG)
    (broken.path / "config.json").write_text("{")
    page.run()
    assert not page.exception
    table = page.dataframe[0].value
    states = dict(zip(table["run"], table["state"], strict=True))
    assert "damaged" in states[broken.id] and "finished" in next(s for name, s in states.items() if name != broken.id)
    page.multiselect(key="_runs_shown").set_value([broken.id, run.id]).run()
    assert not page.exception
    assert "config.json" in page.error[0].value
    assert len(charts(page)) > 2  # of the other


def test_a_log_that_was_altered_is_said_beside_its_run_and_drawn_without_what_was(page, run):
    with open(run.path / "steps.f64", "r+b") as file:
        file.seek(9)
        file.write(b"\x55")
    page.query_params["run"] = run.id
    page.run()
    assert not page.exception
    lines = [
        part.proto.body
        for part in page.get("html")
        if "tf-lost" in part.proto.body and "<style>" not in part.proto.body
    ]
    assert len(lines) == 1 and "steps of its log, from 1 to" in lines[0]
    assert "unconfirmed" not in lines[0]


def test_marks_in_the_table_of_runs_do_not_move_to_other_runs(page, run):
    """They are places in it: after a deletion, the next run would stand where "delete" was asked for."""
    page.run()
    before = page.dataframe[0].proto.id
    page.run()
    assert page.dataframe[0].proto.id == before
    create_run(CONFIG)
    page.run()
    assert page.dataframe[0].proto.id != before


@pytest.fixture
def shared_page(app, monkeypatch):
    """On a server that is shared, seen by a visitor whose browser has a cookie."""
    monkeypatch.setenv("TINYFORMER_SHARED", "1")
    monkeypatch.setattr("dashboard.visitors._token", lambda: "a-cookie-of-this-visitor")
    app.run()
    return app.switch_page("views/train.py")


def test_on_a_shared_server_runs_are_their_owners_and_a_link_lets_watch_only(shared_page):
    page = shared_page
    other = create_run(CONFIG, owner="somebody else")
    train_run(other, wish=lambda: "pause")
    nobodys = create_run(CONFIG)
    page.session_state["_runs_shown"] = [other.id, nobodys.id]
    page.run()
    assert not page.exception
    assert page.multiselect(key="_runs_shown").value == [other.id]  # the other was made on this machine, for itself
    assert not [b for b in page.button if b.label in ("Resume", "Pause", "Stop training")]
    assert len(page.dataframe) == 0  # no runs of one's own
    assert nobodys.id in page.warning[0].value


def test_a_visitors_own_run_is_theirs_to_end(shared_page):
    page = shared_page.run()
    set_up(page, seeds="3", epochs=1, size="small · 1K").run()
    button(page, "Start training").click().run()
    (run,) = list_runs()
    assert len(run.owner) == 32 and "cookie" not in run.owner
    assert [b.label for b in page.button if b.key and b.key.endswith(run.id)] == ["Pause", "Stop training"]
    wait_for(lambda: run.status().state == "finished")
    assert load_checkpoint(run.model_path).training.seed == 3


def test_a_link_to_a_run_that_is_gone_says_so(page):
    page.session_state["_runs_shown"] = ["Xk3fXk3fXk3fXk3f", "../../etc", "x" * 256, "x" * 100_000, ""]
    page.run()
    assert not page.exception
    assert "There is no run Xk3fXk3fXk3fXk3f" in page.warning[0].value


def test_a_finished_run_goes_on_display_and_can_be_saved_under_a_name(page, run, tmp_path):
    page.session_state["_runs_shown"] = [run.id]
    page.run()
    button(page, "Put on display").click().run()
    assert page.sidebar.multiselect(key="models").value[-1] == f"seed-5-{run.id[:4]}"
    page.text_input(key=f"save-as-line-{run.id}").set_value("../escape").run()
    button(page, "Save").click().run()
    assert not list(tmp_path.rglob("*escape*"))
    page.text_input(key=f"save-as-line-{run.id}").set_value("my model").run()
    button(page, "Save").click().run()
    assert not page.exception
    saved = load_checkpoint(tmp_path / "data" / "checkpoints" / "my model.npz")
    np.testing.assert_array_equal(saved.model.vector, load_checkpoint(run.model_path).model.vector)
    assert page.sidebar.multiselect(key="models").value[-1] == "my model"


def test_a_split_by_draw_says_how_much_it_flatters(page):
    run = create_run(TrainingConfig(num_examples=1_000, epochs=1, split_by="draw", model=TINY))
    train_run(run)
    page.session_state["_runs_shown"] = [run.id]
    page.run()
    leak = measure_leak(load_checkpoint(run.model_path).model, run.config)
    said = page.warning[0].value
    assert f"{leak.known} of {len(leak.test)} expressions" in said and f"{leak.never_trained_on.accuracy:.1%}" in said
    assert ("looks better than it is" in said) == leak.flatters


def test_a_setting_that_does_nothing_is_said_and_a_default_is_not(page):
    page.run()
    before = [info.value for info in page.info]
    page.selectbox(key="optimizer").set_value("sgd")
    page.number_input(key="decay").set_value(0.1).run()
    said = [info.value for info in page.info if info.value not in before]
    assert said == ["Weight decay has no effect: it is of adam, and Optimizer is sgd"]
    assert not any("no effect" in text for text in before)
    assert not page.exception


def test_times_have_a_zone(tmp_path):
    run = create_run(TrainingConfig(num_examples=1_000, epochs=1), tmp_path / "run")
    created = table._row(run, lambda config: "")["created"]
    assert created.utcoffset() == timedelta(0) and created.timestamp() == pytest.approx(run.created)
