"""One selection everywhere: models, expression, and what happens when one of them is no good."""

import pytest
from app_reading import write_model

from dashboard.components import point_at
from tinyformer import parse_expression, side_of


def shown(app):
    return app.session_state["_selection"]


def test_the_shipped_models_and_the_default_expression_are_shown_at_first(app):
    app.run()
    assert [model.name for model in shown(app).models] == ["seed-42", "seed-123", "seed-7"]
    assert str(shown(app).expression) == "Max ( 5 3 9 )"


def test_a_bad_expression_is_explained_and_the_last_good_one_stays(app):
    app.run()
    app.text_input(key="expression").set_value("min 4, 2").run()
    assert str(shown(app).expression) == "Min ( 4 2 )"
    app.text_input(key="expression").set_value("Max ( 5 )").run()
    assert str(shown(app).expression) == "Min ( 4 2 )"
    assert "at least 2 numbers" in app.sidebar.warning[0].value
    assert app.sidebar.code[0].value.endswith("↑")
    assert app.sidebar.caption[0].value == "Still showing Min ( 4 2 )"
    assert not app.exception


@pytest.mark.parametrize("text", ["", "Max", "Max ( 5 10 )", "٣ ٤", "__import__('os')", "<b>Max</b> 1 2", "9" * 300])
def test_any_text_leaves_the_page_alive(app, text):
    app.run()
    app.text_input(key="expression").set_value(text).run()
    assert not app.exception
    assert str(shown(app).expression) == "Max ( 5 3 9 )"
    assert app.sidebar.warning


def test_a_broken_file_is_named_and_the_others_are_shown(app, folder):
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 not really")
    app.run()
    app.multiselect(key="models").set_value(["seed-42", "broken"]).run()
    assert [model.name for model in shown(app).models] == ["seed-42"]
    assert len(app.sidebar.error) == 1 and "broken.npz" in app.sidebar.error[0].value
    assert not app.exception


def test_a_file_that_changes_is_read_again(app, folder):
    app.run()
    before = shown(app).models[0].model.vector.copy()
    write_model(folder, "seed-42", seed=5)
    app.run()
    assert (shown(app).models[0].model.vector != before).any()


def test_a_file_that_vanishes_leaves_the_display(app, folder):
    app.run()
    (folder / "seed-42.npz").unlink()
    app.run()
    assert [model.name for model in shown(app).models] == ["seed-123", "seed-7"]
    assert not app.exception


def test_an_expression_longer_than_a_model_takes_is_refused_with_the_reason(app, folder):
    write_model(folder, "short", seed=1, max_seq_len=6)
    app.run()
    app.text_input(key="expression").set_value("Max ( 1 2 3 4 )").run()
    assert str(shown(app).expression) == "Max ( 1 2 3 4 )"
    app.multiselect(key="models").set_value(["short"]).run()
    assert shown(app).complaint and not app.exception
    assert len(shown(app).expression.tokens) <= 6


def test_no_more_than_four_models_are_shown(app, folder):
    for seed in range(3):
        write_model(folder, f"more-{seed}", seed)
    app.run()
    assert app.multiselect(key="models").proto.max_selections == 4


def test_the_arrow_stands_below_the_character():
    text, arrow = point_at("Max ( 5 )", 9).split("\n")
    assert text[arrow.index("↑")] == ")"
    long = "Max ( " + "1 " * 100 + "x " + "1 " * 100 + ")"
    text, arrow = point_at(long, long.index("x") + 1).split("\n")
    assert text[arrow.index("↑")] == "x" and len(text) < 40


def test_home_says_what_a_model_cannot_have_seen(app):
    def notes(text):
        app.text_input(key="expression").set_value(text).run()
        return [model.never_saw(parse_expression(text)) for model in shown(app).models]

    app.run()
    candidates = [f"Max ( 5 3 {digit} )" for digit in range(10)] + [f"Min ( 5 {digit} 3 )" for digit in range(10)]
    held_out = next(text for text in candidates if side_of(parse_expression(text)) != "train")
    assert notes(held_out) == ["never saw this expression in training"] * 3
    assert any("never saw this expression in training" in html.proto.body for html in app.get("html"))
    trained = next(text for text in candidates if side_of(parse_expression(text)) == "train")
    assert notes(trained) == [None] * 3
    assert notes("Max ( 5 3 )") == ["never saw 2 numbers in training"] * 3
