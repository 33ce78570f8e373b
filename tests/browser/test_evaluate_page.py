"""The Evaluate page in Chromium: what is clicked there is found on the other pages, and the link brings it back."""

from urllib.parse import parse_qs, urlparse

import pytest
from browser_page import settle

from dashboard.charts import truth_map
from tinyformer import OPERATIONS


def open_section(visit, name, **options):
    return visit(f"evaluate?section={name.replace(' ', '+')}", **options)


def click_cell(page, operation, a, b, c):
    """Click the middle of a cell of the truth map, as a person does."""
    chart = page.locator("[data-testid=stVegaLiteChart]").nth(OPERATIONS.index(operation))
    chart.scroll_into_view_if_needed()
    first = chart.locator(".mark-rect.role-mark").first.locator("path").first.bounding_box()  # the cell of 0 0 0
    across = (a % truth_map.COLUMNS) * truth_map.ACROSS + c
    down = (a // truth_map.COLUMNS) * truth_map.DOWN + b
    x = first["x"] + first["width"] / 2 + truth_map.CELL * across
    y = first["y"] + first["height"] / 2 + truth_map.CELL * down
    page.mouse.click(x, y)


def test_a_cell_of_the_truth_map_is_the_expression_on_explore_attention(visit):
    page = open_section(visit, "Every expression")
    click_cell(page, "Min", 7, 4, 8)
    page.wait_for_function("document.querySelector('input[aria-label=Expression]').value === 'Min ( 7 4 8 )'")
    settle(page)
    page.get_by_role("button", name="Open in Explore Attention").click()
    page.get_by_role("heading", name="Explore Attention").wait_for()
    settle(page)
    assert page.get_by_label("Expression", exact=True).input_value() == "Min ( 7 4 8 )"
    assert parse_qs(urlparse(page.url).query)["expression"] == ["Min ( 7 4 8 )"]
    assert page.locator("[data-testid=stMain]").get_by_text("Min ( 7 4 8 )").count() >= 1


def test_cells_of_the_truth_map_are_square(visit):
    page = open_section(visit, "Every expression")
    boxes = (
        page.locator(".mark-rect.role-mark")
        .first.locator("path")
        .evaluate_all("paths => paths.slice(0, 20).map(p => p.getBoundingClientRect()).map(r => [r.width, r.height])")
    )
    assert all(abs(width - height) < 0.6 for width, height in boxes)


@pytest.mark.parametrize(("before", "now"), [("Truth map", "Every expression"), ("Agreement", "Mistakes")])
def test_a_link_of_before_opens_the_place_where_its_subject_is_now(visit, before, now):
    open_section(visit, before).get_by_role("radio", name=now, checked=True).wait_for()


def test_the_link_brings_a_slice_back(visit):
    page = open_section(visit, "Mistakes")
    page.get_by_role("radio", name="Several (a tie)").click()
    page.wait_for_function("location.search.includes('place=')")
    again = visit(page.url.split("/", 3)[3])
    again.get_by_role("radio", name="Several (a tie)", checked=True).wait_for()
    again.get_by_role("radio", name="Mistakes", checked=True).wait_for()


def test_a_cell_of_the_confusion_matrix_lists_its_expressions(visit):
    page = open_section(visit, "Mistakes&side=All")
    matrix = page.locator("[data-testid=stVegaLiteChart]").nth(1)  # below that of the operations
    cells = matrix.locator(".mark-rect.role-mark path")
    cells.nth(0).click(force=True)  # answer 0, answered 0; the number in it lies above
    page.get_by_text("with the answer 0, answered 0").first.wait_for()


def test_a_file_takes_the_place_of_the_text(visit):
    page = open_section(visit, "Your own questions")
    content = b"expression,answer\nMax 1 2,2\nMix 1 2,2\n"
    page.locator("input[type=file]").set_input_files({"name": "t.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_text("1 line read, 1 not.").wait_for()
    page.locator("input[type=file]").set_input_files({"name": "b.txt", "mimeType": "text/plain", "buffer": b"\xff\xfe"})
    page.get_by_text("is not text in UTF-8").wait_for()
    page.get_by_text("1 line read, 1 not.").wait_for()
