"""Charts are pure: the same arrays give the same picture, on scales that never move."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from dashboard import palette
from dashboard.charts import attention, bars, focus, heatmaps, intervals, live, matrix

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
TOKENS = ["Max", "(", "5", "5", "9", ")"]
LOOKS = [("a", *style) for style in zip(palette.PALETTE[:1], palette.SHAPES[:1], strict=True)]
LIVE = [("a", live.VALIDATION, 1, 3.0, 3.0, 3.0), ("a", live.TRAINING, 2, 2.0, 1.0, 4.0)]
ROW = ("a", "Max", 98, 100, 0.98, 0.93, 0.99)


def weights(L=2, H=4, T=6, seed=0):
    w = np.random.default_rng(seed).random((L, H, T, T))
    return w / w.sum(axis=-1, keepdims=True)


def heads(w, **options):
    return heatmaps.heatmaps(w, TOKENS, [["focused"] * w.shape[1]] * len(w), **options)


def figures():
    w = weights()
    return {
        "heads": heads(w),
        "first_token": attention.first_token(w[:, :, 0], TOKENS),
        "scale": attention.scale(),
        "focus": focus.focus([("a", "head 1.1", 0.2)], LOOKS),
        "per_operation": intervals.per_operation([ROW], LOOKS),
        "confusion": matrix.confusion(np.eye(10, 11, dtype=int) * 50, "#0660F2"),
        "curves": live.learning(LIVE, LOOKS, "Loss", "loss", log=True, log_steps=True),
    }


@pytest.mark.parametrize("name", figures())
def test_a_figure_is_valid_vega_lite_described_and_has_tooltips(name):
    figure = figures()[name]
    figure.to_altair().to_dict()  # validates against the schema
    assert len(figure.description) > 15
    assert "tooltip" in str(figure.spec)


def test_the_spec_depends_on_the_structure_only():
    assert heads(weights(seed=0)).spec is heads(weights(seed=1)).spec
    assert heads(weights(seed=0)).spec is not heads(weights(seed=0), size=200).spec


@pytest.mark.parametrize("scale", [0.01, 1.0])
def test_weights_have_one_color_scale_whatever_they_are(scale):
    first = attention.first_token(weights()[:, :, 0] * scale, TOKENS)
    assert first.spec["spec"]["encoding"]["color"]["scale"]["domain"] == [0, 1]
    cells = heads(weights() * scale).spec["spec"]["layer"][0]
    assert cells["encoding"]["color"]["scale"]["domain"] == [0, 1]
    assert attention.scale().spec["encoding"]["color"]["scale"]["domain"] == [0, 1]


def test_no_chart_of_weights_names_a_color():
    """So that light and dark come from the theme."""
    for figure in (heads(weights()), attention.first_token(weights()[:, :, 0], TOKENS), attention.scale()):
        colors = [chart.get("encoding", {}).get("color", {}) for chart in figure.spec.get("spec", {}).get("layer", ())]
        assert "#" not in str([colors, figure.spec.get("spec", {}).get("encoding"), figure.spec.get("encoding")])


def test_a_cell_of_the_heatmap_is_the_weight_from_query_to_key():
    w = weights()
    data = heads(w).data
    assert len(data) == w.size
    row = data[data["panel"].str.contains("head 2.3", regex=False)].query("row == '004|9' and column == '003|5'")
    assert row["weight"].item() == pytest.approx(w[1, 2, 4, 3], abs=1e-6)


def test_equal_tokens_keep_their_own_place():
    assert heads(weights()).data["column"].nunique() == len(TOKENS)


def test_cells_are_square():
    assert heads(weights()).spec["spec"]["width"] == heads(weights()).spec["spec"]["height"]
    spec = attention.first_token(weights()[:, :, 0], TOKENS, cell=20).spec["spec"]
    assert spec["width"] / len(TOKENS) == spec["height"] / 4 == 20
    spec = matrix.confusion(np.eye(10, 11, dtype=int), "#0660F2", cell=24).spec
    assert spec["width"] == spec["height"] == 240


def test_layers_can_be_drawn_one_by_one():
    w = weights()
    data = heads(w[1:], first_layer=1, chosen=(1, 2, 3, 4)).data
    assert set(data["panel"].str[4:11]) == {"head 2."} and set(data["layer"]) == {1}
    assert np.allclose(data["weight"], w[1].ravel(), atol=1e-6)
    assert data[data["mark"] > 1][["layer", "head", "query", "key"]].to_numpy().tolist() == [[1, 2, 3, 4]]


def test_an_answer_that_is_no_digit_gets_a_column_only_if_there_is_one():
    counts = np.eye(10, 11, dtype=int)
    assert matrix.confusion(counts, "#0660F2").data["answer"].nunique() == 10
    counts[3, 10] = 1
    figure = matrix.confusion(counts, "#0660F2")
    assert figure.data.query("answer == 'other' and truth == 3")["count"].item() == 1
    assert "1 of them off the diagonal" in figure.description


def test_probabilities_never_round_to_certainty():
    assert [bars.percent(p) for p in (1, 0, 0.99999, 0.00001, 0.5, 0.995)] == [
        "100%", "0%", "> 99.99%", "< 0.01%", "50.0%", "99.50%",
    ]  # fmt: skip


def linear(color):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return linear(color) @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_has_the_palette_and_scales_that_run_one_way(mode):
    assert tuple(CONFIG["theme"]["chartCategoricalColors"]) == palette.PALETTE
    page = CONFIG["theme"][mode]["backgroundColor"]
    steps = [contrast(color, page) for color in CONFIG["theme"][mode]["chartSequentialColors"]]
    assert len(steps) == 10 and steps == sorted(steps) and steps[0] > 1.05 and steps[-1] > 10
    signed = [contrast(color, page) for color in CONFIG["theme"][mode]["chartDivergingColors"]]
    assert len(signed) == 10 and signed[:5] == sorted(signed[:5], reverse=True) and signed[5:] == sorted(signed[5:])
    assert all(contrast(color, page) >= 2.5 for color in palette.PALETTE)
    assert contrast(CONFIG["theme"][mode]["primaryColor"], page) >= 4.5  # it is text, too


SIGHT = {  # Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize("sight", SIGHT)
def test_the_palette_can_be_told_apart(sight):
    def lab(color):
        seen = np.clip(np.array(SIGHT[sight]) @ linear(color), 0, 1)
        to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
        xyz = to_xyz @ seen / [0.9505, 1, 1.089]
        f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    distances = {pair: np.linalg.norm(lab(pair[0]) - lab(pair[1])) for pair in combinations(palette.PALETTE, 2)}
    assert min(distances.values()) >= 18
    assert min(distances[pair] for pair in combinations(palette.PALETTE[:4], 2)) >= 32
