"""A real server and a real Chromium, for the browser tests and the benchmarks of the pages."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


def launch(playwright):
    """Chromium: `$CHROMIUM`, one on the path, or Playwright's own."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    return playwright.chromium.launch(executable_path=found, args=QUIET)


@contextmanager
def serve(data=None, command=(sys.executable, "-m", "streamlit", "run", "dashboard/Home.py"), cwd=ROOT, **environment):
    """The dashboard on a port of its own, on the shipped models → its address. `data`: the folder of saved things.

    command, cwd: how and where it is started. environment: what is set in it, or with None is not.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.port", str(port), "--server.headless", "true", "--server.fileWatcherType", "none"]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        environment = os.environ | {"TINYFORMER_DATA": str(data or Path(folder) / "data")} | environment
        environment = {name: value for name, value in environment.items() if value is not None}
        with open(log, "w") as out:
            process = subprocess.Popen([*command, *options], cwd=cwd, env=environment, stdout=out, stderr=out)
        try:
            _wait_for(f"http://localhost:{port}/_stcore/health", process, log)
            yield f"http://localhost:{port}"
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(address, process, log, seconds=40):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
    raise TimeoutError(log.read_text())
