"""Explore Attention, section by section: what is drawn are the numbers of tinyformer.interpret; the link holds it."""

import time

import numpy as np
import pytest
from app_reading import charts, frames, write_model

from dashboard.explore import background, results
from dashboard.explore.chosen import clicked_cell
from dashboard.explore.explanation import correlations
from dashboard.explore.patching import difference_problem, one_token_changed
from dashboard.explore.training import arrival
from tinyformer import OPERATIONS, expression_space, interpret, load_checkpoint, parse_expression
from tinyformer.task.vocabulary import DIGITS

MODELS = ("seed-42", "seed-123", "seed-7")
EXPRESSION = parse_expression("Max ( 5 3 9 )")
SECTIONS = ("Heatmaps", "Arcs", "Focus", "Roles", "Ablation", "One answer", "Explanation?", "Circuits", "Time")


def engine(folder, name="seed-42"):
    return load_checkpoint(folder / f"{name}.npz").model


@pytest.fixture
def open_section(app):
    """open_section("Roles", operation="Max", models=[…]) → the app on that section."""

    def open_it(section, models=MODELS, **state):
        app.run()
        app.switch_page("views/explore_attention.py")
        app.session_state["models"] = list(models)
        app.session_state["look"] = section
        for key, value in state.items():
            app.session_state[key] = value
        app.run()
        assert not app.exception
        return app

    return open_it


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("models", [MODELS[:1], MODELS])
def test_every_section_stands_for_one_model_and_for_three(open_section, section, models):
    app = open_section(section, models)
    assert section in ("Time", "Circuits") or charts(app)
    assert all(len(description) > 15 for _, _, description in charts(app))
    assert len(app.expander) >= (section != "Circuits" or len(models) > 1)  # how to read this
    assert not any(expander.proto.expanded for expander in app.expander)


@pytest.mark.parametrize("text", ["Min ( 4 4 )", "Last ( 1 2 3 4 5 6 7 8 )"])
@pytest.mark.parametrize("section", ["Heatmaps", "Arcs", "Focus", "One answer"])
def test_sections_about_one_expression_stand_for_short_and_long_ones(open_section, section, text):
    open_section(section, MODELS[:2], expression=text)


def test_heatmaps_are_the_attention_and_mark_the_row_that_reaches_the_answer(open_section, folder):
    app = open_section("Heatmaps")
    for name, frame in zip(MODELS, frames(app, "weight", "mark"), strict=True):
        values = interpret.trace(engine(folder, name), EXPRESSION.tokens)
        for layer in range(2):
            weights = frame["weight"][frame["layer"] == layer].to_numpy().reshape(4, 6, 6)
            np.testing.assert_allclose(weights, values[f"blocks.{layer}.attn.pattern"][0], atol=1e-5)
        pooled = frame[frame["mark"] % 2 == 1]
        assert set(pooled["layer"]) == {1} and set(pooled["query"]) == {0} and len(pooled) == 4


def test_the_stages_follow_the_chosen_cell_with_its_numbers(open_section, folder):
    app = open_section("Heatmaps", stages=True, model="seed-7", layer=2, head=3, token=0, key=4)
    values = interpret.trace(engine(folder, "seed-7"), EXPRESSION.tokens)
    q, k = values["blocks.1.attn.q"][0, 2, 0], values["blocks.1.attn.k"][0, 2, 4]
    weight = values["blocks.1.attn.pattern"][0, 2, 0, 4]
    length = np.linalg.norm(weight * values["blocks.1.attn.v"][0, 2, 4])
    shown = [float(metric.value) for metric in app.metric]
    np.testing.assert_allclose(shown, [q @ k, q @ k / 4, weight, length], atol=1e-3)
    framed = [frame[frame["mark"] > 1] for frame in frames(app, "weight", "mark")]
    assert [len(frame) for frame in framed] == [0, 0, 1]
    assert framed[2].iloc[0][["layer", "head", "query", "key"]].tolist() == [1, 2, 0, 4]
    assert "seed-7**, layer 2, head 3: **Max** (token 1) looks at **9** (token 5)" in " ".join(
        m.value for m in app.markdown
    )


def test_the_chosen_token_stays_when_the_expression_changes(open_section):
    app = open_section("Heatmaps", stages=True, key=4)
    app.text_input(key="expression").set_value("Min ( 8 1 4 )").run()
    assert app.session_state["key"] == 4 and "looks at **4** (token 5)" in " ".join(m.value for m in app.markdown)


def test_a_click_is_read_from_the_charts_event():
    point = {"layer": 1.0, "head": 2.0, "query": 0.0, "key": 4.0}
    assert clicked_cell({"selection": {"cell": [point]}}) == (1, 2, 0, 4)
    for nothing in (None, {}, {"selection": {}}, {"selection": {"cell": []}}, {"selection": {"cell": [{"layer": 1}]}}):
        assert clicked_cell(nothing) is None


def test_arcs_have_the_weights_of_the_chosen_token(open_section, folder):
    app = open_section("Arcs", token=3)
    frame = frames(app, "looks at", "weight")[0]
    values = interpret.trace(engine(folder), EXPRESSION.tokens)
    weights = np.stack([values[f"blocks.{layer}.attn.pattern"][0, :, 3] for layer in range(2)])
    np.testing.assert_allclose(frame["weight"], weights.ravel(), atol=1e-4)


def test_the_claim_is_tested_on_the_whole_space(open_section, folder):
    app = open_section("Focus")
    evidence = interpret.focus_evidence(interpret.space_patterns(engine(folder), expression_space()))
    assert evidence.verdict in [markdown.value for markdown in app.markdown]
    frame = frames(app, "mean entropy")[0]
    expected = [head.per_operation for layer in evidence.heads for head in layer]
    np.testing.assert_allclose(frame["mean entropy"], np.ravel(expected), atol=1e-5)
    frame = frames(open_section("Focus", measure="effective number of tokens"), "mean effective")[0]
    space = expression_space()
    rows = interpret.space_patterns(engine(folder), space).weights[1, space.operations == 3, 2, 0]  # Max, head 2.3
    number = np.exp(-(rows * np.log(np.maximum(rows, 1e-30))).sum(axis=1)).mean()
    assert frame.query("head.str.startswith('2.3') and operation == 'Max'")["mean effective"].item() == pytest.approx(
        number, abs=1e-4
    )


def test_roles_are_drawn_for_one_operation_and_heads_are_named(open_section, folder):
    app = open_section("Roles", operation="Max")
    roles = interpret.role_shares(interpret.space_patterns(engine(folder), expression_space()))
    shares = roles.shares[:, :, OPERATIONS.index("Max")]
    np.testing.assert_allclose(frames(app, "share")[0]["share"], shares.ravel(), atol=1e-5)
    assert f"| 2.3 | {roles.name(1, 2)} |" in " ".join(markdown.value for markdown in app.markdown)


def test_ablation_shows_the_drops_of_heads_and_layers_and_of_a_set(open_section, folder):
    app = open_section("Ablation", MODELS[:1], without=["layer 1 head 2", "layer 2 attention"])
    model, space = engine(folder), expression_space()
    parts = [*interpret.heads_of(model.config), *interpret.layers_of(model.config)]
    expected = interpret.ablate(model, space, [[part] for part in parts])
    shown = frames(app, "drop in points")[0]["drop in points"].to_numpy().reshape(12, 6)
    np.testing.assert_allclose(shown[:, 1:], 100 * expected.drop_per_operation[1:], atol=1e-4)
    both = interpret.ablate(model, space, [[parts[1], parts[10]]])
    table = frames(app, "accuracy in %")[0]["accuracy in %"].to_numpy().reshape(2, 6)
    np.testing.assert_allclose(table[:, 1:], 100 * both.accuracy_per_operation, atol=1e-4)


def test_all_subsets_are_tried_in_the_background_and_shown(open_section, folder):
    small = write_model(folder, "small", 5, embed_dim=16, num_heads=2, ffn_dim=16)
    app = open_section("Ablation", ["small"])
    app.button(key="try-subsets").click().run()
    source = app.session_state["_selection"].models[0].file
    job = background.jobs().find(("subsets", (source,), "zero"))
    deadline = time.monotonic() + 60
    while not job.is_over and time.monotonic() < deadline:
        time.sleep(0.05)
    app.run()
    assert not app.exception and job.state == "done"
    subsets = interpret.drain(interpret.subset_steps(load_checkpoint(small).model, expression_space()))
    curve = frames(app, "kept", "accuracy")[0]
    assert list(curve["accuracy"]) == [accuracy for _, _, accuracy in interpret.best_per_size(subsets)]
    bars = frames(app, "points of accuracy")[0]
    np.testing.assert_allclose(bars["points of accuracy"], 100 * interpret.shapley_values(subsets.accuracy), atol=1e-5)


def test_a_job_can_be_cancelled_and_a_failing_one_says_why():
    def endless():
        while True:
            yield 0.5

    def failing():
        yield 0.1
        raise ValueError("no such head")

    jobs = background.Jobs()
    job, bad = jobs.start("endless", endless), jobs.start("bad", failing)
    assert jobs.start("endless", endless) is job and bad.state == "waiting"
    while job.progress == 0:
        time.sleep(0.01)
    job.cancel()
    while not bad.is_over:
        time.sleep(0.01)
    assert (job.state, bad.state, bad.error) == ("cancelled", "failed", "no such head")
    assert results.recall("endless") is None


def test_one_answer_shows_lens_contributions_patching_and_attribution(open_section, folder):
    app = open_section("One answer", other="Max ( 5 3 1 )")
    for place, name in enumerate(MODELS):
        model = engine(folder, name)
        lens = interpret.logit_lens(model, EXPRESSION.tokens)
        shown = frames(app, "probability", "stage")[place]
        np.testing.assert_allclose(shown["probability"], lens.probabilities[:, 0, list(DIGITS)].ravel(), atol=1e-5)
        logit = model.forward(np.array([EXPRESSION.tokens]))[0][0, EXPRESSION.answer_token]
        assert frames(app, "logit")[place]["logit"].sum() == pytest.approx(logit, abs=1e-4)
        other = parse_expression("Max ( 5 3 1 )")
        patching = interpret.patch(model, EXPRESSION.tokens, other.tokens, EXPRESSION.answer_token, other.answer_token)
        shares = [frame for frame in frames(app, "share restored") if "stage" in frame][place]
        np.testing.assert_allclose(shares["share restored"], patching.residual.ravel(), atol=1e-4)


def test_a_patching_without_a_difference_says_so_instead_of_drawing(open_section):
    app = open_section("One answer", other="Max ( 5 4 9 )")  # the answer is 9 as well
    assert len(app.info) == 1 and "both have the answer 9" in app.info[0].value and "undefined" in app.info[0].value
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


def test_a_comparison_that_cannot_be_read_is_pointed_at_and_replaced(open_section):
    app = open_section("One answer", MODELS[:1], other="Max ( 5 3 x )")
    assert len(app.warning) == 1 and "Still showing Max ( 5 3 0 )" in [caption.value for caption in app.caption]
    assert len(frames(app, "share restored")) == 2


def test_where_no_token_decides_the_page_says_so(open_section):
    app = open_section("One answer", expression="Max ( 9 9 )")
    assert [info.value for info in app.info] == ["Whichever token of Max ( 9 9 ) one changes, the answer stays 9."]


def test_the_correlation_is_that_of_all_heads_and_of_each_layer():
    rows = [("m", f"1.{i}", 1 + i % 2, i / 10, i if i % 2 else -i) for i in range(10)]
    found = correlations(rows)
    assert list(found) == ["all heads", "layer 1", "layer 2"] and [x.count for x in found.values()] == [10, 5, 5]
    verdicts = [x.verdict for x in found.values()]
    assert verdicts == ["no clear relation", "focused heads matter more", "distributed heads matter more"]


def test_the_explanation_shows_what_follows_and_how_sure_it_is(open_section, folder):
    shown = " ".join(markdown.value for markdown in open_section("Explanation?", MODELS[:2]).markdown)
    entropy, rise = [], []
    for name in MODELS[:2]:
        model, space = engine(folder, name), expression_space()
        entropy += list(interpret.space_patterns(model, space).entropy.mean(axis=1).ravel())
        rise += list(
            interpret.ablate(model, space, [[head] for head in interpret.heads_of(model.config)]).loss_rise[1:]
        )
    found = interpret.correlation(entropy, rise)
    assert f"**{found.verdict.capitalize()}**" in shown
    between = f"{found.low:+.2f} to {found.high:+.2f}".replace("-", "−")
    assert f"| all heads | 16 | {found.r:+.2f} | {between} |".replace("-", "−") in shown


def test_circuits_show_the_best_matching(open_section, folder):
    app = open_section("Circuits", MODELS[:2])
    one, other = (interpret.space_patterns(engine(folder, name), expression_space()) for name in MODELS[:2])
    layers = frames(app, "in common")
    for layer in range(2):
        np.testing.assert_allclose(
            layers[layer]["in common"], interpret.head_similarity(one, other, layer).ravel(), atol=1e-5
        )
    table = " ".join(markdown.value for markdown in app.markdown)
    pairs = [(int(r[:3]), int(c[:3])) for frame in layers for r, c in frame[frame["framed"]][["row", "column"]].values]
    assert pairs == [(match.first, match.second) for match in interpret.match_heads(one, other)]
    for match in interpret.match_heads(one, other):
        assert f"| {match.similarity:.1%} | {'shared' if match.shared else 'different'} |" in table


def test_circuits_of_one_model_say_what_is_missing(open_section):
    assert "Put a second model on display" in open_section("Circuits", MODELS[:1]).info[0].value


def test_a_replay_makes_the_snapshots_that_the_slider_moves_through(open_section, folder, monkeypatch, tmp_path):
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
    app = open_section("Time", ["tiny"])
    assert "exactly these weights, bit for bit" in " ".join(caption.value for caption in app.caption)
    steps = run.snapshot_steps()
    assert list(app.select_slider(key="moment").options) == [*map(str, steps), "the end"]
    course = frames(app, "series", "value")[0]
    assert set(course["step"]) == set(steps) and len(course) == 3 * len(steps)
    app.select_slider(key="moment").set_value(str(steps[1]))
    app.session_state["look"] = "Heatmaps"
    app.run()
    values = interpret.trace(run.snapshot(steps[1]), EXPRESSION.tokens)
    drawn = frames(app, "weight", "mark")  # of a model alone, a chart for each layer
    for layer, frame in enumerate(drawn):
        weights = frame["weight"].to_numpy().reshape(2, 6, 6)
        np.testing.assert_allclose(weights, values[f"blocks.{layer}.attn.pattern"][0], atol=1e-5)
    assert len(drawn) == 2
    app.session_state["models"], app.session_state["look"] = ["tiny", "seed-42"], "Circuits"
    app.run()
    told = " ".join(caption.value for caption in app.caption)
    assert "Without snapshots, and therefore as trained: seed-42." in told


def test_a_replay_that_arrives_elsewhere_says_how_far(folder, tmp_path):
    from types import SimpleNamespace

    one, other = load_checkpoint(folder / "seed-42.npz"), load_checkpoint(folder / "seed-7.npz")
    told = arrival(SimpleNamespace(model_path=folder / "seed-42.npz"), SimpleNamespace(model=other.model))
    assert f"differ by up to {np.abs(one.model.vector - other.model.vector).max():.3g}" in told
    assert "left no model" in arrival(
        SimpleNamespace(model_path=tmp_path / "none.npz"), SimpleNamespace(model=other.model)
    )


def test_without_snapshots_a_replay_is_offered(open_section):
    app = open_section("Time")
    assert [button.key for button in app.button if button.key.startswith("replay-")] == [f"replay-{m}" for m in MODELS]
