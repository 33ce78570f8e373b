"""The figures of the Evaluate page, in a real Chromium: `python tests/benchmarks/evaluate_page.py` (a minute or two).

Each line is the time from a click to the painted page, in milliseconds: the median of several, each "first" one on a
server of its own that has evaluated nothing yet. The machine's load is printed beside it, since it is part of the time.
"""

import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import launch, serve

TIMES = 5
ONE, FOUR = "models=seed-42", "models=seed-42&models=seed-123&models=seed-7&models=mixed-42"
# Click what is found, then look at every frame until as many charts and tables are there, and nothing old; one frame
# later they are painted.
CLICK = """async ([find, text, wanted, charts, tables]) => {
  const target = [...document.querySelectorAll(find)].find(e => e.innerText.trim() === text);
  const count = (one, within) => [...document.querySelectorAll('[data-testid=stMain] ' + one)]
    .filter(e => e.querySelector(within)).length;
  const begin = performance.now();
  target.click();
  for (;;) {
    await new Promise(requestAnimationFrame);
    if (document.querySelector('[data-testid=stMain] h1')?.innerText === wanted
        && count('[data-testid=stVegaLiteChart]', 'svg.marks path, canvas') === charts
        && count('[data-testid=stDataFrame]', 'canvas') >= tables
        && !document.querySelector('[data-stale=true]')) break;
    if (performance.now() - begin > 60000) throw new Error(`not painted: ${charts} charts and ${tables} tables`);
  }
  await new Promise(requestAnimationFrame);
  return performance.now() - begin;
}"""
NAVIGATION, SECTION = "[data-testid=stSidebarNav] a", "[data-testid=stMain] [role=radio]"
LENGTHS, TRUTH_MAP = ("Evaluate", 1, 2), ("Evaluate", 6, 1)  # heading, charts, tables
HEADLINE = "The transformer you can watch think"


def visit(browser, query, count):
    """Times of one visit on a server of its own: the page first and again, then the truth map."""
    with serve() as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/?{query}")
        page.wait_for_selector("[data-testid=stMain] svg.marks", timeout=120_000)
        page.wait_for_timeout(2500)

        def click(*what):
            time = page.evaluate(CLICK, list(what))
            page.wait_for_timeout(1200)
            return time

        first = click(NAVIGATION, "Evaluate", *LENGTHS)
        again = []
        for _ in range(TIMES):
            click(NAVIGATION, "Home", HEADLINE, count + 1, 0)
            again.append(click(NAVIGATION, "Evaluate", *LENGTHS))
        maps = click(SECTION, "Every expression", *TRUTH_MAP)
        click(SECTION, "Other lengths", *LENGTHS)
        maps_again = click(SECTION, "Every expression", *TRUTH_MAP)
        page.close()
        return first, statistics.median(again), maps, maps_again


def main():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = launch(p)
        for title, query, count in (("one model", ONE, 1), ("four models", FOUR, 4)):
            times = [visit(browser, query, count) for _ in range(TIMES)]
            names = ("page first", "page again", "truth map first", "truth map again")
            print(f"{title}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            for name, values in zip(names, zip(*times, strict=True), strict=True):
                print(f"  {name:<20}{statistics.median(values):6.0f} ms   (fastest {min(values):.0f})")
        browser.close()


if __name__ == "__main__":
    main()
