"""No HOME, or one that cannot be written: what only reads works, and what would write says what to give it."""

import sys
from pathlib import Path

import pytest

from dashboard import models
from tinyformer.checkpoints.folders import NoDataFolder, data_folder, saved_checkpoints
from tinyformer.cli import COMMANDS, dashboard, main
from tinyformer.runs import list_runs
from tinyformer.sweeps.table import sweep_files

SMALL = ("--size", "small", "--epochs", "1")
TRAIN = ("train", *SMALL, "--no-interactive")


@pytest.fixture
def homeless(monkeypatch):
    """As a container's user has it: no HOME, and the system does not know them."""

    def home():
        raise RuntimeError("Could not determine home directory.")

    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "TINYFORMER_DATA", "TINYFORMER_RUNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(homeless, command, capsys):
    assert main([command, "--help"]) == 0
    assert capsys.readouterr().err == ""


def test_what_only_reads_works(homeless, capsys):
    assert main(["predict", "Max(5,3,9)"]) == 0
    assert main(["models"]) == 0
    assert "seed-42" in capsys.readouterr().out
    assert main(["runs"]) == 0
    assert "set TINYFORMER_DATA" in capsys.readouterr().out
    assert (saved_checkpoints(), list_runs(), list(sweep_files())) == ([], [], ["sweep-medium"])
    assert "seed-42" in models.available()


@pytest.mark.parametrize("words", [TRAIN, ("sweep", "--seeds", "1", "--workers", "1", *SMALL)])
def test_what_writes_says_what_to_give_it(homeless, words, capsys, tmp_path):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "no home folder" in said and "TINYFORMER_DATA" in said and "--output" in said


def test_train_with_a_folder_needs_no_home(homeless, capsys, tmp_path):
    assert main([*TRAIN, "--output", str(tmp_path)]) == 0
    assert (tmp_path / "seed-42.npz").is_file()
    assert main([*TRAIN, "--run", str(tmp_path / "run")]) == 0
    assert main(["runs", "delete", str(tmp_path / "run")]) == 0
    assert main(["train", "--resume", "nowhere"]) == 2
    with pytest.raises(NoDataFolder, match="set TINYFORMER_DATA"):
        data_folder()


def test_a_home_that_cannot_be_written_is_not_blamed_on_an_option_that_nobody_gave(monkeypatch, capsys, tmp_path):
    (tmp_path / "home").write_text("a file: no folder can be made in it, not even by root")
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path / "home"))
    assert main(TRAIN) == 2
    said = capsys.readouterr().err
    assert (
        said.startswith("error: your data folder cannot be written") and "give --output, or set TINYFORMER_DATA" in said
    )
    assert main([*TRAIN, "--output", str(tmp_path / "home")]) == 2
    assert capsys.readouterr().err.startswith("error: --output cannot be written")


def test_the_dashboard_gets_a_home_for_streamlit(homeless, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    started = []
    monkeypatch.setattr("runpy.run_module", lambda name, **options: started.append(list(sys.argv)))
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setenv("USERPROFILE", "")
    assert main(["dashboard", "--server.port", "8600", "--server.headless", "true"]) == 0
    script = Path(dashboard.__file__).parents[2] / "dashboard" / "Home.py"
    assert started == [["streamlit", "run", str(script), "--server.port", "8600", "--server.headless", "true"]]
    assert "set TINYFORMER_DATA to keep it elsewhere" in capsys.readouterr().err
    assert main(["models", "--server.port", "8600"]) == 2  # of the dashboard alone


def test_the_dashboard_without_streamlit_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["dashboard"]) == 2
    assert 'pip install "tinyformer[dashboard]"' in capsys.readouterr().err
