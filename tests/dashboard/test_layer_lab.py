"""The Layer Lab: each bench computes what the engine computes, proves it, shows the running source, can be repeated."""

import contextlib
import inspect
import io
import os
import textwrap
from pathlib import Path

import numpy as np
import pytest
from app_reading import charts, write_model
from small import mostly_slow
from streamlit.testing.v1 import AppTest

from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab import frame, inputs
from dashboard.lab.bench import Stage, View, flat, in_and_out
from dashboard.lab.benches import BENCHES
from dashboard.lab.lessons import LESSONS
from dashboard.selection import DEFAULT_EXPRESSION
from tinyformer import Transformer, load_checkpoint, parse_expression
from tinyformer.laboratory.anatomy import dissect
from tinyformer.laboratory.causes import exponential_share, surprise
from tinyformer.laboratory.optimizer_paths import LANDSCAPES, adam_steps, descend
from tinyformer.laboratory.residual import norm_placement
from tinyformer.laboratory.sabotage import BUGS
from tinyformer.laboratory.trials import output_gradient, residual, softened

HOME = Path(__file__).resolve().parents[2] / "dashboard" / "Home.py"
EXPRESSION = parse_expression(DEFAULT_EXPRESSION)
WITH_NUMBERS = [key for key, bench in BENCHES.items() if bench.place or bench.trial]
BY_HAND = [key for key, bench in BENCHES.items() if bench.hand]


@pytest.fixture(scope="module")
def stage():
    anatomy = dissect(Transformer(seed=3), EXPRESSION)
    return Stage(anatomy, EXPRESSION, 1, "seed-3", "a/seed-3.npz", ("test",))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three untrained models, for all tests of this file: a page that was opened once opens the next bench faster."""
    folder = tmp_path_factory.mktemp("shipped")
    for seed in (7, 42, 123):
        write_model(folder, f"seed-{seed}", seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYFORMER_CHECKPOINTS", str(folder))
        patch.setenv("TINYFORMER_DATA", str(tmp_path_factory.mktemp("data")))
        yield folder


@pytest.fixture(scope="module")
def lab(folder):
    app = AppTest.from_file(str(HOME), default_timeout=60).run()
    return app.switch_page("views/layer_lab.py").run()


def open_bench(lab, key):
    if lab.button_group(key="room").value != "benches":
        lab.button_group(key="room").set_value("benches").run()
    return lab.button_group(key="bench").set_value(key).run()


def view_of(bench, stage, by_hand):
    if by_hand:
        trial = inputs.hand_trial(bench)
    else:
        trial = bench.trial(stage) if bench.trial else stage.anatomy.trial(bench.place.format(block=stage.block))
    return View(trial, trial.run(), stage.words, by_hand, 0, stage)


# Each bench


@pytest.mark.parametrize("key", mostly_slow(BENCHES, "linear", "attention", "layer_norm", "cross_entropy"))
def test_a_bench_opens_and_its_check_passes_by_the_model_and_by_hand(lab, key):
    open_bench(lab, key)
    assert not lab.exception and not lab.error
    assert lab.header[0].value == BENCHES[key].title
    assert len(lab.get("latex") or lab.latex) == 2
    assert any("exact" in box.value or "nothing is lost" in box.value for box in lab.success)
    if key in WITH_NUMBERS and key in BY_HAND:
        lab.button_group(key=f"input-{key}").set_value("hand").run()
        assert not lab.exception and not lab.error
        assert any("exact" in box.value for box in lab.success)
        lab.button_group(key=f"input-{key}").set_value("model").run()


@pytest.mark.parametrize("key", WITH_NUMBERS)
def test_a_bench_draws_the_numbers_of_the_engine(lab, folder, key):
    open_bench(lab, key)
    anatomy = dissect(load_checkpoint(folder / "seed-42.npz").model, EXPRESSION)
    bench = BENCHES[key]
    place = Stage(anatomy, EXPRESSION, 0, "", "", ())
    view = view_of(bench, place, by_hand=False)
    expected = {panel.title: panel.values for panel in (bench.panels(view) if bench.panels else in_and_out(view))}
    drawn = {spec["title"]: data for spec, data, _ in charts(lab) if isinstance(spec.get("title"), str)}
    for title, values in expected.items():
        np.testing.assert_allclose(drawn[title]["value"], values.ravel(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("by_hand", [False, True], ids=["model", "hand"])
@pytest.mark.parametrize("key", BENCHES)
def test_what_is_said_to_make_a_cell_makes_it(stage, key, by_hand):
    bench = BENCHES[key]
    if bench.cause is None or key not in (BY_HAND if by_hand else WITH_NUMBERS):
        pytest.skip("no cells to choose there")
    view = view_of(bench, stage, by_hand)
    panels = bench.panels(view) if bench.panels else in_and_out(view)
    shapes = {panel.name: panel.values.shape for panel in panels}
    for panel in panels:
        if not panel.clickable:
            continue
        rng = np.random.default_rng(0)
        for _ in range(12):
            i, j = (int(rng.integers(n)) for n in panel.values.shape)
            cause = bench.cause(view, panel.name, i, j)
            assert cause.value == pytest.approx(panel.values[i, j], rel=1e-6, abs=1e-12)
            for name, index in cause.lit.items():
                assert np.zeros(shapes[name])[index].size  # it lights cells that exist


@pytest.mark.parametrize("by_hand", [False, True], ids=["model", "hand"])
@pytest.mark.parametrize("key", BENCHES)
def test_the_gradient_check_of_a_bench_passes(stage, key, by_hand):
    bench = BENCHES[key]
    if key not in (BY_HAND if by_hand else WITH_NUMBERS):
        pytest.skip("this bench has no such input")
    trial = view_of(bench, stage, by_hand).trial
    trial = softened(trial)[0] if bench.softened else trial
    report = trial.check()
    assert report.error < 1e-6 and report.checked and report.name, str(report)


@pytest.mark.parametrize("key", BENCHES)
def test_the_source_shown_is_the_source_that_runs(lab, key):
    for thing in BENCHES[key].source:
        lab.session_state[f"source-{thing.__module__}.{thing.__qualname__}"] = True
    open_bench(lab, key)
    shown = [block.value for block in lab.code]
    for thing in BENCHES[key].source:
        assert thing.__module__.startswith("tinyformer")
        assert textwrap.dedent(inspect.getsource(thing)).strip() in [block.strip() for block in shown]


@pytest.mark.parametrize("key", BENCHES)
def test_the_five_lines_run_and_say_what_the_bench_says(lab, folder, key):
    lab.session_state["recipe"] = True
    open_bench(lab, key)
    recipe = lab.code[-1].value
    assert len(recipe.strip().splitlines()) == 5
    printed = run(recipe)
    assert printed and "WRONG" not in printed
    bench = BENCHES[key]
    if key in WITH_NUMBERS:
        anatomy = dissect(load_checkpoint(folder / "seed-42.npz").model, EXPRESSION)
        shown = view_of(bench, Stage(anatomy, EXPRESSION, 0, "", "", ()), by_hand=False).run
        assert str(shown.y.round(3)) in printed and str(shown.d_inputs) in printed and "exact" in printed
    if bench.hand:
        arrays = {name: np.array(rows, float) for name, rows in bench.hand.arrays.items()}
        text = inputs.hand_recipe(bench, arrays)
        assert len(text.splitlines()) == 5
        printed = run(text)
        assert "exact" in printed and str(inputs.hand_trial(bench).run().y.round(3)) in printed


def run(code):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "recipe", "exec"), {})
    return out.getvalue()


def test_the_1_at_a_cell_of_a_head_stands_in_the_matrix_of_that_head(stage):
    trial = BENCHES["attention"].trial(stage)
    dy = output_gradient(trial, trial.run().y, "cell", (2, 5), head=3)
    assert dy.sum() == 1 and dy[0, 3, 2, 5] == 1
    _, _, dv = trial.run(dy).d_inputs
    assert dv[0, 3].any() and not dv[0, :3].any()


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("part", ["attention", "feed_forward"])
def test_the_residual_sum_shown_is_the_one_in_the_block(norm, part):
    """What the block computes next, and the gradient that comes back to it: the sum is followed by its neighbors."""
    anatomy = dissect(Transformer(seed=3, norm=norm), EXPRESSION, target=5)
    run = residual(anatomy, 0, part).run()
    passage = {
        ("post", "attention"): "blocks.0.attention_norm",
        ("post", "feed_forward"): "blocks.0.feed_forward_norm",
        ("pre", "attention"): "blocks.0.feed_forward_norm",
        ("pre", "feed_forward"): "blocks.1.attention_norm",
    }[norm, part]
    np.testing.assert_allclose(run.y, anatomy.passages[passage][0].x, atol=1e-12)
    before = {
        ("post", "attention"): anatomy.passages["blocks.0"][0].dx,
        ("post", "feed_forward"): anatomy.passages["blocks.0.attention_norm"][0].dy,
        ("pre", "attention"): anatomy.passages["blocks.0"][0].dx,
        ("pre", "feed_forward"): residual(anatomy, 0, "attention").d_output,
    }[norm, part]
    np.testing.assert_allclose(run.d_inputs[0], before, atol=1e-15)


def test_an_edited_array_is_computed_and_nonsense_in_it_is_harmless(stage):
    trial = inputs.hand_trial(BENCHES["softmax"], {"x": np.array([[0.0, 0.0]])})
    np.testing.assert_allclose(trial.run().y, [[0.5, 0.5]])


def test_a_click_on_a_cell_is_understood_and_one_that_is_stale_ignored():
    event = {"selection": {lab_matrix.CELL: [{"row": "001|5", "column": "002|7"}]}}
    assert lab_matrix.clicked(event, ["a", "5"], ["x", "y", "7"]) == (1, 2)
    assert lab_matrix.clicked(event, ["a"], ["x", "y", "7"]) is None
    assert lab_matrix.clicked({"selection": {}}, ["a"], ["x"]) is None


def test_small_matrices_carry_numbers_and_large_ones_fit_the_narrow_page():
    small = lab_matrix.matrix(np.eye(3), list("abc"), list("abc"), "small")
    assert list(small.data["number"][:2]) == ["1.00", "0.00"]
    large = lab_matrix.matrix(np.zeros((6, 64)), list("abcdef"), [str(i) for i in range(64)], "large")
    assert set(large.data["number"]) == {""} and large.spec["width"] <= 400


def test_a_matrix_of_few_rows_has_a_label_for_each_however_wide_it_is():
    wide = lab_matrix.matrix(np.zeros((6, 256)), list("abcdef"), [str(i) for i in range(256)], "wide")
    assert wide.spec["height"] == 6 * 22
    assert "%" not in str(wide.spec["layer"][0]["encoding"]["y"]["axis"]["labelExpr"])  # none is left out


def test_the_block_is_kept_where_it_is_not_asked_for(lab):
    open_bench(lab, "attention").selectbox(key="block").set_value("2").run()
    assert not [box for box in open_bench(lab, "softmax").selectbox if box.key == "block"]
    assert open_bench(lab, "feed_forward").selectbox(key="block").value == "2"
    lab.selectbox(key="block").set_value("1").run()


def test_the_check_shown_is_that_of_the_sublayer_chosen(lab):
    open_bench(lab, "residual")
    for part, array in (("feed_forward", "expand.weight"), ("attention", "qkv.weight")):
        lab.selectbox(key="part").set_value(part).run()
        assert any(array in caption.value for caption in lab.caption)
        report = BENCHES["residual"].trial(stage_of(lab, part)).check()
        worst = str(list(report.index))
        assert any(f"{report.error:.1e}" in box.value and worst in box.value for box in lab.success)


def stage_of(lab, part):
    model = load_checkpoint(Path(os.environ["TINYFORMER_CHECKPOINTS"]) / "seed-42.npz").model
    return Stage(dissect(model, EXPRESSION), EXPRESSION, int(lab.selectbox(key="block").value) - 1, "", "", (), part)


def test_the_check_names_an_array_as_the_bench_does(lab):
    open_bench(lab, "attention")
    lab.button_group(key="input-attention").set_value("hand").run()
    assert any(f"at `{name}[" in box.value for box in lab.success for name in "qkv")
    lab.button_group(key="input-attention").set_value("model").run()


def test_the_steps_of_adam_are_those_of_its_path():
    place = LANDSCAPES["banana (Rosenbrock)"]
    path, steps = descend(place, "Adam", 0.09, steps=20), adam_steps(place, 0.09, steps=20)
    np.testing.assert_allclose(np.diff(path, axis=0), [step.change for step in steps], atol=1e-12)
    for step in steps:
        written_out = -0.09 * step.m_corrected / (np.sqrt(step.v_corrected) + 1e-8)
        np.testing.assert_allclose(step.change, written_out, rtol=1e-9)
    np.testing.assert_allclose(np.abs(steps[0].change), 0.09, rtol=1e-6)  # one learning rate each


def test_a_pre_norm_makes_the_last_gradients_small_in_a_deep_stack_and_a_post_norm_does_not():
    last = {norm: [norm_placement(norm, depth)[-1] for depth in (6, 24)] for norm in ("post", "pre")}
    assert last["post"][1] > 0.9 * last["post"][0]
    assert last["pre"][1] < 0.7 * last["pre"][0] and last["pre"][1] < 0.5 * last["post"][1]


def test_a_probability_of_nearly_1_is_not_written_as_1():
    assert surprise(np.array([1 - 4.5e-5]), 4.5e-5, {}).text == "−ln (1 − 4.5e-05) = 4.5e-05"
    assert exponential_share(np.array([1.0, 3.0]), 0, 0).text.startswith(
        "exp(1 − 3) / Σ exp(x − 3) = 0.135 / 1.14 = 0.119"
    )


def test_a_line_ends_where_it_leaves_the_picture_and_its_last_value_is_still_said():
    figure = lab_lines.lines(lab_lines.together({"a": [1, 10, 5000]}), "t", "x", "y", log=True, domain=(0.1, 100))
    assert figure.data["y"].tolist()[:2] == [1, 10] and np.isnan(figure.data["y"].iloc[2])
    assert figure.description == "t. a ends at 5000"


# Rooms


def test_follow_shows_every_box_with_its_norms(lab, folder):
    lab.button_group(key="room").set_value("follow").run()
    assert not lab.exception
    _, data, description = charts(lab)[0]
    anatomy = dissect(load_checkpoint(folder / "seed-42.npz").model, EXPRESSION)
    norms = dict(zip(data["name"], data["norm"], strict=True))
    assert norms["blocks.0.attention"] == pytest.approx(np.linalg.norm(anatomy.passages["blocks.0.attention"][0].y))
    assert norms["read_out"] == pytest.approx(np.linalg.norm(anatomy.logits))
    assert "19 boxes" in description


@pytest.mark.parametrize("key", mostly_slow(BUGS, *[*BUGS][:2]))
def test_a_bug_turns_the_check_it_names_red_and_no_bug_leaves_all_green(lab, key):
    lab.button_group(key="room").set_value("sabotage").run()
    lab.radio(key="bug").set_value("none").run()
    assert len(lab.success) == 4 and not lab.error
    lab.radio(key="bug").set_value(key).run()
    assert not lab.exception
    red = [box.value for box in lab.error]
    assert any(BUGS[key].caught_by in text for text in red)
    assert not lab.warning


@pytest.mark.parametrize("number", range(1, len(LESSONS) + 1))
def test_a_lesson_opens_from_its_link_and_checks_the_answer(app, number):
    app.run()
    app.query_params["room"], app.query_params["lesson"] = "lessons", str(number)
    lab = app.switch_page("views/layer_lab.py").run()
    lesson = LESSONS[number - 1]
    assert not lab.exception and lab.header[0].value == f"{number}. {lesson.title}"
    wrong = next(a for a in lesson.answers if a != lesson.answers[lesson.right])
    lab.radio(key=f"answer-{number}").set_value(wrong).run()
    assert lab.error and not lab.success
    lab.radio(key=f"answer-{number}").set_value(lesson.answers[lesson.right]).run()
    assert lab.success and not lab.error
    assert lab.session_state["done"] == [str(number)]


@pytest.mark.parametrize("number", [n for n, lesson in enumerate(LESSONS, 1) if not lesson.page])
def test_a_lesson_leads_to_its_bench_in_its_state_and_back(app, number):
    app.run()
    app.query_params["room"], app.query_params["lesson"] = "lessons", str(number)
    lab = app.switch_page("views/layer_lab.py").run()
    lab.button(key=f"open-{number}").click().run()
    assert not lab.exception
    for key, value in LESSONS[number - 1].place.items():
        assert lab.session_state[key] == value
    lab.button(key="lesson-return").click().run()
    assert lab.header[0].value.startswith(f"{number}.")


def test_every_lesson_points_at_something_that_exists():
    for lesson in LESSONS:
        assert lesson.place.get("bench", "softmax") in BENCHES
        assert lesson.place.get("bug", "no_root") in BUGS
        assert len(set(lesson.answers)) == 3 and lesson.because
        assert lesson.expression is None or parse_expression(lesson.expression)


def test_recipes_by_the_frame_name_the_block_and_the_target(stage):
    text = frame.recipe(BENCHES["layer_norm"], stage)
    assert 'layer_norm(anatomy, block=1, part="attention")' in text and f"target={EXPRESSION.answer_token}" in text
    assert flat(np.zeros((1, 2, 3))).shape == (2, 3)
