"""What several browser tests do with a page."""

TOO_WIDE = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
  .filter(e => !e.closest('[data-testid=stDataFrame], [data-testid=stCode], .katex-display'))  // these scroll
  .filter(e => !e.matches('[data-testid=stSlider] input'))  // unseen, centered on the thumb
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => `${e.tagName} ${e.className} ${e.ariaLabel ?? ""} in ${e.closest("[data-testid]")?.dataset.testid}`)"""
OUT_OF_COLUMN = """() => [...document.querySelectorAll('[data-testid=stMain] [data-testid=stVegaLiteChart]')]
  .map(c => [c.querySelector('svg.marks, canvas').getBoundingClientRect().right,
             c.closest('[data-testid=stVerticalBlock]').getBoundingClientRect().right])
  .filter(([chart, column]) => chart > column + 1)"""


def settle(page):
    """Wait until the script has run and its charts are drawn."""
    page.wait_for_selector("[data-testid=stMain] h1")
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget], [data-stale=true]')")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(c => c.querySelector('svg, canvas'))"
    )
    page.wait_for_timeout(300)


def assert_nothing_overflows(page):
    """At both widths: no exception, nothing beyond the window, no chart beyond its column."""
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(600)
        assert page.locator("[data-testid=stException]").count() == 0
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(OUT_OF_COLUMN) == []
