"""How long the sections of Explore Attention keep one waiting: `python tests/benchmarks/sections.py`. Needs Chromium.

From the click on a section's name to the frame in which it shows its first chart, table, progress or message (where
work is asked for by a button, that button), in one visit that opens them one after the other, none of them opened
before; and until all of it is there. The figure asked for is 0.5 s to the first, on a quiet machine.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browser_page import settle, settle_whole
from serving import launch, serve

from dashboard.explore.sections import SECTIONS

MODELS = ("seed-42", "seed-123", "seed-7", "mixed-42")
# A chart, a table or a progress that was not there, or whose marks change: what stood there before may be used again.
FIRST = """name => new Promise(done => {
  const main = document.querySelector('[data-testid=stMain]')
  const button = [...main.querySelectorAll('[role=radio]')].find(e => e.innerText.trim() === name)
  const kinds = '[data-testid=stVegaLiteChart] svg, [data-testid=stProgress], [data-testid=stAlert], table, ' +
    '[data-testid=stDataFrame] canvas, [data-testid=stButton] button:not(.tf-copy)'
  const begin = performance.now(), frame = requestAnimationFrame
  const watch = new MutationObserver(changes => {
    const places = changes.flatMap(({target, addedNodes}) => [
      (target.closest ? target : target.parentElement)?.closest(kinds),
      ...[...addedNodes].filter(e => e.matches).map(e => e.matches(kinds) ? e : e.querySelector(kinds))])
    if (places.some(e => e && !e.closest('[data-stale=true], [role=radiogroup]') && e.getClientRects().length)) {
      watch.disconnect(); frame(() => frame(() => done(performance.now() - begin)))
    }
  })
  watch.observe(main, {childList: true, subtree: true, attributes: true, attributeFilter: ['d', 'transform', 'width']})
  button.click(); setTimeout(() => done(NaN), 20000)
})"""


def first_paints(browser, models):
    """{view: (seconds to the first, seconds to all of it)} of a visit, of every view but the one that stands open."""
    names, seconds = [name for section in SECTIONS.values() for name in section.views], {}
    shown = {next(iter(section.views)): title for title, section in SECTIONS.items()}
    with serve() as address:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/explore-attention?{'&'.join(f'models={model}' for model in models)}")
        settle(page)
        page.wait_for_timeout(5000)  # one looks at it: the code of the other pages is imported meanwhile
        for name in names[1:]:
            start = time.perf_counter()
            first = page.evaluate(FIRST, shown.get(name, name)) / 1000
            settle_whole(page)
            seconds[name] = first, time.perf_counter() - start
        page.close()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--models", type=int, default=1, choices=(1, 2, 3, 4))
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        browser = launch(p)
        visits = [first_paints(browser, MODELS[: options.models]) for _ in range(options.visits)]
    for name in visits[0]:
        first, whole = zip(*(visit[name] for visit in visits), strict=True)
        print(f"{name:16s} first paint {statistics.median(first):.2f} s ({min(first):.2f} to {max(first):.2f}), "
              f"all of it {statistics.median(whole):.1f} s")  # fmt: skip
    medians = [statistics.median(visit[name][0] for visit in visits) for name in visits[0]]
    print(f"{sum(m <= 0.5 for m in medians)} of {len(medians)} within 0.5 s, the slowest {max(medians):.2f} s")


if __name__ == "__main__":
    main()
