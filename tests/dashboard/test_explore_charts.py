"""The charts of Explore Attention: readable on a light and on a dark page, at every size, and true to their numbers."""

import numpy as np
import pytest

from dashboard.charts import arcs, differences, focus, grid, scatter, signed_bars, through_time, token_bars

LOOKS = [("a", "#0660F2", "circle")]
TOKENS = ["Max", "(", "5", "5", "9", ")"]
ROW = np.full((2, 4, 6), 1 / 6)


def figures():
    return {
        "arcs": arcs.arcs(ROW, TOKENS, 0, "#0660F2"),
        "focus": focus.focus([("a", "head 1.1", 0.2, 1.4)], LOOKS),
        "grid": grid.grid(np.eye(3), "abc", "abc", framed=np.eye(3, dtype=bool)),
        "effects": scatter.effects([("a", "1.1", 1, 0.2, 0.01)], LOOKS, "rise of the loss"),
        "signed_bars": signed_bars.signed_bars(["a", "b"], [1.0, -0.5], "#0660F2", title="two"),
        "differences": differences.differences([("a", 0, 0, 0.3)], [[0.01, -0.02]], [0.2], LOOKS),
        "over_steps": through_time.over_steps([(0, "accuracy", 0.1)], "#0660F2", 0, title="Entropy and accuracy"),
        "best_subsets": through_time.best_subsets([("a", 1, 0.5, "1.1")], LOOKS, 1),
        "token_bars": token_bars.token_bars({"weight": ROW[0, 0]}, TOKENS, "#0660F2", width=104),
    }


def marks(spec, kind):
    """All parts of a spec that draw marks of this kind."""
    if isinstance(spec, list):
        return [found for part in spec for found in marks(part, kind)]
    if not isinstance(spec, dict):
        return []
    own = [spec] if isinstance(spec.get("mark"), dict) and spec["mark"].get("type") == kind else []
    return own + [found for part in spec.values() for found in marks(part, kind)]


@pytest.mark.parametrize("name", figures())
def test_a_figure_is_valid_vega_lite_described_and_has_tooltips(name):
    figure = figures()[name]
    figure.to_altair().to_dict()  # validates against the schema
    assert len(figure.description) > 15
    assert "tooltip" in str(figure.spec)


@pytest.mark.parametrize("name", figures())
def test_text_has_a_color_as_without_one_it_is_black_on_a_dark_page(name):
    for text in marks(figures()[name].spec, "text"):
        assert "color" in text["mark"] or "color" in text.get("encoding", {})


def test_the_data_of_arcs_is_one_row_for_each_weight():
    weights = np.arange(48).reshape(2, 4, 6) / 100
    data = arcs.arcs(weights, TOKENS, 3, "#0660F2", first_layer=1).data
    np.testing.assert_array_equal(data["weight"], weights.ravel())
    assert set(data["layer"]) == {2, 3} and set(data["from"]) == {3}
    assert list(data["looks at"][:6]) == TOKENS


def test_where_arcs_have_no_room_only_the_tokens_that_matter_are_written():
    weights = np.zeros((1, 1, 23))
    weights[0, 0, [4, 20]] = 0.9, 0.05
    words = [f"w{place}" for place in range(23)]
    assert list(arcs.arcs(weights, words, 0, "#0660F2", width=500).data["word"]) == words
    narrow = arcs.arcs(weights, words, 0, "#0660F2", width=96).data["word"]
    assert [place for place, word in enumerate(narrow) if word] == [0, 4]


def test_numbers_stand_in_cells_that_are_wide_enough_for_them():
    numbers = [len(marks(grid.grid(np.eye(3), "abc", "abc", cell=cell).spec, "text")) for cell in (40, 24, 12)]
    assert numbers == [2, 2, 1]  # the one that is left says "–" where a value is undefined
    long = grid.grid(np.full((2, 2), -100.0), "ab", "ab", cell=20, reach=100).spec
    assert len(marks(long, "text")) == 1


def test_bars_beside_each_other_have_one_scale():
    one, other = [1.0, -0.5], [9.0, 0.1]
    specs = [signed_bars.signed_bars("ab", values, "#0660F2", among=[*one, *other]).spec for values in (one, other)]
    assert specs[0] is specs[1]
    assert signed_bars.signed_bars("ab", one, "#0660F2").spec is not specs[0]
