"""`dashboard`: the pages in a browser, from any folder. The same as `streamlit run …/dashboard/Home.py`."""

import importlib.util
import os
import runpy
import sys
import tempfile
from pathlib import Path

import tinyformer
from tinyformer.cli.terminal import UsageError, say

HELP = "open the dashboard in a browser"
USAGE = "[options of streamlit]"
EXAMPLES = (
    ("", "for this machine alone, at http://localhost:8501"),
    ("--server.port 8600", "at another port"),
    (
        "--server.address 0.0.0.0 --server.allowedHosts '[\"lab.example.org\"]' --server.headless true",
        "for others, under this name",
    ),
)
NOTES = """\
All options go to `streamlit run`, which lists them: streamlit run --help. What is not given is as in the settings that
come with the dashboard: it listens to this machine alone and sends no statistics."""


def add_arguments(parser):
    pass


def run(args):
    if importlib.util.find_spec("streamlit") is None:
        raise UsageError('the dashboard needs Streamlit: pip install "tinyformer[dashboard]"')
    home = Path(tinyformer.__file__).resolve().parents[1] / "dashboard" / "Home.py"
    _provide_a_home()
    if not (home.parent / ".streamlit" / "config.toml").is_file():  # a clone without links, as Windows may make
        os.chdir(home.parents[1])
    sys.argv = ["streamlit", "run", str(home), *args.others]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)  # it ends with SystemExit
    return 0


def _provide_a_home():
    """Streamlit does not start without a home folder."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = os.environ["USERPROFILE"] = folder = tempfile.mkdtemp(prefix="tinyformer-")
        if not os.environ.get("TINYFORMER_DATA"):
            say(f"there is no home folder: what is made is kept in {folder}; set TINYFORMER_DATA to keep it elsewhere")
