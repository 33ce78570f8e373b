"""Which models can be shown."""

from dashboard import models


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
