"""Every page and section fits at both widths, and axe-core finds nothing wrong with it, in light and in dark.

What Streamlit's own elements do is listed below by rule, with the element that does it. One visit for all of it, since
opening a page is most of the time.
"""

from pathlib import Path

import pytest
from browser_page import assert_nothing_overflows, settle_whole
from places import PLACES

STREAMLITS_OWN = {
    "scrollable-region-focusable": "katex-display",  # a formula that could scroll
    "presentation-role-conflict": "stFileUploaderDropzone",
}
# The other color scheme is another skin on the same elements: there, contrast is all that can differ.
RUN = """only => axe.run(document, {resultTypes: ['violations'], ...(only ? {runOnly: [only]} : {})}).then(found =>
  found.violations.flatMap(({id, nodes}) => nodes.map(node => [id, node.target.join(' '), node.html.slice(0, 160)])))"""


def ours(found):
    return [one for one in found if STREAMLITS_OWN.get(one[0], "…") not in one[2]]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_fits_and_axe_finds_nothing_of_ours(visit, place):
    page = visit(place)
    if place.startswith("explore"):
        settle_whole(page)
    assert_nothing_overflows(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    package = pytest.importorskip("axe_playwright_python", reason="the check needs axe-playwright-python")
    page.evaluate((Path(package.__file__).parent / "axe.min.js").read_text())
    assert ours(page.evaluate(RUN)) == []
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    page.wait_for_timeout(100)
    assert ours(page.evaluate(RUN, "color-contrast")) == []


def test_a_chart_is_one_stop_for_tab_and_the_arrows_lead_on(visit):
    page = visit("")
    page.get_by_label("Expression", exact=True).focus()
    place = "document.activeElement.closest('[data-testid=stElementToolbar]') !== null"
    name = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
    stops = []
    while "How to read" not in (page.evaluate(name) or ""):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(place))
        assert len(stops) < 60
    assert sum(stops) == 4  # three models, and the scale
    page.keyboard.press("Shift+Tab")
    first = page.evaluate(name)
    page.keyboard.press("ArrowRight")
    assert page.evaluate(place) and page.evaluate(name) != first
