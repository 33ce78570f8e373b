"""One selection everywhere: models, expression, and what happens when one of them is no good."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest
from app_reading import write_model

from dashboard.components import point_at
from dashboard.history import epochs_trained, histories, history
from dashboard.selection import DEFAULT_EXPRESSION
from tinyformer import (
    Expression,
    MetricsTracker,
    TrainingConfig,
    detokenize,
    extract_attention_weights,
    generate_tokenized_dataset,
    load_checkpoint,
    parse_expression,
    side_of,
)
from tinyformer.checkpoints.folders import shipped_checkpoints, shipped_folder
from tinyformer.evaluation.report import split_of, whole_space
from tinyformer.task.datasets import SIDES
from tinyformer.task.training_data import prepare_data


def shown(app):
    return app.session_state["_selection"]


def test_the_shipped_models_and_the_default_expression_are_shown_at_first(app):
    app.run()
    assert [model.name for model in shown(app).models] == ["seed-42", "seed-123", "seed-7"]
    assert str(shown(app).expression) == DEFAULT_EXPRESSION


def test_a_bad_expression_is_explained_and_the_last_good_one_stays(app):
    app.run()
    app.text_input(key="expression").set_value("min 4, 2").run()
    assert str(shown(app).expression) == "Min ( 4 2 )"
    app.text_input(key="expression").set_value("Max ( 5 )").run()
    assert str(shown(app).expression) == "Min ( 4 2 )"
    assert "at least 2 numbers" in app.warning[0].value
    assert app.code[0].value.endswith("↑")
    assert "Still showing Min ( 4 2 )" in [caption.value for caption in app.caption]
    assert not app.exception


@pytest.mark.parametrize("text", ["", "Max", "Max ( 5 10 )", "٣ ٤", "__import__('os')", "<b>Max</b> 1 2", "9" * 300])
def test_any_text_leaves_the_page_alive(app, text):
    app.run()
    app.text_input(key="expression").set_value(text).run()
    assert not app.exception
    assert str(shown(app).expression) == DEFAULT_EXPRESSION
    assert app.warning


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


def test_home_says_what_the_expression_was_to_each_training(app):
    def notes(text):
        app.text_input(key="expression").set_value(text).run()
        found = [model.history(parse_expression(text)) for model in shown(app).models]
        assert all(any(note in html.proto.body for html in app.get("html")) for note in found)
        return found

    app.run()
    config, checkpoint = TrainingConfig(), load_checkpoint(shipped_checkpoints()[0])
    counts = Counter(tuple(tokens) for tokens, _ in generate_tokenized_dataset(config.num_examples))
    for digits in itertools.product((5, 3, 9), repeat=3):
        expression = Expression("Max", digits)
        side, draws = side_of(expression), counts[tuple(expression.tokens)]
        expected = {
            "test": "never saw it: held out",
            "validation": "never trained on it, but it helped to choose the best epoch",
            "train": f"saw it in training: {draws} {'draw' if draws == 1 else 'draws'}, 20 epochs"
            if draws
            else "never saw it: open to training, but not drawn",
        }[side]
        assert checkpoint.training == config and history(checkpoint, expression, side) == expected
    assert notes(DEFAULT_EXPRESSION) == ["never saw it: held out"] * 3
    assert notes("Max ( 5 3 )") == ["never saw 2 numbers in training"] * 3
    unknown = replace(checkpoint, training=None)
    assert history(unknown, parse_expression("Max ( 5 3 )"), "test") == "whether it saw it in training is not known"


@pytest.mark.parametrize(
    "settings", [{"split_by": "draw"}, {"train_limit": 50}, {"num_args": (2, 4)}, {"num_examples": 9_000}]
)
def test_what_an_expression_was_to_a_training_is_what_its_sets_say(settings):
    """Independently: looked for in the three sets, one expression after the other."""
    checkpoint = load_checkpoint(shipped_checkpoints()[0])
    config = replace(checkpoint.training, **{"num_examples": 1500} | settings)
    evaluation, sides = whole_space(checkpoint)
    data = prepare_data(config)
    trained, chose = (
        {tuple(row[keep]) for row, keep in zip(part.tokens, part.mask, strict=True)}
        for part in (data.train, data.validation)
    )
    said = histories(replace(checkpoint, training=config), evaluation, sides)
    for place in range(0, len(evaluation), 7):
        row, words = tuple(evaluation.tokens[place]), said[place]
        assert words.startswith("trained on (") == (row in trained)
        assert (words == "validation") == (row in chose and row not in trained)
        if words == "held out":
            assert row not in trained | chose and sides[place] == 2
        sentence = history(
            replace(checkpoint, training=config), parse_expression(detokenize(list(row))), SIDES[sides[place]]
        )
        assert sentence.startswith("saw it in training") == (row in trained)
        assert ("it helped to choose" in sentence) == (words == "validation")
        assert sentence.endswith("held out") == (words == "held out")


def test_a_training_that_was_stopped_is_not_said_to_have_had_all_its_epochs():
    checkpoint = load_checkpoint(shipped_checkpoints()[0])
    assert epochs_trained(checkpoint) == 20
    log = MetricsTracker(checkpoint.task.names)
    log.steps["step"].append(1)
    stopped = replace(checkpoint, history=log)
    assert epochs_trained(stopped) == 0
    drawn = next(
        expression
        for digits in itertools.product(range(10), repeat=3)
        if history(checkpoint, expression := Expression("Max", digits), side_of(expression)).startswith("saw it")
    )
    assert "stopped in its first epoch" in history(stopped, drawn, "train")
    never = replace(checkpoint, history=MetricsTracker(checkpoint.task.names), metadata={"steps_trained": 0})
    assert epochs_trained(never) == 0
    assert history(never, drawn, "train") == "never saw it: its training was stopped before the first step"
    evaluation, sides = whole_space(checkpoint)
    assert set(histories(never, evaluation, sides)) == {"held out", "never trained on"}


def test_what_is_kept_out_of_a_training_is_known_without_counting_its_draws():
    checkpoint = load_checkpoint(shipped_checkpoints()[0])
    large = replace(checkpoint, training=replace(checkpoint.training, num_examples=2_000_000))
    evaluation, sides = whole_space(checkpoint)
    said = dict(zip(sides, histories(large, evaluation, sides), strict=True))
    assert said == {0: "train side, draws not counted", 1: "never trained on", 2: "held out"}
    expression = parse_expression("Max ( 5 3 9 )")
    assert history(large, expression, "validation") == "never trained on it"
    assert history(large, expression, "train") == "may have seen it: its draws are not counted"
    by_draw = replace(large, training=replace(large.training, split_by="draw"))
    assert set(histories(by_draw, evaluation, sides)) == {f"{side} side, draws not counted" for side in SIDES}


def test_the_first_expression_was_never_seen_by_a_model_that_ships():
    for path in shipped_checkpoints():
        checkpoint = load_checkpoint(path)
        expression = parse_expression(DEFAULT_EXPRESSION)
        data_seed, shares = split_of(checkpoint)
        assert history(checkpoint, expression, side_of(expression, data_seed, shares)).endswith("held out")


def test_the_answer_can_depend_on_a_token_that_the_first_one_never_looks_at():
    """What Home says about attention, on the model that ships as seed-123: no head of it looks at the first 0."""
    model = load_checkpoint(shipped_folder() / "seed-123.npz").model
    before, after = (parse_expression(text) for text in ("Max ( 0 8 0 )", "Max ( 9 8 0 )"))
    assert extract_attention_weights(model, before.tokens)[:, 0, :, 0, 2].max() < 0.004
    assert [model.predict([e.tokens]).argmax() for e in (before, after)] == [before.answer_token, after.answer_token]
    assert before.answer != after.answer
