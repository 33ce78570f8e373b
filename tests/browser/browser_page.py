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
UNFINISHED = "[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-stale=true]"  # skeleton: code to come
# True at the second look that finds every element where the look before found it.
STANDS_STILL = """() => { const before = window.tfBefore
  window.tfBefore = JSON.stringify([...document.querySelectorAll('[data-testid=stElementContainer], .tf-model')]
    .map(e => e.getBoundingClientRect()))
  return window.tfBefore === before }"""


def settle(page):
    """Wait until the script has run, widgets and charts are drawn, nothing moves: only then is a place a place."""
    page.wait_for_selector("[data-testid=stMain] h1")
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'")
    page.wait_for_function(f"!document.querySelector('{UNFINISHED}')")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')].every(c => c.querySelector('svg, canvas'))"
    )
    stand_still(page)


def settle_whole(page):
    """Of Explore Attention: wait, too, until what is computed beside the page is there."""
    page.wait_for_function("!document.querySelector('[data-testid=stMain] [data-testid=stProgress]')", timeout=300_000)
    settle(page)


def stand_still(page):
    """Wait until the page has arranged itself: two looks 300 ms apart find everything in the same place."""
    page.evaluate("delete window.tfBefore")
    page.wait_for_function(STANDS_STILL, polling=300)


def assert_nothing_overflows(page):
    """At both widths: no exception, nothing beyond the window, no chart beyond its column."""
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(600)
        assert page.locator("[data-testid=stException]").count() == 0
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(OUT_OF_COLUMN) == []
