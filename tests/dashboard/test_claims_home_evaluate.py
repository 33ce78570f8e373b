"""Every sentence of fact on Home and Evaluate, and the computation that it has to survive, on the models that ship.

Those that are computed from figures (`finding`, `embeddings.verdict`, `head.best_of`) are tested in `test_evaluate.py`.
"""

import copy
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from app_reading import charts, write_model

from dashboard import glossary, home, selection
from dashboard.evaluate import embeddings
from dashboard.lab.rooms import ROOMS
from tinyformer import (
    Transformer,
    TransformerConfig,
    expression_space,
    interpret,
    load_checkpoint,
    parse_expression,
    save_checkpoint,
)
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.evaluation import length_generalization
from tinyformer.evaluation.drawn import times_drawn
from tinyformer.evaluation.embeddings import digit_embeddings, number_sense
from tinyformer.evaluation.intervals import wilson_interval
from tinyformer.evaluation.length_generalization import accuracy_by_length
from tinyformer.evaluation.report import split_of, whole_space
from tinyformer.task.datasets import SIDES, side_of
from tinyformer.task.operations import Operation
from tinyformer.task.task import Task
from tinyformer.task.vocabulary import DIGITS
from tinyformer.training import Trainer

NAMES = ("seed-42", "seed-123", "seed-7", "mixed-42")
SHIPPED = {name: load_checkpoint(shipped_folder() / f"{name}.npz") for name in NAMES}
SPACE = expression_space()


def answer(model, text):
    return int(model.predict([parse_expression(text).tokens])[0].argmax())


# --- Home


def test_home_begins_with_an_expression_that_no_model_that_ships_ever_saw():
    first = parse_expression(selection.DEFAULT_EXPRESSION)
    for checkpoint in SHIPPED.values():
        data_seed, shares = split_of(checkpoint)
        assert side_of(first, data_seed=data_seed, shares=shares) == "test"


def test_of_a_token_the_model_is_told_its_number_and_not_its_meaning():
    """Two digits that swap their embeddings, and their places in the read-out, have swapped their roles."""
    model = copy.deepcopy(SHIPPED["seed-42"].model)
    five, three = DIGITS[5], DIGITS[3]
    before = model.predict([parse_expression("Max ( 5 3 3 )").tokens])[0]
    parts = model.named_parameters()
    for table in (parts["embedding.weight"], parts["read_out.weight"].T, parts["read_out.bias"]):
        table[[five, three]] = table[[three, five]]
    after = model.predict([parse_expression("Max ( 3 5 5 )").tokens])[0]
    after[[five, three]] = after[[three, five]]
    np.testing.assert_allclose(after, before, atol=1e-5)


def test_of_a_token_the_model_is_given_its_place_too_but_where_it_is_made_without_positions():
    def moved(model):
        one, other = model.predict([parse_expression(text).tokens for text in ("First ( 5 3 9 )", "First ( 3 5 9 )")])
        return np.abs(one - other).max()

    assert all(moved(one.model) > 0.9 for one in SHIPPED.values())
    config = replace(SHIPPED["seed-42"].model.config, positions="none")
    assert moved(Transformer(config, seed=1)) < 1e-6 and "as a rule, its place" in glossary.MEANINGS["token"]


@pytest.mark.parametrize("name", NAMES)
def test_in_every_layer_each_token_looks_at_all_a_row_sums_to_1_and_the_answer_is_read_off_the_first(name):
    model, tokens = SHIPPED[name].model, parse_expression("Max ( 5 3 9 )").tokens
    values = interpret.trace(model, tokens)
    for layer in range(model.config.num_layers):
        weights = values[f"blocks.{layer}.attn.pattern"][0]
        assert (weights > 0).all()  # each token takes from itself, too
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-5)
    assert model.config.pooling == "first" and "from each token, itself included" in glossary.MEANINGS["attention"]


def test_trained_from_different_seeds_models_answer_alike_and_look_at_different_things():
    one, other = (SHIPPED[name].model for name in NAMES[:2])
    answers = [model.predict(SPACE.tokens).argmax(axis=1) for model in (one, other)]
    assert (answers[0] == answers[1]).mean() > 0.999
    patterns = [interpret.space_patterns(model, SPACE) for model in (one, other)]
    levels = interpret.drain(interpret.null_steps(one.config, SPACE)).match_levels()
    matched = [layer.matched(level) for layer, level in zip(interpret.compare_heads(*patterns), levels, strict=True)]
    assert sum(map(len, matched)) <= 4  # of 8 heads


def test_an_answer_can_depend_on_a_token_that_the_first_one_never_looks_at():
    model, text = SHIPPED["seed-123"].model, "Max ( 0 8 0 )"
    values = interpret.trace(model, parse_expression(text).tokens)
    looked = max(values[f"blocks.{layer}.attn.pattern"][0, :, 0, 2].max() for layer in range(2))
    assert looked < 0.004 and answer(model, text) == DIGITS[8] and answer(model, "Max ( 9 8 0 )") == DIGITS[9]


def test_one_head_or_several_is_said_and_whose_path_it_is_where_shapes_differ(app, folder):
    app.run()
    write_model(folder, "<b>one", 3, config=TransformerConfig(num_heads=1, num_layers=1))

    def path(*models):
        app.session_state["models"] = list(models)
        app.run()
        assert not app.exception
        prose = next(html.proto.body for html in app.get("html") if "A question is cut into" in html.proto.body)
        assert "with one " in prose and " or with several at once" in prose
        return next(html.proto.body for html in app.get("html") if 'class="tf-path"' in html.proto.body)

    assert "layer 2, 4 heads" in path("seed-42", "seed-7") and "seed-42" not in path("seed-42", "seed-7")
    assert "layer 2" in path("seed-42", "<b>one") and ">seed-42</em>" in path("seed-42", "<b>one")
    other = path("<b>one", "seed-42")
    assert "layer 1, 1 head" in other and "layer 2" not in other and ">&lt;b&gt;one</em>" in other


def test_each_draw_is_shown_once_an_epoch():
    trainer = Trainer(SHIPPED["seed-42"].training)
    assert trainer.steps_per_epoch == -(-len(trainer.data.train.targets) // trainer.config.batch_size)


def test_longer_questions_than_it_ever_saw_break_it():
    rows = [accuracy_by_length(SHIPPED[name].model, SHIPPED[name].training) for name in NAMES[:3]]
    assert all(row.high < 0.95 for some in rows for row in some if row.num_args >= 5)


def test_what_the_ways_on_promise_is_there():
    assert {"benches", "follow", "sabotage"} <= set(ROOMS) and len(home.WAYS_ON) == 4


# --- Evaluate


def test_asked_are_all_of_two_and_three_numbers_that_are_held_out_and_up_to_a_thousand_of_each_longer_kind():
    rows = accuracy_by_length(SHIPPED["seed-42"].model, SHIPPED["seed-42"].training)
    data_seed, shares = split_of(SHIPPED["seed-42"])
    for row in rows:
        if row.num_args > 3:
            assert row.total == 1_000
            continue
        space = expression_space(row.num_args)
        held_out = [
            side_of(parse_expression(text), data_seed=data_seed, shares=shares) == "test"
            for text in map(space.task.detokenize, space.tokens)
        ]
        assert row.total == sum(held_out)
    product = Task((Operation("Product"),))  # all of its held-out expressions of four numbers are fewer
    assert 900 < len(length_generalization.held_out(4, task=product).targets) < 1_000


@pytest.mark.parametrize("side", ["test", "all"])
def test_what_was_counted_completely_has_no_interval(evaluate_page, side):
    for section, chart in (("calibration", "Sure, and rightly?"), ("mistakes", "Accuracy per operation")):
        app = evaluate_page(section, side=side, models=["seed-42"])
        (spec,) = (spec for spec, *_ in charts(app) if str(spec.get("title")).startswith(chart))
        said = " ".join(one.value for one in app.markdown)
        assert ("95% interval from" in str(spec)) == (side == "test")
        assert ("95% interval;" in said or "95% Wilson interval" in said) == (side == "test")
        assert ("can be anything up to" in said) == (side == "test" and section == "calibration")
        if section == "calibration":
            assert ({"95% interval from", "to"} <= set(app.dataframe[1].value)) == (side == "test")


def test_whether_a_wrong_answer_was_trained_on_is_said_as_far_as_it_is_known(evaluate_page, folder):
    save_checkpoint(folder / "unknown.npz", Transformer(seed=3))
    save_checkpoint(folder / "written.npz", Transformer(seed=3), metadata={"written_by_hand": "one head"})

    def said(*models, side="test"):
        captions = [one.value for one in evaluate_page("mistakes", side=side, models=list(models)).caption]
        return next(one for one in captions if "wrong" in one and "least confident" in one)

    assert re.match(r"\*\*\d+ wrong\*\*, none of them on expressions that were trained on; with", said("seed-42"))
    assert re.match(r"\*\*\d+ wrong\*\*, none of them on expressions that were trained on; with", said("written"))
    assert re.match(r"\*\*(\d+) wrong\*\*; whether they were trained on is not known; with", said("unknown"))
    both = r"\*\*[\d,]+ wrong\*\*, none of them on expressions known to be trained on; of \d+ it is not known; with"
    assert re.match(both, said("seed-42", "unknown"))
    large = replace(load_checkpoint(folder / "seed-7.npz").training, num_examples=2_000_000)  # draws not counted
    save_checkpoint(folder / "large.npz", Transformer(seed=3), training=large)
    assert ", none of them on expressions that were trained on" in said("large")  # by their side
    assert ", none of them on expressions known to be trained on; of " in said("large", side="all")


def test_large_squares_of_the_truth_map_were_never_drawn_for_training():
    for checkpoint in SHIPPED.values():
        evaluation, sides = whole_space(checkpoint)
        draws = times_drawn(checkpoint.training, evaluation.tokens, evaluation.mask, sides)
        assert not draws[np.array(sides) != SIDES.index("train")].any()


def test_wrong_0_times_in_495_can_be_anything_up_to_eight_tenths_of_a_percent():
    assert round(100 * (1 - wilson_interval(495, 495)[0]), 1) == 0.8


def test_before_training_the_order_of_the_digits_is_not_in_their_distances_nor_can_it_be_told_afterwards():
    trained, untrained = [], []
    for checkpoint in SHIPPED.values():
        trained.append(number_sense(digit_embeddings(checkpoint.model)))
        first = Transformer(checkpoint.training.model, seed=checkpoint.training.seed)
        untrained.append(number_sense(digit_embeddings(first)))
    assert all(one.by_chance > 0.05 for one in (*trained, *untrained))
    assert max(abs(one.correlation) for one in untrained) < 0.1


def test_the_more_models_are_asked_the_less_does_chance_pass_for_an_order():
    table = pd.DataFrame({"model": list("abcd"), "rank correlation": 0.4, "by chance": [2.0, 40.0, 60.0, 80.0]})
    assert "One cannot tell" in embeddings.verdict(table) and "more than 1.25%" in embeddings.verdict(table)
    assert "distances of a: at most 5%" in embeddings.verdict(table[:1])
