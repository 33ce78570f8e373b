"""Which models can be shown, and that each keeps its looks."""

from dashboard import models
from dashboard.palette import GLYPHS, PALETTE, SHAPES


def test_shipped_models_come_first_and_numbers_count_as_numbers(folder):
    for name in ("run-10", "run-9", "mixed-42"):
        (folder / f"{name}.npz").write_bytes(b"")
    assert list(models.available()) == ["seed-42", "seed-123", "seed-7", "mixed-42", "run-9", "run-10"]


def test_a_saved_model_does_not_hide_a_shipped_one(folder, tmp_path):
    saved = tmp_path / "data" / "checkpoints"
    saved.mkdir(parents=True)
    (saved / "seed-42.npz").write_bytes(b"")
    known = models.available()
    assert known["seed-42"].path == str(folder / "seed-42.npz")
    assert known["seed-42 (saved)"].path == str(saved / "seed-42.npz")


def test_a_model_keeps_its_color_whatever_else_is_selected():
    known = [f"model-{i}" for i in range(8)]
    alone = {name: models.styles([name], known)[name] for name in known}
    assert models.styles(["model-5", "model-2", "model-0"], known) == {
        name: alone[name] for name in ("model-0", "model-2", "model-5")
    }
    assert len(set(alone.values())) == len(set(style.shape for style in alone.values())) == 8


def test_two_models_on_display_never_share_a_color():
    known = [f"model-{i}" for i in range(20)]
    looks = models.styles(["model-1", "model-9", "model-17", "model-2"], known)
    assert len({style.color for style in looks.values()}) == 4
    assert looks["model-1"].color == PALETTE[1]


def test_there_are_eight_colors_with_a_shape_each():
    assert len(set(PALETTE)) == len(set(SHAPES)) == len(set(GLYPHS)) == 8
