"""Explore Attention, view by view: what is drawn are the numbers of tinyformer.interpret; the link holds it."""

import contextlib
import io
import threading
import time

import numpy as np
import pytest
from app_reading import charts, frames, write_model
from small import mostly_slow

from dashboard.explore import background, results
from dashboard.explore.chosen import clicked_cell
from dashboard.explore.patching import difference_problem, one_token_changed
from dashboard.explore.sections import SECTIONS
from dashboard.explore.training import arrival
from tinyformer import effective_positions, expression_space, interpret, load_checkpoint, parse_expression
from tinyformer.interpret.head_circuits import head_circuits
from tinyformer.interpret.probes import probe_steps
from tinyformer.task.vocabulary import DIGITS

MODELS = ("seed-42", "seed-123", "seed-7")
EXPRESSION = parse_expression("Max ( 5 3 9 )")
SPACE = expression_space()
VIEWS = {name: section for section in SECTIONS.values() for name in section.views}


def engine(folder, name="seed-42"):
    return load_checkpoint(folder / f"{name}.npz").model


def finished(app, button=None):
    """Run the app until nothing works in the background any more."""
    if button:
        button.click().run()
    deadline = time.monotonic() + 60
    while app.get("progress") and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert not app.exception and not app.get("progress")
    return app


@pytest.fixture
def open_view(app):
    """open_view("Roles", operation="Max", models=[…]) → the app on that view, with all that it computes."""

    def open_it(view, models=MODELS, **state):
        app.run()
        app.switch_page("views/explore_attention.py")
        section = VIEWS[view]
        for key, value in {
            "expression": str(EXPRESSION),
            "models": list(models),
            "look": section.title,
            section.key: view,
            **state,
        }.items():
            app.session_state[key] = value
        return finished(app.run())

    return open_it


def test_the_sections_are_questions_and_at_most_seven():
    assert len(SECTIONS) <= 7 and all(title.endswith("?") for title in SECTIONS)


@pytest.mark.parametrize("view", mostly_slow(VIEWS, "Heatmaps", "Stage by stage", "Who wrote it", "Roles", "QK and OV"))
@pytest.mark.parametrize("models", [MODELS[:1], pytest.param(MODELS, marks=pytest.mark.slow)])
def test_every_view_stands_for_one_model_and_for_three(open_view, view, models):
    app = open_view(view, models)
    assert view in ("Time", "Matched heads", "Subsets") or charts(app) or app.info
    assert all(len(description) > 15 for _, _, description in charts(app))
    assert app.expander[-1].label == "In Python"
    assert not any(expander.proto.expanded for expander in app.expander)


@pytest.mark.slow
@pytest.mark.parametrize("text", ["Min ( 4 4 )", "Last ( 1 2 3 4 5 6 7 8 )"])
@pytest.mark.parametrize("view", ["Heatmaps", "Arcs", "Focus", *SECTIONS["How does this answer arise?"].views])
def test_views_about_one_expression_stand_for_short_and_long_ones(open_view, view, text):
    open_view(view, MODELS[:2], expression=text)


OLD = {
    **{view: view for view in ("Heatmaps", "Arcs", "Focus", "Roles", "Time")},
    **{"Ablation": "Taken out", "One answer": "Stage by stage", "Explanation?": "Look and effect"},
    "Circuits": "Matched heads",
}


@pytest.mark.parametrize("old", mostly_slow(OLD, "Arcs", "Ablation", "Circuits"))
def test_an_old_link_opens_the_place_where_its_subject_now_is(app, old):
    app.query_params["look"] = old
    app.run()
    app.switch_page("views/explore_attention.py").run()
    section = VIEWS[OLD[old]]
    assert app.session_state["look"] == section.title
    assert len(section.views) == 1 or app.session_state[section.key] == OLD[old]


@pytest.mark.slow
def test_old_links_keep_what_else_they_said(app):
    app.query_params.update(
        {"look": "Ablation", "without": ["layer 1 head 2", "layer 2 attention"], "replacement": "zero"}
    )
    app.run()
    finished(app.switch_page("views/explore_attention.py").run())
    assert app.session_state["without"] == ["head 1.2", "attention 2"]
    assert app.session_state["replacement"] == "zero"


def test_an_old_link_to_a_comparison_opens_the_patching(app):
    app.query_params.update({"look": "One answer", "other": "Max ( 5 3 1 )"})
    app.run()
    app.switch_page("views/explore_attention.py").run()
    assert app.session_state["followed"] == "What carries it"


def test_heatmaps_are_the_attention_and_mark_the_row_that_reaches_the_answer(open_view, folder):
    app = open_view("Heatmaps")
    for name, frame in zip(MODELS, frames(app, "weight", "mark"), strict=True):
        values = interpret.trace(engine(folder, name), EXPRESSION.tokens)
        for layer in range(2):
            weights = frame["weight"][frame["layer"] == layer].to_numpy().reshape(4, 6, 6)
            np.testing.assert_allclose(weights, values[f"blocks.{layer}.attn.pattern"][0], atol=1e-5)
        pooled = frame[frame["mark"] % 2 == 1]
        assert set(pooled["layer"]) == {1} and set(pooled["query"]) == {0} and len(pooled) == 4


def test_the_stages_follow_the_chosen_cell_with_its_numbers(open_view, folder):
    app = open_view("Heatmaps", stages=True, model="seed-7", layer=2, head=3, token=0, key=4)
    values = interpret.trace(engine(folder, "seed-7"), EXPRESSION.tokens)
    q, k = values["blocks.1.attn.q"][0, 2, 0], values["blocks.1.attn.k"][0, 2, 4]
    weight = values["blocks.1.attn.pattern"][0, 2, 0, 4]
    length = np.linalg.norm(weight * values["blocks.1.attn.v"][0, 2, 4])
    shown = [float(metric.value) for metric in app.metric]
    np.testing.assert_allclose(shown, [q @ k, q @ k / 4, weight, length], atol=1e-3)
    framed = [frame[frame["mark"] > 1] for frame in frames(app, "weight", "mark")]
    assert [len(frame) for frame in framed] == [0, 0, 1]
    assert framed[2].iloc[0][["layer", "head", "query", "key"]].tolist() == [1, 2, 0, 4]
    assert "seed-7**, head 2.3: **Max** (token 1) looks at **9** (token 5)" in " ".join(m.value for m in app.markdown)


@pytest.mark.parametrize("scaled", [True, False])
def test_the_stages_speak_of_a_division_where_there_is_one(open_view, folder, scaled):
    write_model(folder, "small", 5, embed_dim=16, num_heads=2, ffn_dim=16, scale_attention=scaled)
    app = open_view("Heatmaps", ["small"], stages=True)
    said = next(markdown.value for markdown in app.markdown if "The score of a pair is q · k" in markdown.value)
    q_k, scaling, *_ = (float(metric.value) for metric in app.metric)
    assert scaling == pytest.approx(q_k / 8**0.5 if scaled else q_k, abs=1e-3)
    assert ("divided by √8" in said, "takes it as it is" in said) == (scaled, not scaled)


def test_the_chosen_token_stays_when_the_expression_changes(open_view):
    app = open_view("Heatmaps", stages=True, key=4)
    app.text_input(key="expression").set_value("Min ( 8 1 4 )").run()
    assert app.session_state["key"] == 4 and "looks at **4** (token 5)" in " ".join(m.value for m in app.markdown)


def test_a_click_is_read_from_the_charts_event():
    point = {"layer": 1.0, "head": 2.0, "query": 0.0, "key": 4.0}
    assert clicked_cell({"selection": {"cell": [point]}}) == (1, 2, 0, 4)
    for nothing in (None, {}, {"selection": {}}, {"selection": {"cell": []}}, {"selection": {"cell": [{"layer": 1}]}}):
        assert clicked_cell(nothing) is None


def test_arcs_have_the_weights_of_the_chosen_token(open_view, folder):
    app = open_view("Arcs", token=3)
    frame = frames(app, "looks at", "weight")[0]
    values = interpret.trace(engine(folder), EXPRESSION.tokens)
    weights = np.stack([values[f"blocks.{layer}.attn.pattern"][0, :, 3] for layer in range(2)])
    np.testing.assert_allclose(frame["weight"], weights.ravel(), atol=1e-4)


def test_focus_is_told_of_the_whole_space_beside_untrained_heads(open_view, folder):
    app = open_view("Focus")
    patterns = interpret.space_patterns(engine(folder), SPACE)
    found = interpret.focus(patterns)
    marks = frames(app, "difference", "kind")[0]
    mine = marks.query("kind == 'model' and model == 'seed-42'")["difference"]
    np.testing.assert_allclose(mine, found.difference.ravel(), atol=1e-5)
    nulls = interpret.drain(interpret.null_steps(engine(folder).config, SPACE))
    np.testing.assert_allclose(
        marks.query("kind == 'null'")["difference"], nulls.differences["first"].ravel(), atol=1e-6
    )
    np.testing.assert_allclose(frames(app, "mean entropy")[0]["mean entropy"], found.per_operation.ravel(), atol=1e-5)
    values = interpret.trace(engine(folder), EXPRESSION.tokens)
    first = np.concatenate([values[f"blocks.{layer}.attn.pattern"][0, :, 0] for layer in range(2)])
    shown = frames(app, "positions")[0].query("model == 'seed-42'")["positions"]
    np.testing.assert_allclose(shown, effective_positions(first), atol=1e-4)
    frame = frames(open_view("Focus", measure="effective number of tokens"), "mean effective")[0]
    rows = patterns.weights[1][SPACE.operations == 3, 2, 0]  # Max, head 2.3
    number = np.exp(-(rows * np.log(np.maximum(rows, 1e-30))).sum(axis=1)).mean()
    shown = frame.query("head == 'head 2.3' and operation == 'Max'")["mean effective"].item()
    assert shown == pytest.approx(number, abs=1e-4)


def test_roles_are_drawn_for_one_operation_and_one_row_and_untrained_heads_have_none(open_view, folder):
    roles = interpret.role_shares(interpret.space_patterns(engine(folder), SPACE))
    of_max = [layer[:, SPACE.names.index("Max")] for layer in roles.shares]
    app = open_view("Roles", operation="Max")
    read = np.concatenate([layer.mean(axis=1) for layer in of_max])
    np.testing.assert_allclose(frames(app, "share")[0]["share"], read.ravel(), atol=1e-5)
    told = " ".join(markdown.value for markdown in app.markdown)
    assert told.count("| no role |") == 24 and told.count("| looks") == 0
    third = frames(open_view("Roles", operation="Max", row="3"), "share")[0]["share"].to_numpy().reshape(8, 10)
    np.testing.assert_allclose(third[:4], of_max[0][:, 2], atol=1e-5)
    assert np.isnan(third[4:]).all()  # nobody reads that row of the last layer


def test_ablation_shows_what_is_lost_without_heads_and_layers_and_a_set(open_view, folder):
    app = open_view(
        "Taken out", MODELS[:1], without=["head 1.2", "attention 2"], effect="log-probability", asked="held out"
    )
    model, rows = engine(folder), SPACE.sides == 2
    parts = [*interpret.heads_of(model.config), *interpret.layers_of(model.config)]
    expected = interpret.ablate(model, SPACE, [[part] for part in parts])
    shown = frames(app, "lost nats")[0]["lost nats"].to_numpy().reshape(12, 6)
    np.testing.assert_allclose(shown, expected.lost("log-probability", rows)[1:], atol=1e-5)
    both = interpret.ablate(model, SPACE, [[parts[1], parts[10]]])
    table = frames(app, "log-probability")[0]["log-probability"].to_numpy().reshape(2, 6)
    np.testing.assert_allclose(table, both.mean("log-probability", rows), atol=1e-5)
    accuracy = expected.mean("accuracy")[0, 0]
    assert f"Right on {accuracy:.1%} of all expressions" in app.info[0].value and "16.8%" in app.info[0].value


@pytest.mark.slow
def test_resampling_says_how_uncertain_it_is(open_view, folder):
    app = open_view("Taken out", MODELS[:1], replacement="resampled")
    model = engine(folder)
    parts = [*interpret.heads_of(model.config), *interpret.layers_of(model.config)]
    found = interpret.ablate(model, SPACE, [[part] for part in parts], "resampled")
    error = found.uncertainty("logit difference").max()  # of all columns that are shown
    assert any(f"standard error of up to {error:.2f} logits" in caption.value for caption in app.caption)


def test_all_subsets_are_tried_in_the_background_and_shown(open_view, folder):
    small = write_model(folder, "small", 5, embed_dim=16, num_heads=2, ffn_dim=16)
    app = open_view("Subsets", ["small"])
    finished(app, next(button for button in app.button if button.label == "Try all 16 subsets"))
    subsets = interpret.drain(interpret.subset_steps(load_checkpoint(small).model, SPACE))
    curve = frames(app, "kept", "accuracy")[0]
    assert list(curve["accuracy"]) == [accuracy for _, _, accuracy in interpret.best_per_size(subsets)]
    bars = frames(app, "logits")[0]
    shares = interpret.shapley_values(subsets.means["logit difference"][:, 0])
    np.testing.assert_allclose(bars["logits"], shares, atol=1e-5)
    assert "nothing it knows" in app.info[0].value  # and so nothing is said of what suffices
    assert not any("subsets** suffice" in markdown.value for markdown in app.markdown)


def test_a_job_can_be_cancelled_and_a_failing_one_says_why():
    def endless():
        while True:
            yield 0.5

    def failing():
        yield 0.1
        raise ValueError("no such head")

    jobs = background.Jobs()
    job = jobs.start("endless", endless)
    assert jobs.start("endless", endless) is job
    while job.progress == 0:
        time.sleep(0.01)
    bad = jobs.start("bad", failing)
    job.cancelled.set()
    assert job.over.wait(10) and bad.over.wait(10)
    assert (job.state, bad.state, bad.error) == ("cancelled", "failed", "no such head")
    assert results.recall("endless") is None


def test_what_is_asked_again_while_its_last_piece_is_at_work_begins_anew():
    at_work, go_on = threading.Event(), threading.Event()

    def slow():
        yield 0.1
        at_work.set()
        go_on.wait(10)
        yield 0.2
        return "all"

    jobs = background.Jobs()
    job = jobs.start("slow", slow)
    assert at_work.wait(10) and not job.ended
    job.cancelled.set()
    again = jobs.start("slow", slow)
    assert job.ended and not again.ended and again is not job
    go_on.set()
    assert again.over.wait(10) and results.recall("slow") == "all"


def test_what_is_looked_at_goes_first_and_what_was_left_goes_on_after_it():
    def hundred():
        for share in range(100):
            yield share / 100
        return "all"

    jobs = background.Jobs()
    left = jobs.start("left", hundred)
    while left.progress == 0:
        time.sleep(0.001)
    asked = jobs.start("asked", hundred)
    assert asked.over.wait(10) and not left.over.is_set()
    assert left.over.wait(10) and (results.recall("left"), results.recall("asked")) == ("all", "all")


def test_what_is_kept_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(results, "MOST_BYTES", 3000)
    for name in "abcd":
        results.keep(name, {"x": np.zeros(150), "y": (np.zeros(10), "text")})
    assert results.recall("a") is None and results.recall("d") is not None


def test_the_lens_shows_the_probabilities_at_every_stage(open_view, folder):
    app = open_view("Stage by stage")
    for place, name in enumerate(MODELS):
        lens = interpret.logit_lens(engine(folder, name), EXPRESSION.tokens)
        shown = frames(app, "probability", "stage")[place]
        np.testing.assert_allclose(shown["probability"], lens.probabilities[:, 0, list(DIGITS)].ravel(), atol=1e-5)


def test_what_was_written_stands_beside_what_is_lost(open_view, folder):
    app = open_view("Who wrote it")
    for place, name in enumerate(MODELS):
        story = interpret.written_and_lost(engine(folder, name), EXPRESSION.tokens, EXPRESSION.answer_token)
        frame = frames(app, "part", "logits")[place]
        wrote, lost = (frame[frame["which"] == kind]["logits"].to_numpy() for kind in ("wrote", "lost"))
        np.testing.assert_allclose(wrote, list(story.written.values()), atol=1e-4)
        np.testing.assert_allclose(
            lost[~np.isnan(lost)], [story.lost[part] for part in story.written if part in story.lost], atol=1e-4
        )


def test_one_pair_is_patched_and_a_model_without_right_answers_has_no_pairs(open_view, folder):
    app = open_view("What carries it", other="Max ( 5 3 1 )")
    other = parse_expression("Max ( 5 3 1 )")
    for place, name in enumerate(MODELS):
        answers = EXPRESSION.answer_token, other.answer_token
        patching = interpret.patch(engine(folder, name), EXPRESSION.tokens, other.tokens, *answers)
        shares = [frame for frame in frames(app, "share restored") if "stage" in frame][place]
        np.testing.assert_allclose(shares["share restored"], patching.residual.ravel(), atol=1e-4)


@pytest.mark.slow
def test_integrated_gradients_are_drawn_and_say_how_exact_they_are(open_view, folder):
    app = open_view("Which tokens", MODELS[:1])
    model = engine(folder)
    other = interpret.best_other(model.forward([EXPRESSION.tokens])[0][0], EXPRESSION.answer_token)
    found = interpret.integrated_gradients(model, EXPRESSION.tokens, EXPRESSION.answer_token, other)
    shown = frames(app, "measure", "value")[0].query("measure == 'integrated'")["value"]
    np.testing.assert_allclose(shown, found.tokens, atol=1e-5)
    assert f"from {found.steps:,} gradients" in app.caption[-1].value


def test_a_patching_without_a_difference_says_so_instead_of_drawing(open_view):
    app = open_view("What carries it", other="Max ( 5 4 9 )")  # the answer is 9 as well
    assert "both have the answer 9" in app.info[-1].value and "undefined" in app.info[-1].value
    assert frames(app, "share restored") == []


def test_comparisons_are_checked_in_words():
    assert difference_problem(EXPRESSION, parse_expression("Min ( 5 3 9 )")) is None
    assert "differs from Max ( 5 3 9 ) in 2 tokens" in difference_problem(EXPRESSION, parse_expression("Max ( 4 3 8 )"))
    assert "has 2 numbers" in difference_problem(EXPRESSION, parse_expression("Max ( 5 3 )"))
    assert difference_problem(EXPRESSION, EXPRESSION) is not None


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("Max ( 5 3 9 )", "Max ( 5 3 0 )"),
        ("First ( 1 2 3 )", "First ( 9 2 3 )"),
        ("Last ( 7 7 7 7 )", "Last ( 7 7 7 0 )"),
        ("Max ( 9 9 3 )", "Last ( 9 9 3 )"),  # of two equal extremes no single digit decides, but the operation does
        ("Max ( 9 9 )", "None"),
    ],
)
def test_the_suggested_comparison_differs_in_one_token_and_in_its_answer(text, suggested):
    expression = parse_expression(text)
    other = one_token_changed(expression)
    assert str(other) == suggested
    assert other is None or (difference_problem(expression, other) is None and other.answer != expression.answer)


def test_a_comparison_that_cannot_be_read_is_pointed_at_and_replaced(open_view):
    app = open_view("What carries it", MODELS[:1], other="Max ( 5 3 x )")
    assert len(app.warning) == 1 and "Still showing Max ( 5 3 0 )" in [caption.value for caption in app.caption]
    assert len(frames(app, "share restored")) == 2


def test_where_no_token_decides_the_page_says_so(open_view):
    app = open_view("What carries it", expression="Max ( 9 9 )")
    assert [info.value for info in app.info][-1:] == ["Whichever token of Max ( 9 9 ) one changes, the answer stays 9."]


@pytest.mark.slow
def test_models_that_know_nothing_are_drawn_but_not_tested(open_view):
    app = open_view("Look and effect", MODELS[:2])
    assert len(frames(app, "entropy", "effect")[0]) == 16 and len(app.info) == 2
    assert not any("| layer" in markdown.value for markdown in app.markdown)


def test_matched_heads_are_those_of_the_matrix_and_untrained_models_have_none(open_view, folder):
    app = open_view("Matched heads", MODELS[:2])
    one, other = (interpret.space_patterns(engine(folder, name), SPACE) for name in MODELS[:2])
    layers = frames(app, "more in common")
    for number, layer in enumerate(interpret.compare_heads(one, other)):
        np.testing.assert_allclose(layers[number]["more in common"], layer.excess.ravel(), atol=1e-5)
        assert not layers[number]["framed"].any()
        assert any(f"Layer {number + 1}: 0 of 4 heads matched" in markdown.value for markdown in app.markdown)


def test_circuits_of_one_model_say_what_is_missing(open_view):
    assert "Put a second model on display" in open_view("Matched heads", MODELS[:1]).info[0].value


def test_a_replay_makes_the_snapshots_that_the_slider_moves_through(open_view, folder, monkeypatch, tmp_path):
    """Trained here as its configuration says; the page finds the history, and says that the weights are the same."""
    from tinyformer import TrainingConfig, Transformer, save_checkpoint
    from tinyformer.runs import create_run, train_run

    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "runs"))
    shape = Transformer(embed_dim=16, num_heads=2, num_layers=2, ffn_dim=16).config
    config = TrainingConfig(num_examples=200, epochs=2, model=shape)
    run = create_run(config, label="replay of tiny")
    train_run(run)
    trained = load_checkpoint(run.model_path)
    save_checkpoint(folder / "tiny.npz", trained.model, training=config)
    app = open_view("Time", ["tiny"])
    assert any("on the same machine with the same software, makes the same model" in m.value for m in app.markdown)
    assert "exactly these weights, bit for bit" in " ".join(caption.value for caption in app.caption)
    steps = run.snapshot_steps()
    assert list(app.select_slider(key="moment").options) == [*map(str, steps), "the end"]
    course = frames(app, "series", "value")[0]
    assert set(course["step"]) == set(steps) and len(course) == 3 * len(steps)
    app.select_slider(key="moment").set_value(str(steps[1]))
    app.session_state["look"] = "Where do they look?"
    app.run()
    values = interpret.trace(run.snapshot(steps[1]), EXPRESSION.tokens)
    drawn = frames(app, "weight", "mark")  # of a model alone, a chart for each layer
    for layer, frame in enumerate(drawn):
        weights = frame["weight"].to_numpy().reshape(2, 6, 6)
        np.testing.assert_allclose(weights, values[f"blocks.{layer}.attn.pattern"][0], atol=1e-5)
    assert len(drawn) == 2
    save_checkpoint(folder / "hand.npz", trained.model, metadata={"written_by_hand": "one head"})
    save_checkpoint(folder / "unknown.npz", trained.model)
    app.session_state["models"] = ["tiny", "seed-42", "hand", "unknown"]
    app.run()
    told = [caption.value for caption in app.caption]
    assert "Without snapshots, and therefore as trained: seed-42. “How did it come about?” replays them." in told
    assert "Without a training that could be replayed, and therefore as in the file: hand, unknown." in told
    app.session_state["look"] = "How did it come about?"  # what is said to be replayed can be, the others cannot
    app.run()
    assert [button.key for button in app.button if button.key.startswith("replay-")] == ["replay-seed-42"]
    assert [info.value for info in app.info] == ["How it was trained is not known: it cannot be replayed."] * 2


def test_a_replay_that_arrives_elsewhere_says_how_far(folder, tmp_path):
    from types import SimpleNamespace

    from tinyformer import save_checkpoint

    one, other = load_checkpoint(folder / "seed-42.npz"), load_checkpoint(folder / "seed-7.npz")
    replay = SimpleNamespace(model_path=folder / "seed-42.npz")
    shown = SimpleNamespace(model=other.model, checkpoint=other)
    told = arrival(replay, shown)
    assert f"differ by up to {np.abs(one.model.vector - other.model.vector).max():.3g}" in told
    assert told.endswith("rounds differently, and training makes much of it.")
    save_checkpoint(tmp_path / "whole.npz", one.model, metadata={"steps_trained": 5_020})
    stopped = SimpleNamespace(model=other.model, checkpoint=SimpleNamespace(metadata={"steps_trained": 78}))
    whole = SimpleNamespace(model_path=tmp_path / "whole.npz")
    assert arrival(whole, stopped).endswith("The training ended after 78 steps, the replay after 5,020.")
    assert "left no model" in arrival(SimpleNamespace(model_path=tmp_path / "none.npz"), shown)


def test_without_snapshots_a_replay_is_offered(open_view):
    app = open_view("Time")
    assert [button.key for button in app.button if button.key.startswith("replay-")] == [f"replay-{m}" for m in MODELS]


# In Python


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_the_five_lines_give_the_numbers_of_the_view(open_view, folder, view):
    app = open_view(view, MODELS[:2] if view == "Matched heads" else MODELS[:1])
    app.session_state["in-python"] = True
    finished(app.run())
    code = app.code[-1].value
    assert len(code.strip().splitlines()) == 5
    out = io.StringIO()
    untrained = pytest.raises(ValueError, match="none of the pairs")  # there is no way of an answer to follow
    with contextlib.redirect_stdout(out), untrained if view == "Path patching" else contextlib.nullcontext():
        exec(compile(code, view, "exec"), {})
    assert expected(view, engine(folder)) in out.getvalue()


def expected(view, model):
    """Something that the lines print, computed here."""
    values = interpret.trace(model, EXPRESSION.tokens)
    if view in ("Heatmaps", "Arcs"):
        return str(values["blocks.1.attn.pattern"][0].round(4))
    if view == "Stage by stage":
        return str(interpret.logit_lens(model, EXPRESSION.tokens).probabilities[-1, 0, 2:12].round(4))
    patterns = interpret.space_patterns(model, SPACE)
    heads = [[head] for head in interpret.heads_of(model.config)]
    if view == "Focus":
        return str(interpret.focus(patterns).difference.round(3))
    if view == "Roles":
        return str(interpret.role_shares(patterns).shares[1].mean(axis=(1, 2)).round(3))
    if view == "Taken out":
        return str(interpret.ablate(model, SPACE, heads).lost("logit difference")[1:].round(4))
    if view == "Time":
        return f"accuracy {(model.predict(SPACE.tokens).argmax(axis=1) == SPACE.targets).mean()}"
    if view == "Who wrote it":
        return str(interpret.written_and_lost(model, EXPRESSION.tokens, EXPRESSION.answer_token))
    if view == "Look and effect":
        lost = interpret.ablate(model, SPACE, heads).lost("logit difference")[1:5, 0]
        entropy = patterns.entropy(interpret.READ).mean(axis=1)[0]
        return str(interpret.association([(entropy, lost)]))
    if view == "Which tokens":
        other = interpret.best_other(values["logits"][0], EXPRESSION.answer_token)
        return str(interpret.integrated_gradients(model, EXPRESSION.tokens, EXPRESSION.answer_token, other))
    if view == "QK and OV":
        return str(head_circuits(model, layer=0, head=0).qk[12:17, 2:12].round(1))
    if view == "Probes":
        return str(interpret.drain(probe_steps(model, SPACE)).right[..., 0].round(2))
    nothing = dict.fromkeys(("Path patching", "Known circuits", "What carries it"), "")
    return (nothing | {"Subsets": "suffice;", "Matched heads": "[[], []]"})[view]
