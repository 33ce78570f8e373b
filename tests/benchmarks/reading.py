"""What cannot be read: `python tests/benchmarks/reading.py`. Chromium is needed.

All pages and sections with 1 to 4 models, 3 and 20 numbers, at 390, 800, 1280 and 1920 px, light, dark: type below
9 px, text cut off or overprinted, pages that scroll sideways. Words name some pages only: `reading.py evaluate`.
"""

import sys
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from browser_page import settle, settle_whole
from places import PLACES
from serving import launch, serve
from text import faults

MODELS = ("seed-42", "seed-123", "seed-7", "mixed-42")
EXPRESSIONS = {3: "Max+3+9+1", 20: "Second+(+" + "+".join(map(str, [*range(10)] * 2)) + "+)"}
WIDTHS, SCHEMES = (390, 800, 1280, 1920), ("light", "dark")


def main(words):
    from playwright.sync_api import sync_playwright

    looked_at = found = 0
    with serve() as address, sync_playwright() as p:
        page = launch(p).new_page()
        page.set_default_timeout(90_000)
        for place, models, numbers in product(PLACES, (1, 2, 3, 4), EXPRESSIONS):
            if words and not any(word in (place or "home") for word in words):
                continue
            shown = "".join(f"&models={name}" for name in MODELS[:models])
            page.goto(f"{address}/{place}{'' if '?' in place else '?'}{shown}&expression={EXPRESSIONS[numbers]}")
            settle(page)
            if (button := page.get_by_role("button", name="Try all")).count():
                button.click()
                page.wait_for_timeout(1_000)
            if place.startswith("explore"):
                settle_whole(page)
            for width, scheme in product(WIDTHS, SCHEMES):
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 900})
                page.wait_for_timeout(600 if scheme == SCHEMES[0] else 200)  # colors take less time than a new width
                wrong = faults(page)
                if wrong:  # 5,000 cells take a second to be drawn anew: what stays, counts
                    page.wait_for_timeout(2_000)
                    wrong = faults(page)
                looked_at, found = looked_at + 1, found + bool(wrong)
                for fault in wrong:
                    view = f"{place or 'home'}, {models} models, {numbers} numbers, {width} px, {scheme}"
                    print(f"{view}: {fault}", flush=True)
    print(f"{looked_at} views, {found} with a fault")


if __name__ == "__main__":
    main(sys.argv[1:])
