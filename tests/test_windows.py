"""What Windows does differently, as far as another system can be made to do it, and laws that keep the rest in mind."""

import ast
import os
import sys
from pathlib import Path

import pytest

import tinyformer
from dashboard.train.keep import DEVICE
from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.checkpoints.array_file import read_arrays, write_arrays
from tinyformer.runs import RunLocked, create_run, train_run
from tinyformer.runs.lock import hold

ROOT = Path(__file__).resolve().parents[1]
CONFIG = TrainingConfig(
    num_examples=600, epochs=2, batch_size=16, model=TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8)
)
O_BINARY = 1 << 30  # a bit that no system here uses


@pytest.fixture
def text_mode(monkeypatch):
    """Files that were opened without O_BINARY get 0x0D before each 0x0A, as Windows writes them."""
    really_open, really_write, in_text_mode = os.open, os.write, set()

    def open_file(path, flags, *rest, **options):
        handle = really_open(path, flags & ~O_BINARY, *rest, **options)
        (in_text_mode.discard if flags & O_BINARY else in_text_mode.add)(handle)
        return handle

    def write(handle, data):
        if handle not in in_text_mode:
            return really_write(handle, data)
        really_write(handle, bytes(data).replace(b"\n", b"\r\n"))
        return len(data)

    monkeypatch.setattr(os, "O_BINARY", O_BINARY, raising=False)
    monkeypatch.setattr(os, "open", open_file)
    monkeypatch.setattr(os, "write", write)


def test_the_log_keeps_every_row_where_text_files_have_lines_of_another_kind(text_mode, tmp_path):
    run = create_run(CONFIG, tmp_path / "run")
    assert train_run(run).state == "finished"
    log = run.log()
    assert log.step == run.status().total_steps > 50
    assert b"\n" in log.steps.tobytes()  # the byte that would have become two


def test_the_simulation_would_notice(text_mode, tmp_path):
    handle = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    os.write(handle, b"a\nb")
    os.close(handle)
    assert (tmp_path / "file").read_bytes() == b"a\r\nb"


def test_a_file_that_somebody_reads_is_replaced_a_moment_later(monkeypatch, tmp_path):
    """There `os.replace` is refused while the target is open."""
    really, refusals = os.replace, []

    def replace(source, target):
        if len(refusals) < 3:
            refusals.append(target)
            raise PermissionError(13, "used by another process", str(target))
        really(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError):  # elsewhere this is for good
        write_arrays(tmp_path / "file.npz", {}, {})
    monkeypatch.setattr(sys, "platform", "win32")
    write_arrays(tmp_path / "file.npz", {"a": 1}, {})
    assert len(refusals) == 3 and read_arrays(tmp_path / "file.npz", lambda metadata: {})[0] == {"a": 1}


@pytest.fixture
def open_files_hold_their_folder(monkeypatch):
    """There a folder with an open file in it is not moved."""
    handles, really_replace = Path("/proc/self/fd"), os.replace
    if not handles.exists():
        pytest.skip("this system does not tell which files are open")

    def move(source, target):
        opened = [os.readlink(handle) for handle in handles.iterdir() if handle.is_symlink()]
        if any(name.startswith(f"{os.path.realpath(source)}/") for name in opened):
            raise PermissionError(13, "used by another process", str(source))
        really_replace(source, target)

    monkeypatch.setattr(os, "replace", move)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(tinyformer.process.replace, "__defaults__", (0.1,))  # seconds that it tries


def test_a_run_is_deleted_where_open_files_hold_their_folder_and_not_while_it_is_trained(
    open_files_hold_their_folder, tmp_path
):
    run = create_run(CONFIG, tmp_path / "run")
    train_run(run, lambda: "pause")
    with hold(run.path / "lock"), pytest.raises(RunLocked):
        run.delete()
    handle = os.open(run.path / "steps.f64", os.O_RDONLY)  # somebody began in between
    with pytest.raises(PermissionError):
        run.delete()
    os.close(handle)
    assert run.log().step and [path.name for path in tmp_path.iterdir()] == ["run"]
    run.delete()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["con", "NUL", "aux.2", "COM1", "lpt9.old"])
def test_names_of_devices_are_known(name):
    assert DEVICE.fullmatch(name) and not DEVICE.fullmatch(f"{name}x".replace(".", "-"))


def calls():
    for folder in (Path(tinyformer.__file__).parent, ROOT / "dashboard"):
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node.func), node


def test_every_text_file_is_opened_with_an_encoding():
    """Else it is that of the machine: cp1252 on Windows."""
    missing = []
    for where, name, call in calls():
        modes = [ast.unparse(argument) for argument in (*call.args[1:2], *(k.value for k in call.keywords))]
        opens = name in ("open", "io.open", "os.fdopen") and not any("b" in mode.strip("'") for mode in modes[:1])
        if (opens or name.endswith((".read_text", ".write_text"))) and "encoding" not in {k.arg for k in call.keywords}:
            missing.append((where, name))
    assert missing == []


def test_every_file_is_opened_as_binary_or_is_none():
    opened = [(where, ast.unparse(call)) for where, name, call in calls() if name == "os.open"]
    assert len(opened) > 3
    assert [one for one in opened if "binary(" not in one[1] and "os.devnull" not in one[1]] == []


def test_what_only_some_systems_have_is_asked_for_first():
    """`os.nice`, `fcntl` and their like are looked up with hasattr, or imported where their absence is caught."""
    for folder in (ROOT / "tinyformer", ROOT / "dashboard"):
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            for name in ("sched_getaffinity", "setpriority", "getuid", "killpg", "mkfifo"):
                assert f"os.{name}(" not in text or f'hasattr(os, "{name}")' in text, (path, name)
            for name in ("fcntl", "termios", "resource", "pwd"):
                assert f"import {name}\n" not in text or "except ImportError" in text, (path, name)
