"""Deleting: whatever is named, nothing is lost that a run did not write."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.checkpoints.whole_file import whole_file, writing_in
from tinyformer.cli import main
from tinyformer.runs import Run, RunError, RunLocked, create_run, list_runs, lock, removal, train_run

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
CONFIG = TrainingConfig(num_examples=200, epochs=1, model=TINY)
pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, and folders that are locked")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = create_run(CONFIG, tmp_path_factory.mktemp("trained") / "run")
    assert train_run(run).state == "finished"
    (run.path / "worker.log").write_text("")
    return run.path


@pytest.fixture
def place(tmp_path, trained, monkeypatch):
    """x: a folder with a run `real`; runs: the folder of runs, with a run `home` in it; photos: somebody's."""
    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "runs"))
    for path in ("x/real", "runs/home"):
        shutil.copytree(trained, tmp_path / path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"p")
    monkeypatch.chdir(tmp_path / "x")
    return tmp_path


def everything(place):
    """Every name below the place, with what it is: nothing was touched where this is the same as before."""
    found = {}
    for folder, folders, files in os.walk(os.fsencode(place)):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                found[path] = ("link", os.readlink(path))
            else:
                found[path] = Path(os.fsdecode(path)).read_bytes() if os.path.isfile(path) else os.lstat(path).st_mode
    return found


def put(path, content=b"p"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def replaced_by_link(path, target):
    shutil.move(path, target)
    path.symlink_to(target)


def replaced_by_folder(path):
    path.unlink()
    put(path / "a.jpg")


def replaced_by_pipe(path):
    path.unlink()
    os.mkfifo(path)


OTHERS_CONFIG = json.dumps({"name": "my application", "port": 80}).encode()
OTHER_VERSION = json.dumps({"format": "tinyformer run", "version": 9}).encode()
# What is done first, and which name is then given to `runs delete`.
REFUSED = {
    "photographs in snapshots": (lambda p: put(p / "x/holiday/snapshots/2025/a.jpg"), "../x/holiday"),
    "an empty folder": (lambda p: (p / "x/holiday").mkdir(), "holiday"),
    "an empty folder in a run's place": (lambda p: (p / "x/holiday/snapshots").mkdir(parents=True), "holiday"),
    "a folder of photographs": (lambda p: None, "../photos"),
    "somebody's config.json": (lambda p: put(p / "x/app/config.json", OTHERS_CONFIG), "app"),
    "somebody's config.json in the folder of runs": (lambda p: put(p / "runs/app/config.json", OTHERS_CONFIG), "app"),
    "a config.json of another version": (lambda p: put(p / "x/app/config.json", OTHER_VERSION), "app"),
    "a damaged run elsewhere": (lambda p: put(p / "x/real/config.json", b"{"), "real"),
    "a run's names without a configuration": (lambda p: (p / "x/real/config.json").unlink(), "real"),
    "a backup of a configuration": (lambda p: put(p / "x/real/.config.json.backup"), "real"),
    "the swap file of an editor": (lambda p: put(p / "x/real/.config.json.swp"), "real"),
    "a half-written file of another kind": (lambda p: put(p / "x/real/.a.jpg.abcd1234.partial"), "real"),
    "half-written, but not as here": (lambda p: put(p / "x/real/.state.npz.partial"), "real"),
    "half-written, in capitals": (lambda p: put(p / "x/real/.state.npz.ABCD1234.partial"), "real"),
    "a letter in a run": (lambda p: put(p / "x/real/letter"), "real"),
    "a letter in a run in its place": (lambda p: put(p / "runs/home/letter"), "home"),
    "a letter in a damaged run": (lambda p: (put(p / "runs/home/config.json", b"{"), put(p / "runs/home/b")), "home"),
    "a photograph in a real run's snapshots": (lambda p: put(p / "x/real/snapshots/a.jpg"), "real"),
    "a folder in a real run's snapshots": (lambda p: (p / "x/real/snapshots/2025").mkdir(), "real"),
    "a snapshot that is a folder": (lambda p: put(p / "x/real/snapshots/00000099.npz/a.jpg"), "real"),
    "snapshots with shorter names": (lambda p: put(p / "x/real/snapshots/2025.npz"), "real"),
    "snapshots with other digits": (lambda p: put(p / "x/real/snapshots/٠٠٠٠٠٠٠١.npz"), "real"),
    "names in capitals": (lambda p: put(p / "x/real/Model.npz"), "real"),
    "a name that is no text": (lambda p: put(Path(os.fsdecode(bytes(p / "x/real") + b"/\xff\xfe"))), "real"),
    "a name with a line feed": (lambda p: put(p / "x/real/state.npz\n"), "real"),
    "a link to a run": (lambda p: (p / "x/link").symlink_to(p / "x/real"), "link"),
    "a link to a run, with a slash": (lambda p: (p / "x/link").symlink_to(p / "x/real"), "link/"),
    "a link to a run, with a dot": (lambda p: (p / "x/link").symlink_to(p / "x/real"), "link/."),
    "a link in the folder of runs": (lambda p: (p / "runs/link").symlink_to(p / "x/real"), "link"),
    "a link to nothing": (lambda p: (p / "x/link").symlink_to("nothing"), "link"),
    "a state that is a link": (lambda p: replaced_by_link(p / "x/real/state.npz", p / "photos/b"), "real"),
    "a configuration that is a link": (lambda p: replaced_by_link(p / "x/real/config.json", p / "photos/c"), "real"),
    "snapshots that are a link": (lambda p: replaced_by_link(p / "x/real/snapshots", p / "photos/snapshots"), "real"),
    "a lock that is a link": (lambda p: replaced_by_link(p / "x/real/lock", p / "photos/lock"), "real"),
    "a snapshot that is a link": (lambda p: (p / "x/real/snapshots/00000077.npz").symlink_to("../config.json"), "real"),
    "a lock that is a folder": (lambda p: replaced_by_folder(p / "x/real/lock"), "real"),
    "a state that is a folder": (lambda p: replaced_by_folder(p / "x/real/state.npz"), "real"),
    "a configuration that is a folder": (lambda p: replaced_by_folder(p / "x/real/config.json"), "real"),
    "a run in its place, with a folder in it": (lambda p: replaced_by_folder(p / "runs/home/config.json"), "home"),
    "a request that is a pipe": (lambda p: os.mkfifo(p / "x/real/request"), "real"),
    "a configuration that is a pipe": (lambda p: replaced_by_pipe(p / "x/real/config.json"), "real"),
    "a run inside a run": (lambda p: shutil.copytree(p / "x/real", p / "x/real/inner"), "real"),
    "the folder of runs": (lambda p: None, "../runs"),
    "an empty folder of runs": (lambda p: shutil.rmtree(p / "runs/home"), "../runs"),
    "where one is": (lambda p: None, "."),
    "what is above": (lambda p: None, ".."),
    "what is above a run": (lambda p: None, "real/.."),
    "a file": (lambda p: put(p / "x/file"), "file"),
    "nothing": (lambda p: None, "nothing"),
    "no name": (lambda p: None, ""),
    "a name that is too long": (lambda p: None, "x" * 300),
    "a name with a NUL": (lambda p: None, "real\0"),
}  # fmt: skip


@pytest.mark.parametrize(("prepare", "name"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_run_or_not_only_a_run_is_refused_untouched(place, prepare, name, capfd):
    prepare(place)
    before = everything(place)
    assert main(["runs", "delete", name]) == 2
    output, errors = capfd.readouterr()
    assert output == "" and errors.startswith("error: ") and errors.count("\n") == 1 and "intact" not in errors
    assert everything(place) == before


def without(before, folder):
    return {path: what for path, what in before.items() if os.fsdecode(path) != str(folder) and
            not os.fsdecode(path).startswith(f"{folder}/")}  # fmt: skip


DELETED = {
    "a run by its path": (lambda p: None, "real", "x/real"),
    "a run by its path, with a slash": (lambda p: None, "../x//real/", "x/real"),
    "a run by its id": (lambda p: None, "home", "runs/home"),
    "a run that was never trained": (lambda p: create_run(CONFIG, p / "x/new"), "new", "x/new"),
    "half-written files of a run": (
        lambda p: [put(p / f"x/real/{name}") for name in (".request", ".state.npz.ab_d1234.partial",
                                                          "snapshots/.00000003.npz.abcd1234.partial")],
        "real", "x/real"),
    "files with a second name elsewhere": (lambda p: os.link(p / "x/real/model.npz", p / "photos/m"), "real", "x/real"),
    "a damaged run in its place": (lambda p: put(p / "runs/home/config.json", b"{"), "home", "runs/home"),
    "a run without a configuration, in its place": (
        lambda p: (p / "runs/home/config.json").unlink(), "home", "runs/home"),
    "a run of lies, in its place": (
        lambda p: put(p / "runs/home/config.json", b'{"format": "tinyformer run", "version": 1, "created": "x"}'),
        "home", "runs/home"),
    "a damaged run by the path of its place": (
        lambda p: put(p / "runs/home/status.json", b"{"), "../runs/home", "runs/home"),
}  # fmt: skip


@pytest.mark.parametrize(("prepare", "name", "folder"), DELETED.values(), ids=DELETED)
def test_a_run_goes_whole_and_nothing_else_with_it(place, prepare, name, folder):
    prepare(place)
    before = everything(place)
    assert main(["runs", "delete", name]) == 0
    assert everything(place) == without(before, place / folder)


def test_what_is_put_into_a_run_while_it_is_deleted_is_put_back(place, monkeypatch):
    rename = os.replace

    def put_something_in_first(source, target):
        if ".deleted-" in str(target):
            put(Path(source) / "letter")
        rename(source, target)

    monkeypatch.setattr(removal.os, "replace", put_something_in_first)
    before = everything(place)
    with pytest.raises(RunError, match="real is not deleted: 'letter' does not belong to a run"):
        Run(place / "x/real").delete()
    assert everything(place) == before | {os.fsencode(place / "x/real/letter"): b"p"}


def test_what_is_put_in_at_the_last_moment_stays_where_it_was_put(place, monkeypatch):
    rmdir = Path.rmdir

    def put_something_in_first(path):
        if path.name.startswith(".deleted-"):
            put(path / "letter")
        rmdir(path)

    monkeypatch.setattr(Path, "rmdir", put_something_in_first)
    with pytest.raises(OSError):
        Run(place / "x/real").delete()
    assert (place / "x/real/letter").read_bytes() == b"p" and not list((place / "x").glob(".deleted-*"))


def test_a_run_that_may_not_be_removed_stays_whole(place, monkeypatch):
    def not_permitted(path, missing_ok=False):
        raise PermissionError(13, "Permission denied", str(path))

    before = everything(place)
    monkeypatch.setattr(Path, "unlink", not_permitted)
    with pytest.raises(PermissionError):
        Run(place / "x/real").delete()
    assert everything(place) == before


def test_a_run_that_is_trained_is_not_deleted(place):
    before = everything(place)
    with lock.hold(place / "x/real/lock"), pytest.raises(RunLocked):
        Run(place / "x/real").delete()
    assert everything(place) == before


# --- what a kill leaves


HEAD = b'{\n "format": "tinyformer run",\n "ver'
LEFT = {
    ".new-abcd_123": {},
    ".new-a1234567": {"config.json": HEAD},
    ".new-b1234567": {".config.json.abcd1234.partial": b""},
    ".deleted-0123abcd": {},
    ".deleted-1123abcd": {"lock": b"", "snapshots/00000001.npz": b"", "state.npz": b""},
}
KEPT = {
    ".new-settings": {"config.json": OTHERS_CONFIG},
    ".new-project1": {"letter": b"dear"},
    ".new-years-eve": {},
    ".deleted-photos": {},
    ".deleted-0123abce": {"a.jpg": b"p"},
    ".deleted-0123abc": {"lock": b""},
    ".deleted-0123abcf": {"config.json": OTHERS_CONFIG},
}


@pytest.mark.parametrize("then", [lambda p: create_run(CONFIG), lambda p: Run(p / "runs/home").delete()])
def test_what_a_kill_left_of_runs_is_removed_by_whoever_next_creates_or_deletes_one(place, then):
    for name, files in (LEFT | KEPT).items():
        (place / "runs" / name).mkdir()
        for file, content in files.items():
            put(place / "runs" / name / file, content)
    with writing_in(place / "runs", lambda folder: None):
        then(place)  # somebody else is at work in the folder: it could be theirs
        assert set(os.listdir(place / "runs")) >= set(LEFT | KEPT)
    create_run(CONFIG)
    assert {name for name in os.listdir(place / "runs") if name.startswith(".")} == set(KEPT)


PARTIALS = (".model.npz.abcd1234.partial", ".other.npz.a_cd1234.partial")
OTHER_FILES = (
    ".table.csv.abcd1234.partial",
    "model.npz.partial",
    ".model.npz.abcd123.partial",
    ".model.npz.abcD1234.partial",
    ".model.npz.abcd1234.partial.bak",
    ".npz",
    "other.npz",
)


def test_what_a_kill_left_half_written_is_removed_by_whoever_next_writes_there(tmp_path):
    for name in PARTIALS + OTHER_FILES:
        put(tmp_path / name)
    with writing_in(tmp_path, lambda folder: None), whole_file(tmp_path / "model.npz") as file:
        file.write(b"somebody else writes too: it could be theirs")
    assert set(os.listdir(tmp_path)) == {*PARTIALS, *OTHER_FILES, "model.npz"}
    (tmp_path / ".link.npz.abcd1234.partial").symlink_to(tmp_path / "other.npz")
    with whole_file(tmp_path / "model.npz") as first, whole_file(tmp_path / "second.npz") as second:
        first.write(b"two at a time")
        second.write(b"do each other no harm")
    kept = {*OTHER_FILES, "model.npz", "second.npz", ".link.npz.abcd1234.partial"}
    assert set(os.listdir(tmp_path)) == kept


def test_a_folder_that_somebody_has_locked_can_be_written_to(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    monkeypatch.setattr("tinyformer.checkpoints.whole_file.PATIENCE", 0.01)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with whole_file(tmp_path / "a.npz") as file:
        file.write(b"all the same")
    os.close(handle)
    assert (tmp_path / "a.npz").read_bytes() == b"all the same"


def test_a_resumed_run_has_no_leftovers(tmp_path):
    run = create_run(CONFIG, tmp_path / "run")
    train_run(run, wish=lambda: "pause")
    for name in (".request", ".model.npz.abcd1234.partial", "snapshots/.00000001.npz.abcd1234.partial", ".notes"):
        put(run.path / name)
    run.request("stop")
    train_run(run)
    assert [path.name for path in run.path.rglob(".*")] == [".notes"]


@pytest.mark.parametrize("what", ["a link to an empty folder", "a link to nothing", "a file"])
def test_only_a_real_empty_folder_becomes_a_run(tmp_path, what):
    (tmp_path / "empty").mkdir()
    path = tmp_path / "path"
    path.write_bytes(b"p") if what == "a file" else path.symlink_to("empty" if "empty" in what else "nothing")
    before = everything(tmp_path)
    with pytest.raises((RunError, OSError)):
        create_run(CONFIG, path)
    assert everything(tmp_path) == before
    assert create_run(CONFIG, tmp_path / "empty").config == CONFIG


def test_the_list_is_of_those_that_are_there(place):
    for name in (*LEFT, *KEPT):
        (place / "runs" / name).mkdir()
    assert [run.id for run in list_runs()] == ["home"]


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
