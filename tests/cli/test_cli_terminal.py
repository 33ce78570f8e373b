"""The command line as a person sees it: figures that do not flatter, tables that fit, prompts in a real terminal."""

import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tinyformer import ExpressionError, Transformer, TransformerConfig, save_checkpoint
from tinyformer.cli import heatmap, prompt, tables, terminal
from tinyformer.task.task import DEFAULT_TASK

pty = pytest.importorskip("pty", reason="pseudo-terminals are a matter of Unix")
SMALL = TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8)


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(tmp_path / "none"))
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path / "data"))
    return str(save_checkpoint(tmp_path / "small.npz", Transformer(SMALL, seed=1)))


# --- figures


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1, "100 %"),
        (0, "0 %"),
        (0.99999, ">99.9 %"),
        (0.9994, "99.9 %"),
        (1e-9, "<0.1 %"),
        (0.5, "50.0 %"),
        (None, "–"),
    ],
)
def test_a_percentage_never_rounds_to_certainty(share, text):
    assert tables.percent(share) == text


def test_a_bar_is_as_long_as_its_share():
    assert [tables.bar(share, 8).rstrip() for share in (0, 0.5, 1, 2)] == ["", "████", "████████", "████████"]
    assert tables.bar(1 / 16, 8).rstrip() == "▌"
    assert all(len(tables.bar(share, 8)) == 8 for share in np.linspace(0, 1, 50))


def test_durations_are_read_at_a_glance():
    assert [tables.duration(s) for s in (0.04, 59.9, 75, 3700, None)] == [
        "0.0 s",
        "59.9 s",
        "1 min 15 s",
        "1 h 01 min",
        "–",
    ]


def test_a_long_last_cell_goes_on_below(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    words = " ".join(f"--option-{i}" for i in range(9))
    tables.table(("name", "settings"), [("model", words), ("other", "-")], align="<<")
    output = capsys.readouterr().out
    assert all(len(line) <= 40 for line in output.splitlines())
    assert " ".join(output.replace("model", "").replace("other  -", "").split()) == f"name settings {words}"


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_columns_that_do_not_fit_go_below(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [f"model-{i}" for i in range(8)]
    tables.side_by_side(names, [("part", None), ("label", [str(i) * 6 for i in range(8)])])
    output = capsys.readouterr().out
    assert all(len(line) <= columns for line in output.splitlines())
    assert re.findall(r"model-\d", output) == names and re.findall(r"(\d)\1{5}", output) == list("01234567")


def test_a_message_is_one_line_that_steers_no_terminal():
    assert terminal.one_line("a\nb\x1b[31m\tc\u202e") == "a b [31m c"
    assert len(terminal.one_line("x" * 10_000)) == 400


# --- maps


def test_a_darker_shade_is_a_larger_weight():
    shades = [heatmap.cell(weight, 1) for weight in np.linspace(0, 1, 101)]
    assert [terminal.length(shade) for shade in shades] == [1] * 101
    places = [heatmap.SHADES.index(shade) for shade in shades]
    assert places == sorted(places) and set(places) == set(range(len(heatmap.SHADES)))


@pytest.mark.parametrize(("columns", "tokens"), [(80, 6), (40, 6), (80, 30), (100, 50)])
def test_maps_fit_the_terminal(capsys, monkeypatch, columns, tokens):
    monkeypatch.setenv("COLUMNS", str(columns))
    weights = np.full((4, tokens, tokens), 1 / tokens)
    heatmap.maps(weights, ["Second", *["9"] * (tokens - 1)])
    heatmap.rows(weights[0], ["block 1  head 1"] * tokens, ["Second", *["9"] * (tokens - 1)])
    output = capsys.readouterr().out
    assert all(len(line) <= columns for line in output.splitlines())
    assert output.count("1.00 distributed") >= 2 * 4


# --- what people type


class Anyone:
    config, task = SMALL, DEFAULT_TASK


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("max 5 3 9", "Max ( 5 3 9 )"),
        ("maximum of 5, 3 and 9?", "Max ( 5 3 9 )"),
        ("what is the smallest of 4 2", "Min ( 4 2 )"),
        ("frist 1 2", "First ( 1 2 )"),
        ("secnd(1,2)", "Second ( 1 2 )"),
        ("MAXIMUN 1 2 =", "Max ( 1 2 )"),
    ],
)
def test_the_prompt_forgives_typing(line, meant):
    assert str(prompt.understand(line, Anyone)) == meant


@pytest.mark.parametrize(
    "line", ["max 5 x 9", "max min 1 2", "5 3 9", "max 10 3", "max 5 -3", "max 1.5 2", "hello", "max ٣ 4", "max"]
)
def test_the_prompt_does_not_guess(line):
    with pytest.raises(ExpressionError):
        prompt.understand(line, Anyone)


class Terminal:
    """A command in a terminal of 80 columns."""

    def __init__(self, *words, **environment):
        self.master, slave = pty.openpty()
        environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1", **environment}
        command = [sys.executable, "-m", "tinyformer", *words]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True
        )
        os.close(slave)
        self.seen, self.place = "", 0

    def wait_for(self, text, seconds=30):
        """Read until `text` comes, after what was waited for before; return all up to it."""
        until, begin = time.monotonic() + seconds, self.place
        while (found := self.seen.find(text, begin)) < 0:
            assert time.monotonic() < until, f"{text!r} never came:\n{self.seen[begin:]}"
            if select.select([self.master], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):  # EIO: the other end is closed
                    self.seen += os.read(self.master, 4096).decode(errors="replace")
        self.place = found + len(text)
        return self.seen[begin : self.place]

    def interrupt(self):
        """Ctrl-C, as a person presses it: when the program has been waiting for them for a moment."""
        before = None
        while (now := self._time_taken()) != before:
            before = now
            time.sleep(0.3)
        self.process.send_signal(signal.SIGINT)

    def _time_taken(self):
        """What the process has used of the processor so far; 0 where the system does not say so."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as file:
                return file.read().rpartition(")")[2].split()[11:13]
        except OSError:
            return 0

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, seconds=30):
        """Read to the end → exit status."""
        until = time.monotonic() + seconds
        with contextlib.suppress(OSError):  # EIO: the other end is closed
            while time.monotonic() < until:
                if select.select([self.master], [], [], 0.1)[0]:
                    self.seen += os.read(self.master, 4096).decode(errors="replace")
        os.close(self.master)
        try:
            return self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def test_the_prompt_answers_helps_tests_and_quits(model):
    person = Terminal("predict", model)
    person.wait_for("> ")
    person.type("max 5 3 9\n")
    assert "Max ( 5 3 9 ) = " in person.wait_for("sure, next")
    person.type("max 5 ٣\n")
    assert re.search(r"\n {8}\S*\^", person.wait_for("ARABIC-INDIC"))  # under the digit
    person.type("help\n")
    person.wait_for("Ctrl-D")
    person.type("attention\n")
    person.wait_for("weight")
    person.type("test\n")
    assert re.search(r"\d+ of \d+ held-out expressions right", person.wait_for("95 % interval"))
    person.type("quit\n")
    assert person.end() == 0
    assert "Traceback" not in person.seen


def test_the_prompt_ends_with_the_input(model):
    person = Terminal("predict", model)
    person.wait_for("> ")
    person.type("\x04")  # Ctrl-D
    assert person.end() == 0 and "Traceback" not in person.seen


def test_the_prompt_ends_when_interrupted(model):
    person = Terminal("predict", model)
    person.wait_for("> ")
    person.interrupt()
    assert person.end() == 130 and person.seen.endswith("\ninterrupted\r\n")  # on a line of its own


TINY = ["train", "--examples", "300", "--epochs", "2", "--width", "8", "--heads", "2", "--ffn-dim", "8"]


def test_train_walks_through_its_stages(model, tmp_path):
    path = tmp_path / "out" / "seed-42.npz"
    person = Terminal(*TINY, "--output", str(path.parent))
    for stage in ("1  The data", "2  The model", "3  Max", "5  The result"):
        person.wait_for(f"\n{stage}")
        person.wait_for("q: all the rest. ")
        assert path.exists() == (stage[0] == "5")
        person.type("\n")
    person.wait_for("\n6  Max")
    assert person.end() == 0 and f"written to {path}" in person.seen.replace("\r\n", "\n")
    total = f"{SMALL.num_parameters:,}"
    for fact in (
        total,
        "softmax",
        "q·k",
        "An even guess among 20 tokens costs 3.00",
        "95 % interval",
        "100%",
        "weight",
    ):
        assert fact in person.seen


def test_q_goes_on_to_the_end(model, tmp_path):
    person = Terminal(*TINY, "--output", str(tmp_path))
    person.wait_for("q: all the rest. ")
    person.type("q\n")
    assert person.end() == 0
    assert person.seen.count("q: all the rest") == 1 and "\n6  " in person.seen


def test_the_walk_ends_when_interrupted(model, tmp_path):
    person = Terminal(*TINY, "--output", str(tmp_path / "out"))
    person.wait_for("q: all the rest. ")
    person.interrupt()
    assert person.end() == 130 and person.seen.endswith("\ninterrupted\r\n")
    assert os.listdir(tmp_path / "out") == []


def test_colors_only_for_those_who_want_them(model):
    plain, colored = (Terminal("attention", "Max 1 2", model, NO_COLOR=value) for value in ("1", ""))
    assert plain.end() == colored.end() == 0
    assert "\x1b" not in plain.seen and "weight" in plain.seen
    assert "\x1b[48;5;" in colored.seen


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q"]))
