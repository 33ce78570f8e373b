"""The dashboard without a browser, on models made here: untrained, of known seeds, in a folder of their own."""

import shutil
from functools import cache, partial
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the dashboard needs streamlit")

from altair.utils import schemapi
from app_reading import write_model
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from dashboard import caches
from dashboard.charts import figure
from dashboard.explore import background
from tinyformer.evaluation.length_generalization import accuracy_by_length

HOME = Path(__file__).resolve().parents[2] / "dashboard" / "Home.py"


@pytest.fixture(autouse=True, scope="session")
def charts_are_checked():
    """Against the schema of Vega-Lite, which the dashboard leaves out."""
    assert figure.schemapi is schemapi
    schemapi.enable_debug_mode()


@pytest.fixture(autouse=True, scope="session")
def packages_are_read_once():
    """Every AppTest reads the metadata of all packages that are installed, for Streamlit components: 0.3 s each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def nothing_is_made_ahead(request, monkeypatch):
    """What a visitor may ask for next would be computed beside each test, for models that no other test has."""
    if request.node.path.stem != "test_preload":
        monkeypatch.setattr("dashboard.preload.get_ready", lambda models: None)


@pytest.fixture(autouse=True)
def few_longer_expressions(request, monkeypatch):
    """The head of Evaluate asks 5,500 of each model: here 250, but where they are compared with the command line's."""
    if request.node.path.stem != "test_page_figures":
        monkeypatch.setattr("dashboard.caches.accuracy_by_length", partial(accuracy_by_length, count=50))
        yield
    else:
        caches.lengths.clear()
        yield
        caches.lengths.clear()


@pytest.fixture(autouse=True)
def what_is_left_is_not_computed():
    """What a page had begun would go on in the background, and the next test's page would wait for it."""
    yield
    jobs = background.jobs()
    with jobs._begun:
        for job in jobs._jobs.values():
            job.cancelled.set()
            job.over.set()
        jobs._jobs.clear()


@pytest.fixture
def folder(tmp_path_factory, tmp_path, monkeypatch):
    """Three untrained models, and nothing saved. The folder is the same in every test, so that what one has computed
    of a model (see `write_model`), the next finds in the caches, as visitors do."""
    shipped = tmp_path_factory.getbasetemp() / "shipped"
    shutil.rmtree(shipped, ignore_errors=True)
    shipped.mkdir()
    for seed in (7, 42, 123):
        write_model(shipped, f"seed-{seed}", seed)
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(shipped))
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path / "data"))
    return shipped


@pytest.fixture
def app(folder):
    return AppTest.from_file(str(HOME), default_timeout=60)


@pytest.fixture
def evaluate_page(app):
    """evaluate_page(section, **state of the page) → the page Evaluate as it stands then."""
    app.run()
    app.switch_page("views/evaluate.py").run()

    def show(section, **state):
        for name, value in {"section": section, **state}.items():
            app.session_state[name] = value
        app.run()
        assert not app.exception
        return app

    return show
