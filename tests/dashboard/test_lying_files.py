"""A folder of files that lie: each has its reason where it is chosen, the others are shown, and no section dies."""

import io
import json
import re
import zipfile

import numpy as np
import pytest
from app_reading import write_model
from small import mostly_slow

from tinyformer.cli import main

SETTINGS = {"embed_dim": 16, "num_heads": 2, "ffn_dim": 24}
REFUSED = {
    "huge": (lambda m: m["training"].update(learning_rate=10**400), "learning_rate must be a number"),
    "deep": (lambda m: m["training"].update(num_args=json.loads("[" * 900 + "]" * 900)), "num_args must be a whole"),
    "proud": (lambda m: m["metadata"].update(test={"accuracy": 7}), "its accuracy is 7"),
    "much": (lambda m: m["config"].update(max_seq_len=312_000), "max_seq_len must be"),
}
USED = {
    "drawn": lambda m: m["training"].update(num_examples=10_000_000),
    "one-sided": lambda m: m["training"].update(shares=[1 - 2e-12, 1e-12, 1e-12]),
    "leaking": lambda m: m["training"].update(shares=[1 - 2e-6, 1e-6, 1e-6], split_by="draw", num_examples=100),
    "vast": lambda m: None,
    "void": lambda m: None,
}
WEIGHTS = {"overflow": 3e38, "vast": 1e8, "void": 1e-40}


def npy(array):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array))
    return buffer.getvalue()


@pytest.fixture
def liars(folder):
    """The folder of three good models, and every liar beside them."""
    changes = {name: change for name, (change, _) in REFUSED.items()} | USED | {"overflow": lambda m: None}
    for name, change in changes.items():
        path = write_model(folder, name, 1, **SETTINGS)
        with zipfile.ZipFile(path) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
        metadata = json.loads(members["metadata.npy"][128:])
        change(metadata)
        members["metadata.npy"] = npy(np.frombuffer(json.dumps(metadata).encode(), np.uint8))
        if name in WEIGHTS:
            size = (len(members["parameters.npy"]) - 128) // 4
            signs = np.where(np.arange(size) % 3, 1, -1)
            members["parameters.npy"] = npy((signs * WEIGHTS[name]).astype(np.float32))
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in members.items():
                archive.writestr(member, content)
    return folder


def test_the_list_of_models_has_each_with_its_reason(liars, capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name, (_, reason) in (REFUSED | {"overflow": (None, "its weights are too large")}).items():
        assert [line for line in lines if f"{name}.npz: " in line and reason in line], name
    for name in ("seed-42", "seed-123", "seed-7", *USED):
        assert [line for line in lines if re.match(rf"  {name} +[0-9a-f]{{12}} ", line)], name


def test_a_refused_file_takes_no_other_from_the_page(app, liars):
    app.query_params["models"] = ["huge", "overflow", "proud", "seed-42"]
    app.run()
    assert not app.exception
    assert [error.value.split(":")[1].strip() for error in app.error] == ["huge.npz", "overflow.npz", "proud.npz"]
    assert [model.name for model in app.session_state["_selection"].models] == ["seed-42"]


NAMES = (["drawn", "one-sided", "leaking"], ["vast", "void", "seed-42"])


@pytest.mark.parametrize("names", mostly_slow(NAMES), ids=str)
def test_every_section_of_evaluate_lives_with_what_can_be_used(app, liars, names, monkeypatch):
    monkeypatch.setattr("tinyformer.evaluation.length_generalization.MOST_DRAWS", 2_000)
    app.query_params["models"] = names
    app.run()
    app.switch_page("views/evaluate.py").run()
    for section in ("operations", "truth", "mistakes", "agreement", "calibration", "lengths", "embeddings", "own"):
        app.session_state["section"] = section
        app.run()
        assert not app.exception, section
        assert [model.name for model in app.session_state["_selection"].models] == names


@pytest.mark.parametrize("view", ["explore_attention", "train"])
def test_other_pages_live_with_them(app, liars, view):
    app.query_params["models"] = ["one-sided", "vast", "void", "huge"]
    app.run()
    app.switch_page(f"views/{view}.py").run()
    assert not app.exception
