"""The Evaluate page without a browser: its numbers are those of the engine and of the command line."""

import contextlib
import io
import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from app_reading import charts, frames

from dashboard import caches
from dashboard.charts import certainty, distribution, truth_map
from dashboard.evaluate import (
    agreement,
    asked,
    calibration,
    embeddings,
    head,
    lengths,
    mistakes,
    own,
    sweep,
    truth,
    wrong,
)
from tinyformer import (
    OPERATIONS,
    Trainer,
    TrainingConfig,
    Transformer,
    confusion_matrix,
    detokenize,
    evaluate,
    expression_space,
    load_checkpoint,
    parse_expression,
    save_checkpoint,
)
from tinyformer.checkpoints.folders import shipped_checkpoints
from tinyformer.cli import main
from tinyformer.evaluation import finding
from tinyformer.evaluation.best import best
from tinyformer.evaluation.calibration import calibration_error
from tinyformer.evaluation.length_generalization import LengthAccuracy, accuracy_by_length
from tinyformer.evaluation.report import report
from tinyformer.sweeps.table import write_sweep
from tinyformer.task.datasets import SIDES
from tinyformer.task.training_data import prepare_data

MODELS = ("seed-42", "seed-123", "seed-7")


@pytest.fixture(scope="module")
def whole():
    """Every model's answers to everything, asked here."""
    return {name: evaluate(Transformer(seed=int(name[5:])), expression_space()) for name in MODELS}


def test_the_head_line_equals_evaluate_json(evaluate_page, folder, capsys):
    assert main(["evaluate", *(str(folder / f"{name}.npz") for name in MODELS), "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    app = evaluate_page("mistakes")
    table = app.dataframe[0].value
    for row, one in enumerate(reports):
        test, everything = one["sides"]["test"], one["sides"]["all"]
        assert table["held out"][row] == 100 * test["accuracy"]
        assert table["all 5,000"][row] == 100 * everything["accuracy"]
        assert table["wrong"][row] == f"{test['total'] - test['correct']} of {test['total']}"
        assert table["loss"][row] == test["loss"]
        assert table["calibration error"][row] == test["calibration_error"]
        assert (table["parameters"][row], table["seed"][row]) == (one["parameters"], one["seed"])
    for row, (name, rule) in enumerate(reports[0]["sides"]["test"]["baselines"].items(), start=len(MODELS)):
        assert table["model"][row] == f"rule: {name}" and table["held out"][row] == 100 * rule["accuracy"]
    first = head.best_of(app.session_state["_selection"].models)
    assert [("best" in name) for name in table["model"][:3]] == [name == first for name in MODELS]


@pytest.mark.slow
@pytest.mark.parametrize("side", ["test", "train", "all"])
@pytest.mark.parametrize("place", ["all", "last", "several"])
def test_operations_are_counted_on_the_slice_that_was_asked_for(evaluate_page, whole, side, place):
    (shown,) = frames(evaluate_page("mistakes", side=side, place=place), "group", "correct")
    space = expression_space()
    for name in MODELS:
        for index, operation in enumerate(OPERATIONS):
            right = total = 0
            for i in (space.operations == index).nonzero()[0]:
                numbers, answer = space.numbers[i].tolist(), space.targets[i] - 2
                on_side = side == "all" or SIDES[space.sides[i]] == side
                at_place = {
                    "all": True,
                    "last": numbers.count(answer) == 1 and numbers[2] == answer,
                    "several": numbers.count(answer) > 1,
                }[place]
                if on_side and at_place:
                    total += 1
                    right += bool(whole[name].correct[i])
            row = shown[(shown["model"] == name) & (shown["group"] == operation)]
            assert [(row["correct"].item(), row["total"].item())] == [(right, total)] if total else row.empty


def test_the_truth_map_has_every_expression_with_its_answer(evaluate_page, whole):
    maps = frames(evaluate_page("truth"), "expression", "certainty")
    assert [len(frame) for frame in maps] == [1000] * 5
    space, evaluation = expression_space(), whole["seed-42"]
    for operation, frame in enumerate(maps):
        of = space.operations == operation
        assert frame["expression"][123] == f"{OPERATIONS[operation]} ( 1 2 3 )"
        assert (frame["correct"] == evaluation.correct[of]).all()
        assert (np.sign(frame["certainty"]) == np.where(evaluation.correct[of], 1, -1)).all()
        assert (frame["side"] == np.array(SIDES)[space.sides[of]]).all()
        assert len(set(zip(frame["x"], frame["y"], strict=True))) == 1000  # no cell hides another
        assert ((frame["size"] > 0.9) == (space.sides[of] != 0)).all()
    assert sum(frame["chosen"].sum() for frame in maps) == 1


def test_two_models_differ_where_their_answers_say_so(evaluate_page, whole):
    maps = frames(evaluate_page("truth", map="seed-7", versus="seed-123"), "expression", "state")
    one, other = whole["seed-7"].correct, whole["seed-123"].correct
    expected = {
        "both right": one & other,
        "only seed-7 right": one & ~other,
        "only seed-123 right": other & ~one,
        "both wrong": ~one & ~other,
    }
    assert list(expected) == truth_map.states_of("seed-7", "seed-123")
    for place, where in enumerate(expected.values()):
        assert sum((frame["state"] == place).sum() for frame in maps) == where.sum()


def test_certainty_counts_nines():
    found = certainty.certainty([0.9, 0.999, 1.0, 0.0, 0.99], [True, True, True, True, False])
    np.testing.assert_allclose(found, np.array([1, 3, 6, 0, -2]) / 6, atol=1e-9)
    assert truth_map.states_of("a", "b")[1] == "only a right"


def test_confusion_counts_are_those_of_the_engine_and_a_cell_has_its_expressions(evaluate_page, whole):
    shown = frames(evaluate_page("mistakes", side="all"), "truth", "answer", "count")
    for name, frame in zip(MODELS, shown, strict=True):
        counts = confusion_matrix(whole[name])
        assert frame["count"].sum() == 5000
        for truth_, answer in ((0, 0), (9, 3), (4, 5)):
            cell = frame[(frame["truth"] == truth_) & (frame["answer"] == str(answer))]
            assert cell["count"].item() == counts[truth_, answer]
            behind = mistakes.behind_cell(whole[name], truth_, answer)
            assert behind.sum() == counts[truth_, answer]
            assert (whole[name].targets[behind] == truth_ + 2).all()
            assert (whole[name].predictions[behind] == answer + 2).all()


def test_the_table_has_all_mistakes_and_the_least_confident_right_answers(evaluate_page, whole):
    app = evaluate_page("mistakes")
    table = app.dataframe[1].value
    held_out = expression_space().sides == 2
    for name in MODELS:
        rows = table[table["model"].str.contains(name + "$")]
        part = whole[name].select(held_out)
        assert (rows["verdict"] == "wrong").sum() == (~part.correct).sum()
        right = rows[rows["verdict"] == "right"][mistakes.SURE]
        lowest = np.sort(part.confidence[part.correct])[: mistakes.DOUBTS]
        np.testing.assert_allclose(np.sort(right), 100 * lowest)
    assert table[mistakes.RIGHT].is_monotonic_increasing


def test_a_mistake_says_whether_the_expression_was_trained_on(evaluate_page, folder):
    table = evaluate_page("mistakes", side="all").dataframe[1].value
    config, space = load_checkpoint(folder / "seed-42.npz").training, expression_space()
    drawn = Counter(map(tuple, prepare_data(config).train.tokens.tolist()))
    told = {}
    for i, tokens in enumerate(space.tokens.tolist()):
        times = drawn[tuple(tokens)]
        never = ("training side, never drawn", "validation", "held out")[space.sides[i]]
        told[detokenize(tokens)] = f"trained on ({times} draw{'s' * (times > 1)})" if times else never
    rows = table[table["model"].str.contains("seed-42$")]
    assert rows["in training"].tolist() == [told[text] for text in rows["expression"]]
    assert {"held out", "validation", "training side, never drawn"} < set(rows["in training"])


def test_agreement_adds_up_to_all_expressions(evaluate_page, whole):
    app = evaluate_page("mistakes", side="all")
    counts = next(frame.value for frame in app.dataframe if "models" in frame.value)
    right = sum(whole[name].correct.astype(int) for name in MODELS)
    assert counts["expressions"].tolist() == [(right == n).sum() for n in (3, 2, 1, 0)]
    (matrix,) = frames(app, "one", "other", "count")
    pair = matrix[(matrix["one"] == "seed-42") & (matrix["other"] == "seed-7")]["count"].item()
    assert pair == (whole["seed-42"].predictions != whole["seed-7"].predictions).sum()


def test_agreement_of_two_is_said_of_both():
    table = agreement.counted([(2, 90), (1, 10), (0, 0)])
    assert table["models"].tolist() == ["both are right", "only one is right", "none is right"]
    assert table["95% interval"].tolist() == ["82.6% to 94.5%", "5.5% to 17.4%", "0.0% to 3.7%"]
    assert "95% interval" not in agreement.counted([(2, 90), (1, 10), (0, 0)], census=True)  # nothing to be unsure of


def test_reliability_bins_hold_every_answer(evaluate_page, whole):
    app = evaluate_page("calibration", side="all")
    for name, bins, sure in zip(
        MODELS, frames(app, "confidence", "accuracy", "start"), frames(app, "band", "verdict"), strict=True
    ):
        assert bins["count"].sum() == sure["count"].sum() == 5000
        low = bins.iloc[0]
        inside = (whole[name].confidence > low["start"]) & (whole[name].confidence <= low["end"])
        assert low["count"] == inside.sum()
        assert low["accuracy"] == pytest.approx(whole[name].correct[inside].mean())
        band = (whole[name].confidence > 0.5) & (whole[name].confidence <= 0.9)
        counts = [(band & whole[name].correct).sum(), (band & ~whole[name].correct).sum()]
        assert sure[sure["band"] == "≤ 90%"]["count"].tolist() == counts


def test_a_test_set_of_ones_own_goes_through_the_same_views(evaluate_page, folder):
    text = "Max(5,3,9)\nfoo\nMin(1,2,3,4),4\nMax(1,2),2\n"
    app = evaluate_page("own", own_text=text)
    bad, scores, results = (frame.value for frame in app.dataframe[1:4])
    assert bad[["line", "text"]].to_numpy().tolist() == [[2, "foo"]]
    assert results["line"].tolist() == [1, 3, 4]
    assert "line 3 (Min ( 1 2 3 4 ) is 1, not 4)" in app.warning[0].value
    (operations,) = frames(app, "group", "correct")
    of_7 = operations[operations["model"] == "seed-7"]
    assert of_7["total"].sum() == 3
    (score,) = scores[scores["model"].str.contains("seed-7$")].to_dict("records")
    assert score["right"] == f"{of_7['correct'].sum()} of 3"
    drawn = {
        tuple(tokens) for tokens in prepare_data(load_checkpoint(folder / "seed-7.npz").training).train.tokens.tolist()
    }
    known = tuple(parse_expression("Max(5,3,9)").tokens) in drawn  # the other two have not three numbers
    assert score["right of what it never trained on"].endswith(f" of {3 - known}")
    for view in own.VIEWS:
        evaluate_page("own", own=view)


def test_nothing_readable_is_said_so(evaluate_page):
    app = evaluate_page("own", own_text="\n")
    assert "Nothing to ask yet" in app.info[0].value


@pytest.mark.parametrize("section", ["lengths", "embeddings"])
def test_lengths_and_embeddings_have_every_model(evaluate_page, section):
    app = evaluate_page(section)
    table = app.dataframe[1].value
    assert sorted({name.split()[-1] for name in table["model"]}) == sorted(MODELS)
    drawn = charts(app)
    assert len(drawn) == (1 if section == "lengths" else 6) and all(len(d) > 15 for *_, d in drawn)


def test_whether_digits_lie_in_order_is_said_in_words():
    table = pd.DataFrame({"model": ["a", "b"], "rank correlation": [0.8, 0.1], "by chance": [0.1, 30.0]})
    assert "order is in the distances of a:" in embeddings.verdict(table)
    assert "for each of these models" in embeddings.verdict(table.assign(**{"by chance": 6.0}))


ROW = {
    "data_seed": 0, "num_examples": 10, "epochs": 1, "batch_size": 2, "learning_rate": 0.5, "parameters": 4,
    "best_step": 1, "test_total": 100, "test_loss": 0.1, "all_correct": 1, "all_total": 2,
}  # fmt: skip


def test_a_sweep_shows_where_a_seed_stands(evaluate_page, folder):
    rows = [
        ROW | {"seed": seed, "steps_to_99": steps, "test_correct": correct, "entropy_1_1": 0.9, "entropy_2_1": 0.1}
        for seed, steps, correct in ((1, 100, 99), (42, 150, 99), (3, None, 90), (4, 200, 100))
    ]
    write_sweep(folder / "sweep-test.csv", [*rows, {**ROW, "seed": 5, "problem": "training diverged at step 3"}])
    app = evaluate_page("sweep")
    said = " ".join(element.value for element in app.markdown)
    assert "better than 1 of 3 others, equal to 1" in said and "faster than 2 of 3, as fast as 0" in said
    captions = " ".join(element.value for element in app.caption)
    assert "99 right of 100 held out: 95% interval 94.6% to 99.8%" in captions
    accuracy, steps = frames(app, "value", "height")
    assert accuracy["value"].tolist() == [0.9, 0.99, 0.99, 1.0] and len(steps) == 3
    (heads,) = frames(app, "entropy")
    assert len(heads) == 8
    assert "seed 5: training diverged at step 3" in app.warning[0].value


def test_a_damaged_sweep_leaves_the_page_alive(evaluate_page, folder):
    (folder / "sweep-bad.csv").write_text("seed,what\n1,2\n")
    app = evaluate_page("sweep")
    assert "sweep-bad.csv is not the table of a sweep" in app.error[0].value


def test_without_a_sweep_the_command_is_named(evaluate_page):
    assert sweep.COMMAND in evaluate_page("sweep").info[0].value


def test_equal_seeds_are_stacked():
    figure = distribution.dots([0.5, 0.5, 1.0, None], [1, 2, 3, 4], 2, "Accuracy", "accuracy")
    assert figure.data["height"].tolist() == [0.5, 1.5, 0.5] and "1 without a value" in figure.description


def test_a_cell_of_the_truth_map_and_a_row_are_the_expression_everywhere(evaluate_page, monkeypatch):
    chosen = []
    monkeypatch.setattr("dashboard.selection.show_expression", chosen.append)
    monkeypatch.setattr("streamlit.session_state", {"k": {"selection": {"cell": [{"expression": "Min ( 1 2 3 )"}]}}})
    truth._choose("k")
    monkeypatch.setattr("streamlit.session_state", {"k": {"selection": {"cell": []}}})
    truth._choose("k")
    assert chosen == ["Min ( 1 2 3 )"]


def test_texts_are_without_padding(whole):
    space = expression_space()
    part = whole["seed-7"].select(space.operations == 3).select([539])
    assert asked.texts(part) == ["Max ( 5 3 9 )"]


def test_best_is_who_beats_every_other_one_by_more_than_chance():
    even = np.array([True] * 90 + [False] * 10)
    better = np.array([True] * 100)
    nearly = np.array([True] * 94 + [False] * 6)
    assert best([even, better]) == 1 and best([better, even]) == 0
    assert best([even, nearly]) is None  # four of four expressions: a coin does that once in 16 times
    assert best([even, better, nearly]) is None  # better than one of them, but not than the other
    assert best([better, better]) is None and best([better]) is None and best(np.ones((2, 0), bool)) is None
    assert best([nearly, nearly ^ True]) == 0


def test_a_model_that_was_trained_on_the_test_is_not_best_by_it(folder, app):
    leaking = TrainingConfig(seed=42, split_by="draw", num_examples=10_000)
    model = load_checkpoint(folder / "seed-42.npz").model
    trainer = Trainer(replace(leaking, num_examples=3_000, epochs=1))
    for _ in trainer.records():
        pass
    save_checkpoint(folder / "leaks.npz", trainer.model, training=replace(leaking, num_examples=3_000, epochs=1))
    assert model is not trainer.model
    app.run()
    app.multiselect(key="models").set_value(["seed-42", "leaks"]).run()
    first, second = app.session_state["_selection"].models
    assert head.best_of([first, second]) in (None, "leaks")
    said = finding.held_out(["seed-42", "leaks"], [caches.figures(m.file) for m in (first, second)])
    assert said.endswith("leaks trained on some of them: that figure is no test.")


LENGTH = LengthAccuracy(3, True, 50, 50, 1.0, 0.93, 1.0, 0.0, 1.0)


def _beyond(*rows):
    """Accuracies of 4, 5 … numbers, of 1,000 each, with how sure the model was."""
    return [LENGTH] + [
        LengthAccuracy(4 + i, False, int(1000 * a), 1000, a, a - 0.02, a + 0.02, 0.1, sure)
        for i, (a, sure) in enumerate(rows)
    ]


def test_the_finding_says_where_models_begin_to_fail_and_whether_they_notice():
    fails, holds, doubts = _beyond((0.99, 0.99), (0.7, 0.95)), _beyond((0.99, 0.99)), _beyond((0.99, 1), (0.7, 0.72))
    assert finding.beyond(["a"], [fails]) == "It begins to fail at five numbers, and stays surer than it is right."
    assert finding.beyond(["a"], [doubts]) == "It begins to fail at five numbers."
    assert finding.beyond(["a"], [holds]) == "It holds at every length that was asked."
    assert finding.beyond(["a", "b"], [fails, fails]).startswith("Both begin to fail at five numbers, and stay surer")
    assert finding.beyond(["a", "b"], [fails, holds]) == (  # who is surer than right, is the one that fails
        "With more numbers than they were trained on, b holds at every length, a begins to fail at five numbers, and "
        "stays surer than it is right."
    )
    assert finding.beyond(["a"], [[LENGTH]]) == ""
    assert finding.beyond(["a"], [[row._replace(trained=False) for row in fails]]) == ""  # who knows on what it was


def test_a_model_that_fails_with_fewer_numbers_is_said_to_whatever_it_does_with_more():
    holds, fewer = _beyond((0.99, 0.99)), LengthAccuracy(2, False, 52, 55, 0.945, 0.851, 0.981, 0.1, 0.99)
    fails = [fewer, LENGTH._replace(correct=495, total=495, low=0.992), *holds[1:]]
    assert finding.beyond(["a"], [fails]) == "With fewer, it fails at two numbers."
    assert finding.beyond(["a", "b"], [fails, holds]) == (
        "With more numbers than they were trained on, b holds at every length. With fewer, a fails at two numbers."
    )


def test_the_lengths_of_a_training_are_one_yardstick_the_one_with_few_expressions_excuses_nothing():
    trained = [LengthAccuracy(n, True, count, count, 1.0, low, 1.0, 0.0, 1.0) for n, count, low in
               ((2, 55, 0.935), (3, 495, 0.992))]  # fmt: skip
    four = LengthAccuracy(4, False, 936, 1000, 0.936, 0.919, 0.950, 0.1, 0.9)
    assert finding.beyond(["a"], [[*trained, four]]) == "It begins to fail at four numbers."


def test_the_finding_on_the_models_that_ship():
    checkpoints = [load_checkpoint(path) for path in shipped_checkpoints()[:3]]
    names = [checkpoint.name for checkpoint in checkpoints]
    assert finding.held_out(names, list(map(report, checkpoints))) == (
        "All three are right on all 495 expressions that were held out."
    )
    lengths = [accuracy_by_length(checkpoint.model, checkpoint.training) for checkpoint in checkpoints]
    assert finding.beyond(names, lengths) == (
        "With more numbers than they were trained on, seed-123 begins to fail at four numbers, seed-42 and seed-7 at "
        "five, and stay surer than they are right. With fewer, seed-7 fails at two numbers."
    )


@pytest.mark.parametrize("code", [calibration.CODE, embeddings.CODE, lengths.CODE, truth.CODE, wrong.CODE])
def test_the_lines_of_a_section_run_and_print_its_numbers(folder, code):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code.format(path=folder / "seed-7.npz", side="test"), {})
    whole = evaluate(load_checkpoint(folder / "seed-7.npz").model, expression_space())
    held_out = whole.select(expression_space().sides == 2)
    expected = {
        calibration.CODE: str(calibration_error(held_out)),
        embeddings.CODE: "NumberSense(correlation=",
        lengths.CODE: f"LengthAccuracy(num_args=3, trained=True, correct={held_out.correct.sum()}",
        truth.CODE: f"{(~whole.correct).sum()}\nof\n5000\nwrong:",
        wrong.CODE: f"Max {held_out.select(held_out.operations == 3).correct.sum()} of ",
    }[code]
    assert expected in out.getvalue()
