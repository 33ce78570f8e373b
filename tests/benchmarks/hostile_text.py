"""Hostile texts through every field, file and parameter of every page: `python tests/benchmarks/hostile_text.py`.

Chromium opens each page and section with them and records every request. Prints how many texts there were, requests
beyond the server, links and pictures made of them, and pages that died.
"""

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "dashboard"))
import hostile
from serving import launch, serve
from test_hostile_text import PARAMETERS, SECTIONS

LINKS = 2  # on each page, with other texts in its parameters


def visits(models, damaged, runs):
    """(page, parameters of its link, number of hostile texts there) of everything that is opened."""
    for page, names in PARAMETERS.items():
        for parameters in hostile.sprinkled((*names, "models", "models", "expression"), LINKS):
            yield page, parameters, len(parameters)
    for place, (page, section) in enumerate([*SECTIONS, ("evaluate", {"section": "Many seeds"})]):
        four = [models[(4 * place + i) % len(models)] for i in range(4)]
        link = [("models", name) for name in four] + list(section.items())
        yield page, [*link, ("map", four[0]), ("versus", four[1]), ("sweep", models[0])], 4
    for start in range(0, 16, 4):
        yield "", [("models", name) for name in damaged[start : start + 4]], 4
    for start in range(0, len(runs), 8):
        yield "train", [("run", name) for name in runs[start : start + 8]], len(runs[start : start + 8])


def main():
    from playwright.sync_api import sync_playwright

    texts, opened, foreign, made, dead = 0, 0, set(), [], []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TINYFORMER_RUNS"] = str(Path(folder) / "runs")
        files = hostile.fill(Path(folder))
        with serve(folder) as address, sync_playwright() as p:
            page = launch(p).new_page(viewport={"width": 1280, "height": 900})
            ours = (address, address.replace("http", "ws"), "data:", "blob:", "about:")
            page.on("request", lambda request: None if request.url.startswith(ours) else foreign.add(request.url))
            for name, parameters, count in visits(*files):
                try:
                    found = hostile.look(page, f"{address}/{hostile.link(name, parameters)}")
                except Exception as error:
                    found = [f"died: {error}"]
                dead += [(name, parameters, one) for one in found if one.startswith("died")]
                made += [(name, parameters, one) for one in found if not one.startswith("died")]
                texts, opened = texts + count, opened + 1
    print(f"{texts} hostile texts in {opened} pages: {len(foreign)} requests beyond the server, {len(made)} links or")
    print(f"pictures made of them, {len(dead)} dead pages")
    for one in [*foreign, *made, *dead]:
        print(" ", str(one)[:1000])


if __name__ == "__main__":
    main()
