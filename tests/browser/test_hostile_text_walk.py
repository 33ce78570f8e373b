"""Links and files full of hostile texts, in a real Chromium: nothing is fetched, linked or drawn from them."""

import hostile
import pytest
from serving import serve


@pytest.fixture(scope="module")
def hostile_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYFORMER_RUNS", str(folder / "runs"))
        files = hostile.fill(folder)
        with serve(folder) as address:
            yield address, *files


def test_hostile_texts_stay_texts(browser, hostile_server):
    address, models, damaged, runs = hostile_server
    links = [
        ("train", [("run", hostile.TEXTS[0]), ("seeds", hostile.TEXTS[1]), ("run", "x" * 256), ("run", runs[0])]),
        ("train", [("run", run) for run in runs[:8]]),
        (
            "",
            [
                ("models", hostile.TEXTS[0]),
                ("models", damaged[4]),
                ("expression", hostile.TEXTS[0]),
                ("models", models[0]),
            ],
        ),
        ("evaluate", [("section", "Every expression"), *(("models", name) for name in models[-4:])]),
        ("explore-attention", [("look", "Circuits"), *(("models", name) for name in ("image", "a:b[0]"))]),
        ("explore-attention", [("look", "")]),
    ]
    page, foreign = browser.new_page(), []
    page.on(
        "request", lambda request: foreign.append(request.url) if hostile.HOST in request.url.split("?")[0] else None
    )
    for name, parameters in links:
        assert hostile.look(page, f"{address}/{hostile.link(name, parameters)}") == [], (name, parameters)
    page.close()
    assert foreign == []
