"""A walk through the pages in Chromium: they open, fit, ask nobody else, and share one selection through the URL."""

from urllib.parse import parse_qs, urlparse

from browser_page import settle

COUNT_NEW_CHARTS = """() => {
  window.newCharts = 0
  const isChart = node => node.matches?.('svg.marks') || node.querySelector?.('svg.marks')
  const count = changes => changes.forEach(change => { newCharts += [...change.addedNodes].filter(isChart).length })
  new MutationObserver(count).observe(document.querySelector('[data-testid=stMain]'), {childList: true, subtree: true})
}"""
CELLS = """() => [...document.querySelectorAll('[data-testid=stMain] svg.marks .mark-rect.role-mark')]
  .map(group => group.querySelector('path')?.getBoundingClientRect()).filter(r => r && r.width > 3 && r.height > 3)
  .map(r => [r.width, r.height])"""


def test_light_and_dark_follow_the_reader(visit):
    color = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    assert visit("", scheme="light").evaluate(color) == "rgb(255, 255, 255)"
    assert visit("", scheme="dark").evaluate(color) == "rgb(20, 19, 27)"


def test_cells_of_heatmaps_are_square(visit):
    page = visit("explore-attention")
    page.wait_for_function(f"({CELLS})().length >= 24")  # a chart may still be on its way
    squares = [(w, h) for w, h in page.evaluate(CELLS) if abs(w - h) < 1.5]
    assert len(squares) >= 24  # three models with eight heads; the color scale is not square


def test_the_selection_comes_along_from_page_to_page_and_stands_in_the_link(visit):
    page = visit("?models=seed-7&models=seed-42")
    field = page.get_by_label("Expression", exact=True)
    field.fill("min(4, 2)")
    field.press("Enter")
    page.get_by_text("right, ").first.wait_for()
    page.get_by_test_id("stSidebarNav").get_by_text("Explore Attention").click()
    page.get_by_role("heading", name="Explore Attention").wait_for()
    settle(page)
    query = parse_qs(urlparse(page.url).query)
    assert sorted(query["models"]) == ["seed-42", "seed-7"] and query["expression"] == ["min(4, 2)"]
    again = visit(page.url.split("/", 3)[3])
    again.wait_for_function("document.querySelector('input[aria-label=Expression]').value === 'min(4, 2)'")


def test_a_new_expression_moves_the_marks_of_charts_that_stay(visit):
    page = visit("")
    for text in ("Max 3 2 1", "Max 1 2 3"):  # the second: on a page that has long been ready
        page.evaluate(COUNT_NEW_CHARTS)
        field = page.get_by_label("Expression", exact=True)
        field.fill(text)
        field.press("Enter")
        page.wait_for_function("text => new URLSearchParams(location.search).get('expression') === text", arg=text)
        settle(page)
        page.wait_for_timeout(1500)
    assert page.evaluate("window.newCharts") == 0


def test_a_bad_expression_in_a_link_is_explained(visit):
    page = visit("?expression=Max(5")
    assert page.get_by_text("Max needs at least 2 numbers").count() == 1
    assert page.get_by_text("Still showing Max ( 3 9 1 )").count() == 1


def test_a_pages_own_state_stands_in_the_link(visit):
    page = visit("evaluate")
    option = page.get_by_role("radio").last
    label = option.inner_text()
    option.click()
    page.wait_for_function("location.search.includes('=')")
    again = visit(page.url.split("/", 3)[3])
    again.get_by_role("radio", name=label, checked=True).first.wait_for()
