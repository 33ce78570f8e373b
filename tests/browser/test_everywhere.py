"""From a clone, from another folder, from a wheel, without a home: the same server with its settings, models and theme.

The wheel is tried where TINYFORMER_INSTALLED names a virtual environment that has it, as in .ci/run.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlparse

import pytest
from browser_page import settle
from serving import ROOT, serve

from dashboard.pages import PAGES
from tinyformer import TrainingConfig
from tinyformer.runs import create_run

PATHS = [""] + [page.view.replace("_", "-") for page in PAGES[1:]]
HOME = str(ROOT / "dashboard" / "Home.py")
STREAMLIT = (sys.executable, "-m", "streamlit", "run")
COMMAND = (sys.executable, "-m", "tinyformer", "dashboard")
WAYS = {  # how it is started, and what is special in its environment
    "clone": (STREAMLIT, "dashboard/Home.py", {}),
    "other folder": (STREAMLIT, HOME, {}),
    "one command": (COMMAND, None, {}),
    "wheel": (STREAMLIT, "wheel", {"PYTHONPATH": None}),
    "one command of the wheel": (COMMAND, None, {"PYTHONPATH": None}),
    "without HOME": (COMMAND, None, {"HOME": None, "TINYFORMER_DATA": None}),
    "read-only home": (COMMAND, None, {"HOME": "/proc", "TINYFORMER_DATA": None}),  # so that root cannot write either
    "in Tokyo": (COMMAND, None, {"TZ": "Asia/Tokyo"}),
}
LOOPBACK = {"0100007F", "00000000000000000000000001000000"}


def command_of(way):
    """The words that start it; skipped if it takes a wheel that is not installed."""
    words, script, _ = WAYS[way]
    if "wheel" in way:
        installed = os.environ.get("TINYFORMER_INSTALLED")
        if not installed:
            pytest.skip("TINYFORMER_INSTALLED names no environment with the wheel")
        words = (str(Path(installed) / "bin" / "python"), "-P", *words[1:])
        if script == "wheel":
            (script,) = map(str, Path(installed).glob("lib/python*/site-packages/dashboard/Home.py"))
    return words if script is None else (*words, script)


def listens_at(port):
    """The addresses at which this machine listens on the port, in hexadecimal."""
    tables = [path.read_text() for name in ("tcp", "tcp6") if (path := Path("/proc/net") / name).is_file()]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == port}


@pytest.mark.parametrize("way", WAYS)
def test_five_pages_with_settings_models_and_theme(way, browser, tmp_path):
    command, environment = command_of(way), WAYS[way][2]
    data = tmp_path / "data"
    create_run(TrainingConfig(epochs=1), data / "runs" / "of-this-minute")
    with serve(data, command, ROOT if way == "clone" else tmp_path, **environment) as address:
        assert listens_at(urlparse(address).port) in ({"0100007F"}, LOOPBACK)
        page = browser.new_context(color_scheme="dark").new_page()
        page.set_default_timeout(30_000)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        for path in PATHS:
            page.goto(f"{address}/{path}")
            settle(page)
            assert page.locator("[data-testid=stException], [data-testid=stAppDeployButton]").count() == 0
            color = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
            assert color == "rgb(20, 19, 27)"  # of the theme: Streamlit's own is another
            page.locator("[data-testid=stSidebar]").get_by_text("seed-42").first.wait_for()
            if path == "train" and environment.get("TINYFORMER_DATA", data):
                table = page.locator("[data-testid=stDataFrame]")
                table.scroll_into_view_if_needed()
                table.locator("td").last.wait_for(state="attached")
                created = datetime.fromisoformat(table.locator("td").last.text_content())  # drawn as "a minute ago"
                assert timedelta() <= datetime.now(UTC) - created < timedelta(minutes=10)
        page.context.close()
    theirs = (address, address.replace("http", "ws"), "data:", "blob:", "about:")
    assert [url for url in asked if not url.startswith(theirs)] == []  # no statistics, and nobody else
