"""Explore Attention in Chromium: a click on a cell of a heatmap is read in the stage panel, with that cell's number."""

from urllib.parse import urlencode

import numpy as np
import pytest
from browser_page import settle, settle_whole

from dashboard.explore import sections
from tinyformer import load_checkpoint, parse_expression
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.interpret import trace

LAYER, HEAD, QUERY, KEY = 1, 2, 0, 4
SECTIONS = {name: section for section in sections.SECTIONS.values() for name in section.views}


# The middles of the 36 cells of each of the eight heads of one chart, once they are all there.
BOXES = """chart => {
  const drawn = document.querySelectorAll('[data-testid=stMain] [data-testid=stVegaLiteChart]')[chart];
  const groups = drawn ? [...drawn.querySelectorAll('svg .mark-rect.role-mark')] : [];
  const heads = groups.map(g => [...g.querySelectorAll('path')].map(p => p.getBoundingClientRect())
    .map(r => [r.x + r.width / 2, r.y + r.height / 2])).filter(cells => cells.length === 36);
  return heads.length === 8 && heads;
}"""


def link(view):
    section = SECTIONS[view]
    return urlencode({"look": section.title, section.key: view})


def cell_of(page, chart, panel, query, key):
    """The middle of a cell of one of the page's heatmaps, in pixels."""
    boxes = page.wait_for_function(BOXES, arg=chart).json_value()
    return boxes[panel][6 * query + key]


def test_a_clicked_cell_is_read_in_the_stage_panel(visit):
    page = visit("explore-attention?expression=Max+(+5+3+9+)")
    x, y = cell_of(page, 1, 4 * LAYER + HEAD, QUERY, KEY)  # the second model, seed-123
    page.mouse.click(x, y)
    page.get_by_text("(token 1) looks at").first.wait_for()
    page.wait_for_function("document.body.innerText.includes('seed-123, head 2.3: Max (token 1) looks at 9 (token 5)')")
    settle(page)
    model = load_checkpoint(shipped_folder() / "seed-123.npz").model
    values = trace(model, parse_expression("Max ( 5 3 9 )").tokens)
    weight = values[f"blocks.{LAYER}.attn.pattern"][0, HEAD, QUERY, KEY]
    shown = [float(value) for value in page.get_by_test_id("stMetricValue").all_inner_texts()]
    np.testing.assert_allclose(shown[2], weight, atol=1e-4)
    for part in ("model=seed-123", "layer=2", "head=3", "key=5"):
        assert part in page.url
    again = visit(page.url.split("/", 3)[3])  # the link reproduces the view
    again.wait_for_function(
        "document.body.innerText.includes('seed-123, head 2.3: Max (token 1) looks at 9 (token 5)')"
    )


FOUR = "".join(f"&models={name}" for name in ("seed-42", "seed-123", "seed-7", "mixed-42"))
LONG = "&expression=Max+(+" + "+".join(map(str, [*range(10)] * 2)) + "+)"
OVER_THE_EDGE = """() => [...document.querySelectorAll('[data-testid=stMain] [data-testid=stVegaLiteChart]')]
  .filter(c => c.getBoundingClientRect().right  // what is wider scrolls in its place
    > c.closest('[data-testid=stVerticalBlock]').getBoundingClientRect().right + 1).length"""


@pytest.mark.parametrize("section", [section for section in SECTIONS if section != "Time"])
def test_a_section_fits_with_one_model_and_with_four_and_twenty_numbers(visit, section):
    for models, width in ((f"{FOUR}{LONG}", 1280), ("&models=seed-42", 800)):
        page = visit(f"explore-attention?{link(section)}{models}", width=width)
        settle_whole(page)
        assert page.evaluate(OVER_THE_EDGE) == 0


def test_all_subsets_run_in_the_background_while_the_page_answers(visit):
    page = visit(f"explore-attention?{link('Subsets')}&models=seed-42")
    page.get_by_role("button", name="Try all 256 subsets").click()
    page.get_by_role("button", name="Cancel").wait_for()
    page.get_by_text("subsets of heads").first.wait_for()
    assert page.get_by_role("button", name="Try all 256 subsets").count() == 0  # there is nothing to press twice
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Try all 256 subsets").click()
    page.get_by_text("subsets suffice").first.wait_for(timeout=120_000)
    page.get_by_text("Shapley values").first.wait_for(timeout=120_000)
