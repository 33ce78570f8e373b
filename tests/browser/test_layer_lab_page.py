"""The Layer Lab in Chromium: sabotage turns red and green again, a lesson is walked, a slider answers at once."""

import pytest
from browser_page import settle

from dashboard.lab.lessons import LESSONS
from dashboard.lab.sabotage_page import CLEAN_LABEL
from tinyformer.laboratory.sabotage import BUGS

NORM_OF_BLOCK_2 = 14  # its second, after the feed-forward network; among the boxes, from the tokens on
PICTURES = (
    """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg.marks')].map(svg => svg.innerHTML)"""
)
SLIDERS = ("softmax", "linear", "layer_norm", "dropout")


def test_sabotage_on_is_red_and_off_is_green(visit):
    page = visit("layer-lab?room=sabotage")
    alerts = page.locator("[data-testid=stAlertContentError]")
    for bug in (BUGS["no_jacobian"], BUGS["mask_after_softmax"]):
        page.get_by_text(bug.title, exact=True).first.click()
        alerts.first.wait_for()
        assert bug.caught_by in alerts.first.inner_text()
        page.get_by_text(CLEAN_LABEL, exact=True).click()
        alerts.first.wait_for(state="detached")
        assert page.locator("[data-testid=stAlertContentSuccess]").count() == 4


def test_the_lessons_are_walked_from_the_first_to_the_last(visit):
    page = visit("layer-lab?room=lessons")
    for number, lesson in enumerate(LESSONS, 1):
        page.locator("h2", has_text=f"{number}. {lesson.title}").wait_for()
        page.get_by_test_id("stRadioGroup").get_by_text(lesson.answers[lesson.right], exact=True).click()
        page.get_by_text("Right.", exact=False).first.wait_for()
        page.get_by_text(f"{number} of {len(LESSONS)} answered", exact=False).wait_for()
        if number < len(LESSONS):
            page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_text("All ten steps.", exact=False).wait_for()
    assert "done=1-2-3-4-5-6-7-8-9-10" in page.url  # the bookmark remembers
    again = visit(page.url.split("/", 3)[3])
    again.get_by_text("All ten steps.", exact=False).wait_for()


def test_a_lesson_opens_its_bench_and_finds_the_way_back(visit):
    page = visit("layer-lab?room=lessons&lesson=7")
    page.get_by_role("button", name="Open it").click()
    page.locator("h2", has_text="Cross-entropy").wait_for()
    page.wait_for_url(lambda url: {"bench=cross_entropy", "target=3"} <= set(url.split("?")[-1].split("&")))
    page.get_by_role("button", name="Back to lesson 7").click()
    page.locator("h2", has_text="7. ").wait_for()


def test_the_last_lesson_leads_to_another_page(visit):
    page = visit("layer-lab?room=lessons&lesson=10")
    page.get_by_role("button", name="Open Explore Attention").click()
    page.wait_for_url("**/explore-attention**")
    settle(page)


def test_a_click_on_a_box_opens_its_bench_on_its_block(visit):
    page = visit("layer-lab?room=follow&target=3")
    page.locator("[data-testid=stVegaLiteChart] svg .mark-rect.role-mark").last.locator("path").nth(
        NORM_OF_BLOCK_2
    ).click()
    page.locator("h2", has_text="Layer norm").wait_for()
    page.wait_for_url(
        lambda url: (
            {"bench=layer_norm", "block=2", "part=feed_forward", "target=3"} <= set(url.split("?")[1].split("&"))
        )
    )


def test_a_click_on_a_cell_writes_out_its_sum(visit):
    page = visit("layer-lab?bench=attention")
    chart = page.locator("[data-testid=stVegaLiteChart]", has_text="softmax of each row")
    chart.locator("svg .mark-rect.role-mark").last.locator("path").nth(8).click()  # row 1, column 2
    page.get_by_text("weights[1, 2]", exact=False).first.wait_for()
    page.get_by_text("exp(", exact=False).first.wait_for()


@pytest.mark.parametrize("bench", SLIDERS)
def test_a_slider_that_moves_draws_another_picture(visit, bench):
    page = visit(f"layer-lab?bench={bench}")
    before = page.evaluate(PICTURES)
    page.locator("[data-testid=stSlider] input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"before => ({PICTURES})().some((path, i) => path !== before[i])", arg=before)
