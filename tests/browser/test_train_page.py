"""The Train page in Chromium: three seeds are started, the curves grow, and a reload stops nothing."""

import re

from browser_page import settle

STEPS = """() => [...document.querySelectorAll('.tf-run .tf-note')]
  .map(note => Number((note.innerText.match(/step ([0-9,]+)/) || [0, '0'])[1].replaceAll(',', '')))"""
MOVED = f"""(before) => {{ const now = ({STEPS})();
  return now.length === before.length && now.every((n, i) => n > before[i]) }}"""
LENGTH_OF_CURVES = """() => [...document.querySelectorAll('[data-testid=stMain] .mark-line path')]
  .map(path => path.getAttribute('d')?.length ?? 0).reduce((a, b) => a + b, 0)"""
IN_SIGHT = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].slice(0, 2)
  .every(chart => chart.getBoundingClientRect().top >= 0 && chart.getBoundingClientRect().bottom <= innerHeight)"""
SLOW = 120_000  # the machine of a test may be busy


def row(page, seed):
    """The line of one run, with its buttons."""
    return page.locator("[class*=st-key-run-]", has_text=re.compile(rf"seed {seed}(?!\d)")).first


def test_three_seeds_from_start_to_evaluate(visit):
    page = visit("train?seeds=42,123,7&epochs=500")  # none of them ends before it is stopped
    page.get_by_role("button", name="Start training").click()
    page.locator(".tf-run").nth(2).wait_for()
    page.wait_for_function(f"() => ({STEPS})().every(n => n > 3)", timeout=SLOW)
    short = page.evaluate(LENGTH_OF_CURVES)

    page.wait_for_function(MOVED, arg=page.evaluate(STEPS), timeout=SLOW)
    # It grows while one looks. Not at once: a chart is drawn after the numbers beside it.
    page.wait_for_function(f"short => ({LENGTH_OF_CURVES})() > short", arg=short, timeout=SLOW)

    page.set_viewport_size({"width": 1280, "height": 720})
    page.wait_for_function(IN_SIGHT)  # loss and accuracy, all of them, without scrolling
    before = page.evaluate(STEPS)
    page.reload()  # the link has the runs
    settle(page)
    page.locator(".tf-run").nth(2).wait_for()
    page.wait_for_function(MOVED, arg=before, timeout=SLOW)

    first = row(page, 42)
    first.get_by_role("button", name="Pause").click()
    first.get_by_text("paused").wait_for()
    paused_at = page.evaluate(STEPS)[0]
    page.wait_for_timeout(1500)
    assert page.evaluate(STEPS)[0] == paused_at
    first.get_by_role("button", name="Resume").click()
    page.wait_for_function(MOVED, arg=page.evaluate(STEPS), timeout=SLOW)
    for seed in (42, 123, 7):
        row(page, seed).get_by_role("button", name="Stop training").click()
        row(page, seed).get_by_text("stopped").wait_for(timeout=SLOW)
    assert page.get_by_text(re.compile("test set: .* of 495 right")).count() == 3

    first.get_by_text("Save as checkpoint").click()
    page.get_by_label("Name", exact=True).fill("kept for good")
    page.get_by_label("Name", exact=True).press("Enter")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as kept for good").wait_for()
    page.keyboard.press("Escape")
    settle(page)
    page.get_by_test_id("stSidebarNav").get_by_text("Evaluate").click()
    page.get_by_role("heading", name="Evaluate", exact=True).wait_for()
    settle(page)
    cell = page.get_by_test_id("stMain").get_by_text("kept for good").first  # of a table, which draws on a canvas
    cell.wait_for(state="attached", timeout=SLOW)

    page.get_by_test_id("stSidebarNav").get_by_text("Train").click()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    settle(page)
    assert page.locator(".tf-run").count() == 3  # still the same runs
