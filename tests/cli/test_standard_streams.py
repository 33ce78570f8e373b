"""Standard streams that are closed, full, or of another encoding: one line at most, and never a traceback."""

import os
import subprocess
import sys

import pytest
from small import mostly_slow

from tinyformer.cli import COMMANDS

SMALL = ("--size", "small", "--epochs", "1")
WORDS = {
    "train": (*SMALL, "--no-interactive"),
    "predict": (),
    "attention": ("Max(5,3,9)",),
    "gradcheck": ("linear",),
    "sweep": ("--seeds", "1", *SMALL, "--workers", "1"),
    "bench": ("--help",),  # it takes minutes
    "ground-truth": ("--seeds", "1", "--kinds", "one head", "--only", "low entropy"),
    "dashboard": ("--help",),  # its streams are Streamlit's
}


def shell(command, redirection, tmp_path, **environment):
    """Run a command of the program in bash → (its exit status, all that it said)."""
    words = " ".join(f"'{word}'" for word in (sys.executable, "-m", "tinyformer", command, *WORDS.get(command, ())))
    script = f"{words} {redirection}; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"TINYFORMER_DATA": str(tmp_path), "PYTHONIOENCODING": "utf-8:strict"} | environment
    ended = subprocess.run(["bash", "-c", script], env=environment, input=b"max 5 3\n\xff\xfe\n", capture_output=True)
    return ended.returncode, (ended.stdout + ended.stderr).decode()


def clean(text):
    return "Traceback" not in text and "Exception ignored" not in text


@pytest.mark.parametrize("command", mostly_slow(COMMANDS, "train", "models"))
def test_with_standard_output_closed_a_command_says_so_and_does_nothing(command, tmp_path):
    status, said = shell(command, ">&-", tmp_path)
    assert (status, said.count("\n")) == (2, 1) and "standard output is closed" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", mostly_slow(COMMANDS, "predict", "runs", "evaluate"))
def test_with_input_and_errors_closed_and_a_reader_that_left(command, tmp_path):
    status, said = shell(command, "<&- 2>&- | head -0", tmp_path)
    assert status in (0, 141) and said == ""  # where nothing is read and little is written, it may be done before


@pytest.mark.parametrize("command", mostly_slow(["predict", "models", "train"], "predict"))
def test_a_terminal_of_ascii_and_input_of_no_encoding(command, tmp_path):
    status, said = shell(command, "", tmp_path, PYTHONIOENCODING="ascii:strict")
    assert clean(said) and said.isascii()
    assert status == (2 if command == "predict" else 0)
    if command == "predict":
        assert "Max ( 5 3 ) = 5" in said and r'line 2: cannot read REVERSE SOLIDUS: "\xff\xfe"' in said


def test_an_error_that_nobody_reads_has_its_status_all_the_same(tmp_path):
    assert shell("models", "nonsense 2>&1 | head -0", tmp_path) == (2, "")
    assert shell("predict", "<&- 2>&-", tmp_path) == (0, "")


def test_a_disk_that_is_full_is_said_in_one_line(tmp_path):
    status, said = shell("models", "> /dev/full", tmp_path)
    assert status == 1 and said.count("\n") == 1 and clean(said)
