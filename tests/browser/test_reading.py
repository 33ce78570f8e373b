"""What one can read on a phone, at 800 px, before a class and on paper; and what Back and a copied link bring back."""

import pytest
from browser_page import settle, stand_still
from text import faults

FOUR = "".join(f"&models={name}" for name in ("seed-42", "seed-123", "seed-7", "mixed-42"))
LONG = "&expression=Second+(+" + "+".join(map(str, [*range(10)] * 2)) + "+)"
HARDEST = ("?", "explore-attention?drawn=Heatmaps", "explore-attention?drawn=Arcs", "evaluate?section=Every+expression")


@pytest.mark.parametrize("place", HARDEST)
def test_four_models_and_twenty_numbers_can_be_read_on_a_phone_and_at_800(visit, place):
    page = visit(f"{place}{FOUR}{LONG}", width=390)
    for width in (390, 800):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(800)
        assert faults(page) == []


@pytest.mark.parametrize("place", ["", "explore-attention", "evaluate?section=Sure+and+right"])
def test_at_800_two_models_stand_side_by_side(visit, place):
    page = visit(place, width=800)
    first, second, third = (box.bounding_box() for box in page.locator(".tf-model").all())
    assert first["y"] == second["y"] < third["y"]
    assert first["width"] + second["width"] > 440


def pick(page, name):
    page.get_by_role("radio", name=name, exact=True).first.click()
    page.get_by_role("radio", name=name, exact=True, checked=True).first.wait_for()
    settle(page)


def test_back_and_forward_bring_back_what_a_page_showed(visit):
    page = visit("evaluate?expression=Min+4+2")
    menu = page.get_by_test_id("stSidebarNav")
    pick(page, "Mistakes")
    menu.get_by_text("Explore Attention").click()
    page.get_by_role("heading", name="Explore Attention").wait_for()
    settle(page)
    pick(page, "What do they do?")
    menu.get_by_text("Layer Lab").click()
    page.get_by_role("heading", name="Layer Lab").wait_for()
    settle(page)
    pick(page, "Sabotage")
    menu.get_by_text("Train").click()
    page.get_by_role("heading", name="Train", exact=True).wait_for()
    settle(page)
    for step, shown in ((-1, "Sabotage"), (-1, "What do they do?"), (-1, "Mistakes"), (1, "What do they do?")):
        page.go_back() if step < 0 else page.go_forward()
        page.get_by_role("radio", name=shown, exact=True, checked=True).first.wait_for()
        settle(page)
        assert "expression=Min+4+2" in page.url


def type_into(page, label, text):
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    settle(page)


def value(page, label):
    return page.get_by_label(label, exact=True).input_value()


def radio(page, name):
    return page.get_by_role("radio", name=name, exact=True, checked=True).count() > 0


STATES = {  # page: (what somebody does there, whether it is so)
    "": (lambda page: type_into(page, "Expression", "Min 4 2"), lambda page: value(page, "Expression") == "Min 4 2"),
    "train": (
        lambda page: (type_into(page, "Seeds", "5, 6"), type_into(page, "Epochs", "7")),
        lambda page: (value(page, "Seeds"), value(page, "Epochs")) == ("5, 6", "7"),
    ),
    "evaluate": (lambda page: pick(page, "Mistakes"), lambda page: radio(page, "Mistakes")),
    "explore-attention": (
        lambda page: (pick(page, "What do they do?"), pick(page, "Subsets")),
        lambda page: radio(page, "What do they do?") and radio(page, "Subsets"),
    ),
    "layer-lab": (lambda page: pick(page, "Sabotage"), lambda page: radio(page, "Sabotage")),
}


@pytest.mark.parametrize("path", STATES)
def test_a_page_keeps_its_state_through_reload_link_and_back(visit, path):
    act, is_so = STATES[path]

    def kept(page):
        for _ in range(50):
            settle(page)
            if is_so(page):
                return True
        return False

    page = visit(path)
    act(page)
    assert kept(page)
    page.reload()
    assert kept(page)
    link = page.url.split("/", 3)[3]
    menu = page.get_by_test_id("stSidebarNav")
    menu.get_by_text("Evaluate" if path != "evaluate" else "Layer Lab").click()
    page.get_by_role("heading", name="Evaluate" if path != "evaluate" else "Layer Lab", exact=True).wait_for()
    settle(page)
    page.go_back()
    page.wait_for_url(f"**/{path}?*")
    assert kept(page)
    page.close()  # the tab: its link opens the same
    assert kept(visit(link))


def test_a_class_sees_the_page_large_and_without_the_sidebar(visit):
    page = visit("?present=1")
    assert not page.get_by_test_id("stSidebar").is_visible()
    large = page.locator("h1").bounding_box()["height"]
    page.get_by_role("button", name="Leave the presentation").click()
    page.get_by_test_id("stSidebar").wait_for()
    settle(page)
    assert page.locator("h1").bounding_box()["height"] < 0.8 * large and "present" not in page.url


@pytest.mark.parametrize("place", ["evaluate?section=Other+lengths", "layer-lab?bench=softmax"])
def test_before_a_class_charts_and_tables_stand_whole_on_the_page(visit, place):
    page = visit(f"{place}&present=1")
    drawn = page.locator("[data-testid=stMain] :is([data-testid=stDataFrame], svg.marks)")
    drawn.first.wait_for()
    assert page.locator("[data-testid=stMain] svg.marks").count()
    assert all(box["x"] + box["width"] <= 1280 for box in (one.bounding_box() for one in drawn.all()))


def test_the_link_of_the_moment_is_copied(visit):
    page = visit("evaluate")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    pick(page, "Mistakes")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url and "section=Mistakes" in page.url


def test_home_is_printed_on_one_page_without_the_sidebar(visit):
    page = visit("")
    pdf = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "10mm"))
    assert b"/Count 1" in pdf
    page.emulate_media(media="print")
    assert not page.get_by_test_id("stSidebar").is_visible()
    stand_still(page)
    assert len({box.bounding_box()["y"] for box in page.locator(".tf-model").all()}) == 1
