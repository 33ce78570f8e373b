"""How soon each page stands: `python tests/benchmarks/opening.py [VIEW ...]` (two minutes).

Cold: a server that was just started and has run nothing, and a browser that knows nothing of it; from the request of
the page to its first chart (of Train: to its button) and to the last one. Warm: the same server and browser once more,
and the time that the page's script takes then, without a browser.
"""

import statistics
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import ROOT, launch, serve

PAGES = {"home": "", "train": "train", "evaluate": "evaluate", "explore_attention": "explore-attention",
         "layer_lab": "layer-lab"}  # fmt: skip
FIRST = """() => document.querySelector('[data-testid=stMain] h1') && (location.pathname === '/train'
  ? [...document.querySelectorAll('button')].some(b => b.innerText.includes('Start training'))
  : document.querySelector('[data-testid=stVegaLiteChart] svg.marks'))"""
ALL = """() => !document.querySelector('[data-testid=stApp][data-test-script-state=running]')
  && [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(c => c.querySelector('svg, canvas'))"""


def visit(browser, address):
    """Seconds to the first chart and to the last."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    begun = time.monotonic()
    page.goto(address, wait_until="commit")
    page.wait_for_function(FIRST, polling="raf", timeout=60_000)
    first = time.monotonic() - begun
    page.wait_for_function(ALL, polling="raf", timeout=60_000)
    return first, time.monotonic() - begun


def script_time(view, times=7):
    """Seconds of a run of the page's script when all is computed already: the median."""
    app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=60).run()
    if view != "home":
        app.switch_page(f"views/{view}.py").run()
    durations = []
    for _ in range(times):
        begun = time.monotonic()
        app.run()
        durations.append(time.monotonic() - begun)
    return statistics.median(durations)


def main(times=3, chosen=tuple(sys.argv[1:])):
    from playwright.sync_api import sync_playwright

    print("seconds             cold: first  all   warm: first  all   script, warm")
    with sync_playwright() as playwright:
        for view, path in PAGES.items():
            if chosen and view not in chosen:
                continue
            cold, warm = [], []
            for _ in range(times):
                browser = launch(playwright)
                with serve() as address:
                    cold.append(visit(browser, f"{address}/{path}"))
                    warm.append(visit(browser, f"{address}/{path}"))
                browser.close()
            (cold_first, cold_all), (warm_first, warm_all) = (
                map(statistics.median, zip(*pairs, strict=True)) for pairs in (cold, warm)
            )
            print(f"{view:20}{cold_first:11.2f}{cold_all:6.2f}{warm_first:12.2f}{warm_all:6.2f}"
                  f"{script_time(view):13.3f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
