"""The pages show what the engine computes: every chart's numbers are compared with the engine's own."""

import numpy as np
import pytest
from app_reading import charts

from tinyformer import (
    accuracy_per_operation,
    confusion_matrix,
    evaluate,
    expression_space,
    extract_attention_weights,
    load_checkpoint,
    normalized_entropy,
    parse_expression,
)
from tinyformer.datasets import SIDES
from tinyformer.vocabulary import VOCABULARY

MODELS = ("seed-42", "seed-123", "seed-7")


def engine(folder, name="seed-42"):
    return load_checkpoint(folder / f"{name}.npz").model


def test_home_shows_each_models_answers_and_the_first_tokens_attention(app, folder):
    app.run()
    tokens = parse_expression("Max ( 5 3 9 )").tokens
    drawn = charts(app)
    assert not app.exception
    assert len(drawn) == 2 * len(MODELS) + 1  # answers and attention of each, and the color scale
    for place, name in enumerate(MODELS):
        model = engine(folder, name)
        probabilities = model.predict([tokens])[0]
        top = np.argsort(probabilities)[::-1][:5]
        _, answers, _ = drawn[2 * place]
        assert list(answers["token"]) == [VOCABULARY[token] for token in top]
        np.testing.assert_allclose(answers["probability"], probabilities[top], rtol=1e-6)
        spec, looks, description = drawn[2 * place + 1]
        weights = extract_attention_weights(model, tokens)[:, 0, :, 0]
        np.testing.assert_allclose(looks["weight"], weights.ravel(), rtol=1e-6)
        assert spec["spec"]["encoding"]["color"]["scale"]["domain"] == [0, 1]
        assert description.startswith("What the first token looks at most: layer 1 head 1 at ")


def test_an_example_button_changes_the_expression_everywhere(app, folder):
    app.run()
    next(button for button in app.button if button.label == "Second ( 6 0 9 )").click().run()
    assert app.text_input(key="expression").value == "Second ( 6 0 9 )"
    app.switch_page("views/explore_attention.py").run()
    assert "Second ( 6 0 9 )" in app.main.markdown[0].value


def test_explore_attention_shows_every_layer_and_head_with_its_focus(app, folder):
    app.run()
    app.switch_page("views/explore_attention.py")
    app.multiselect(key="models").set_value(["seed-42", "seed-7"]).run()
    tokens = parse_expression("Max ( 5 3 9 )").tokens
    *maps, _, (_, points, _) = charts(app)
    assert len(maps) == 2
    for name, (spec, frame, _) in zip(("seed-42", "seed-7"), maps, strict=True):
        weights = extract_attention_weights(engine(folder, name), tokens)[:, 0]
        np.testing.assert_allclose(frame["weight"], weights.ravel(), rtol=1e-6)
        assert spec["spec"]["width"] == spec["spec"]["height"]  # as many rows as columns: square cells
        entropy = normalized_entropy(weights[:, :, 0])
        np.testing.assert_allclose(points[points["model"] == name]["entropy"], entropy.ravel(), rtol=1e-5)
    app.button_group(key="rows").set_value("mean of all rows").run()
    *_, (_, points, _) = charts(app)
    weights = extract_attention_weights(engine(folder, "seed-7"), tokens)[:, 0]
    expected = normalized_entropy(weights).mean(axis=-1)
    np.testing.assert_allclose(points[points["model"] == "seed-7"]["entropy"], expected.ravel(), rtol=1e-5)


@pytest.mark.parametrize("side", [*SIDES, "all"])
def test_evaluate_counts_as_the_engine_does(app, folder, side):
    app.run()
    app.switch_page("views/evaluate.py").run()
    app.button_group(key="side").set_value(side).run()
    assert not app.exception
    space = expression_space()
    part = evaluate(engine(folder, "seed-123"), space)
    if side != "all":
        part = part.select(space.sides == SIDES.index(side))
    table = app.dataframe[0].value
    assert table["wrong"][1] == f"{(~part.correct).sum():,} of {len(part):,}"
    (_, overview, _), (_, operations, _), *matrices = charts(app)
    assert list(overview["model"]) == [*MODELS, "most frequent answer", "copy the first"]
    expected = [row.correct for row in accuracy_per_operation(part)]
    assert list(operations[operations["model"] == "seed-123"]["correct"]) == expected
    counts = confusion_matrix(part)
    assert matrices[1][1]["count"].sum() == counts.sum() == len(part)
    diagonal = matrices[1][1].query("answer == truth.astype('str')")["count"]
    assert list(diagonal) == list(np.diagonal(counts))


@pytest.mark.parametrize("view", ["home", "evaluate", "explore_attention"])
def test_every_chart_is_described_and_names_its_axes(app, view):
    app.run()
    app.switch_page(f"views/{view}.py").run()
    for spec, frame, description in charts(app):
        assert len(description) > 20 and len(frame) > 0
        assert "tooltip" in str(spec)


@pytest.mark.parametrize("view", ["home", "evaluate", "explore_attention"])
def test_without_a_model_a_page_says_what_to_do(app, view):
    app.run()
    app.switch_page(f"views/{view}.py")
    app.multiselect(key="models").set_value([]).run()
    assert "Choose one or more in the sidebar" in app.info[0].value
    assert not app.exception
