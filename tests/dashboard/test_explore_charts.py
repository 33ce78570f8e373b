"""The charts of Explore Attention: readable on a light and on a dark page, at every size, and true to their numbers."""

import numpy as np
import pytest

from dashboard.charts import (
    arcs,
    circuit_graph,
    differences,
    focus,
    grid,
    scatter,
    signed_bars,
    through_time,
    token_bars,
)
from tinyformer import effective_positions, normalized_entropy

LOOKS = [("a", "#0660F2", "circle")]
TOKENS = ["Max", "(", "5", "5", "9", ")"]
ROW = np.full((2, 4, 6), 1 / 6)


def figures():
    return {
        "arcs": arcs.arcs(ROW, TOKENS, 0, "#0660F2"),
        "focus": focus.focus([("a", "head 1.1", 0.2)], LOOKS),
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


@pytest.mark.parametrize("num_tokens", [5, 6, 11])
def test_a_mark_has_the_number_of_tokens_that_the_axis_has_there_of_one_row_and_of_the_mean_of_several(num_tokens):
    """Of one row that is exp(entropy); of several it is not the mean of theirs."""
    weights = np.random.default_rng(0).dirichlet([0.3] * num_tokens, size=4)
    entropy, numbers = normalized_entropy(weights), effective_positions(weights)
    rows = [("a", f"head 1.{number}", one) for number, one in enumerate([*entropy, entropy.mean()], 1)]
    figure = focus.focus(rows, LOOKS, num_tokens)
    *single, several = figure.data["positions"]
    np.testing.assert_allclose(single, numbers)
    assert several == pytest.approx(num_tokens ** entropy.mean()) and several < numbers.mean() - 0.01
    assert f"pow({num_tokens}, datum.value)" in str(figure.spec)


def test_a_line_of_a_circuit_says_of_which_of_its_edges_its_number_is():
    figure = circuit_graph.circuit_graph([("tokens", "head 1.1", "q, k", 0.05)], 2, 4, "#0660F2")
    assert "lost without the one that matters most" in str(figure.spec) and "without it" not in str(figure.spec)


@pytest.mark.parametrize("seed", range(5))
def test_names_of_heads_lie_on_no_other_name_and_no_mark(seed):
    """On the smallest chart there is; what crowds has no name, what stands alone has."""
    random = np.random.default_rng(seed)
    rows = [("a", f"head 1.{i + 1}", 1, *random.random(2)) for i in range(24)] + [("a", "head 2.1", 2, 0.5, 3.0)]
    data = scatter.effects(rows, LOOKS, "rise of the loss").data
    x, y = data["entropy"] * scatter.NARROWEST, data["effect"] / data["effect"].max() * scatter.LOWEST
    marks = [(a - scatter.MARK, a + scatter.MARK, b, i) for i, (a, b) in enumerate(zip(x, y, strict=True))]
    beside = {
        "right": (scatter.MARK, scatter.MARK + scatter.NAME),
        "left": (-scatter.MARK - scatter.NAME, -scatter.MARK),
    }
    names = [(x[i] + beside[s][0], x[i] + beside[s][1], y[i], i) for i, s in enumerate(data["side"]) if s]
    for place, (left, right, up, i) in enumerate(names):
        others = [box for box in marks if box[3] != i] + names[:place]
        assert not [b for b in others if b[0] < right and left < b[1] and abs(b[2] - up) < scatter.HEIGHT]
    assert data["side"].iloc[-1] == "right" and (data["side"] == "").any()
