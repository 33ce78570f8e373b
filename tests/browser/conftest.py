"""A real server and a real Chromium. Skipped, with the reason, where Playwright or Chromium is absent."""

from pathlib import Path

import pytest
from browser_page import settle
from serving import launch, serve


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="browser tests need playwright")
    with playwright.sync_playwright() as p:
        try:
            chromium = launch(p)
        except playwright.Error as error:
            pytest.skip(f"no Chromium to start: {str(error).splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server():
    """The address of the dashboard, on the shipped models, with a data folder of its own."""
    pytest.importorskip("streamlit", reason="the dashboard needs streamlit")
    with serve() as address:
        yield address


@pytest.fixture(scope="session")
def contexts(browser):
    """One browser profile per color scheme, so that Streamlit's own files are fetched once."""
    return {scheme: browser.new_context(color_scheme=scheme) for scheme in ("light", "dark")}


@pytest.fixture
def visit(contexts, server):
    """visit("evaluate?side=all", width=800, scheme="dark") → a settled page. At the end: nothing went wrong."""
    pages, complaints = [], []

    def open_page(path="", width=1280, scheme="light"):
        page = contexts[scheme].new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(f"error in the page: {error}"))
        page.on("console", lambda message: complaints.append(message.text) if _matters(message) else None)
        page.on("request", lambda request: complaints.append(request.url) if _foreign(request, server) else None)
        page.goto(f"{server}/{path}")
        settle(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert complaints == []


def _matters(message):
    # At /evaluate Streamlit's page first looks for its server at /evaluate/_stcore, and is told 404.
    return message.type == "error" and "_stcore" not in message.location.get("url", "")


def _foreign(request, server):
    return not request.url.startswith((server, server.replace("http", "ws"), "data:", "blob:", "about:"))
