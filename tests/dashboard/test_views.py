"""The pages show what the engine computes: every chart's numbers are compared with the engine's own."""

import numpy as np
import pytest
from app_reading import charts

from dashboard.charts.bars import percent
from dashboard.selection import DEFAULT_EXPRESSION
from tinyformer import (
    OPERATIONS,
    accuracy_per_operation,
    evaluate,
    expression_space,
    extract_attention_weights,
    load_checkpoint,
    parse_expression,
)
from tinyformer.task.datasets import SIDES
from tinyformer.task.vocabulary import VOCABULARY

MODELS = ("seed-42", "seed-123", "seed-7")


def engine(folder, name="seed-42"):
    return load_checkpoint(folder / f"{name}.npz").model


def test_home_shows_each_models_answer_and_the_first_tokens_attention(app, folder):
    app.run()
    tokens = parse_expression(DEFAULT_EXPRESSION).tokens
    drawn = charts(app)
    said = [
        html.proto.body for html in app.get("html") if "tf-answer" in html.proto.body and "<strong>" in html.proto.body
    ]
    assert not app.exception
    assert len(said) == len(MODELS) and len(drawn) == len(MODELS) + 1  # and the color scale
    for place, name in enumerate(MODELS):
        model = engine(folder, name)
        probabilities = model.predict([tokens])[0]
        first, second = np.argsort(probabilities)[::-1][:2]
        assert f"<strong>{VOCABULARY[first]}</strong>" in said[place]
        assert f"{percent(probabilities[first])} sure" in said[place]
        assert f"{VOCABULARY[second]} {percent(probabilities[second])}" in said[place]  # untrained: worth a word
        spec, looks, description = drawn[place]
        weights = extract_attention_weights(model, tokens)[:, 0, :, 0]
        np.testing.assert_allclose(looks["weight"], weights.ravel(), rtol=1e-6)
        assert spec["spec"]["encoding"]["color"]["scale"]["domain"] == [0, 1]
        assert description.startswith("What the first token looks at most: layer 1 head 1 at ")


def test_an_example_button_changes_the_expression_everywhere(app, folder):
    app.run()
    next(button for button in app.button if button.label == "Second ( 4 8 7 )").click().run()
    assert app.text_input(key="expression").value == "Second ( 4 8 7 )"
    app.switch_page("views/explore_attention.py").run()
    assert str(app.session_state["_selection"].expression) == "Second ( 4 8 7 )"


def test_explore_attention_shows_every_layer_and_head_in_square_cells(app, folder):
    app.run()
    app.switch_page("views/explore_attention.py")
    app.multiselect(key="models").set_value(["seed-42", "seed-7"]).run()
    assert not app.exception
    tokens = parse_expression(DEFAULT_EXPRESSION).tokens
    maps = [(spec, frame) for spec, frame, _ in charts(app) if {"query", "weight"} <= set(frame)][:2]
    for name, (spec, frame) in zip(("seed-42", "seed-7"), maps, strict=True):
        weights = extract_attention_weights(engine(folder, name), tokens)[:, 0]
        np.testing.assert_allclose(np.sort(frame["weight"]), np.sort(weights.ravel()), atol=1e-4)
        assert spec["spec"]["width"] == spec["spec"]["height"]  # as many rows as columns


def test_evaluate_counts_the_held_out_side_as_the_engine_does(app, folder):
    app.run()
    app.switch_page("views/evaluate.py").run()
    app.button_group(key="section").set_value("mistakes").run()
    assert not app.exception
    space = expression_space()
    part = evaluate(engine(folder, "seed-123"), space).select(space.sides == SIDES.index("test"))
    shown = [frame for _, frame, _ in charts(app) if {"model", "group", "correct"} <= set(frame)]
    operations = next(frame for frame in shown if set(frame["group"]) == set(OPERATIONS))
    expected = [(row.operation, row.correct, row.total) for row in accuracy_per_operation(part)]
    of_model = operations[operations["model"] == "seed-123"]
    assert list(of_model[["group", "correct", "total"]].itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize("view", ["home", "evaluate", "explore_attention"])
def test_every_chart_is_described_for_who_cannot_see_it(app, view):
    app.run()
    app.switch_page(f"views/{view}.py").run()
    drawn = charts(app)
    assert drawn and not app.exception
    for _, frame, description in drawn:
        assert len(description) > 15 and len(frame) > 0


@pytest.mark.parametrize("view", ["home", "evaluate", "explore_attention"])
def test_without_a_model_a_page_says_what_to_do(app, view):
    app.run()
    app.switch_page(f"views/{view}.py")
    app.multiselect(key="models").set_value([]).run()
    assert "Choose one or more in the sidebar" in app.info[0].value
    assert not app.exception
