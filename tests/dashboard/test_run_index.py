"""Whose runs there are: each is opened once, whoever's it is, and a click finds what has come and gone."""

import json
import os
import shutil

import pytest

from dashboard import run_index as module
from dashboard.run_index import DAMAGED, RunIndex
from tinyformer import TrainingConfig
from tinyformer.runs import create_run, runs_folder


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Names of the runs that are opened, in a folder of runs of this test's own."""
    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "runs"))
    names, owner = [], module._owner
    monkeypatch.setattr(module, "_owner", lambda path: names.append(path.name) or owner(path))
    return names


def mine(index, *owners):
    return sorted(path.name for path in index.of(*owners or ("me",)))


def test_a_click_opens_what_is_new_and_lists_nothing_when_nothing_changed(opened, monkeypatch):
    foreign = [create_run(TrainingConfig(), owner=f"other {i % 3}").id for i in range(20)]
    own = create_run(TrainingConfig(), owner="me").id
    index = RunIndex()
    assert mine(index) == [own] and sorted(opened) == sorted([*foreign, own])
    opened.clear()
    new = create_run(TrainingConfig(), owner="me").id
    assert mine(index) == sorted([own, new]) and opened == [new]
    os.utime(runs_folder(), ns=(0, 10**18))  # nothing has come for long
    assert mine(index) == sorted([own, new])
    monkeypatch.setattr(module.os, "scandir", lambda folder: pytest.fail("listed again"))
    assert mine(index) == sorted([own, new]) and opened == [new]


def test_what_is_gone_is_gone_and_what_came_within_one_tick_of_the_clock_is_found(opened):
    index, now = RunIndex(), None
    for _ in range(5):
        run = create_run(TrainingConfig(), owner="me")
        now = now or os.stat(runs_folder()).st_mtime_ns
        os.utime(runs_folder(), ns=(now, now))  # as a file system with coarse times has it
        assert run.id in mine(index)
    shutil.rmtree(run.path)
    os.utime(runs_folder(), ns=(now, now))
    assert run.id not in mine(index) and len(mine(index)) == 4


def test_damaged_runs_are_nobodys_and_what_is_no_run_is_none(opened, tmp_path, monkeypatch):
    index = RunIndex()
    assert mine(index) == []  # there is no folder yet
    damaged, nobodys = create_run(TrainingConfig()), create_run(TrainingConfig())
    (damaged.path / "config.json").write_text(json.dumps({"owner": "me"}))
    (runs_folder() / ".new-xyz").mkdir()
    (runs_folder() / "a file").write_text("")
    (runs_folder() / "notes.txt").write_text("")
    assert (mine(index), mine(index, DAMAGED), mine(index, None)) == ([], [damaged.id], [nobodys.id])
    assert mine(index, None, DAMAGED) == sorted([damaged.id, nobodys.id])
    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "elsewhere"))
    assert mine(index, None) == []
    (tmp_path / "elsewhere").write_text("")
    assert mine(index, None) == []
