"""A model of operations of one's own, beside one that ships and one of a table, walked through in Chromium."""

import pytest
from browser_page import assert_nothing_overflows
from serving import serve

from tinyformer import TrainingConfig, Transformer, save_checkpoint
from tinyformer.task.operations import Operation

GAP = Operation.of_formula("Gap", "max(x) - min(x)")
ODD = Operation.of_table("Odd", {(a, b, c): a % 2 for a in range(10) for b in range(6) for c in range(7)})
ON_DISPLAY = "models=own&models=seed-42&models=odd&expression=Gap+(+5+3+9+)"
PATHS = (
    "?",
    "train?ops=Max&name=Gap&rule=max(x)+-+min(x)&",
    "evaluate?section=Every+expression&",
    "explore-attention?look=What+do+they+do%3F&",
    "layer-lab?",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    for name, operations in (("own", ("Max", "Sum", GAP)), ("odd", (ODD,))):
        config = TrainingConfig(operations=operations)
        (data / "checkpoints").mkdir(exist_ok=True)
        save_checkpoint(data / "checkpoints" / f"{name}.npz", Transformer(config.model, seed=1), training=config)
    with serve(data) as address:
        yield address


@pytest.mark.parametrize("path", PATHS)
def test_a_page_opens_and_nothing_overflows(visit, path):
    page = visit(f"{path}{ON_DISPLAY}", scheme=("light", "dark")[len(path) % 2])
    assert_nothing_overflows(page)


def test_a_rule_is_shown_at_once_and_an_example_fills_the_fields(visit):
    page = visit("train")
    page.get_by_text("Operations", exact=True).click()
    page.get_by_role("button", name="Mean = sum(x) // n").click()
    page.get_by_text("Right on the test side without a model").wait_for()
    assert page.get_by_role("textbox", name="and its rule").input_value() == "sum(x) // n"
    page.wait_for_function("location.search.includes('rule=')")
    again = visit(page.url.split("/", 3)[3])
    again.get_by_text("It learns First, Second, Last, Max, Min, Mean.").wait_for()
