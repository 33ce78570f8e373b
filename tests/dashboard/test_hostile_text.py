"""Whatever a link, a name or a file says: pages live, and show it as text. Property tests where Hypothesis is there."""

import os
from pathlib import Path

import pytest
from app_reading import charts, write_model
from small import mostly_slow
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.plain_text import plain

HOME = Path(__file__).resolve().parents[2] / "dashboard" / "Home.py"
NAMES = ("v1.2", "a:b[0] \"\\' datum.x", "![](x)[y](z) <b>$q$ :red[r] {0} %s *|", "image")
EVALUATE = ("Other lengths", "Every expression", "Mistakes", "Sure and right", "Digits", "Your own questions")
EXPLORE = ("Heatmaps", "Arcs", "Focus", "Roles", "Ablation", "One answer", "Explanation?", "Circuits", "Time")
SECTIONS = [
    ("", {}),
    ("train", {}),
    *(("evaluate", {"section": section}) for section in EVALUATE),
    *(("explore-attention", {"look": section}) for section in EXPLORE),
    *(("layer-lab", {"room": room}) for room in ("benches", "follow", "sabotage")),
]
PARAMETERS = {  # of each page, in its links
    "": (),
    "train": ("run", "size", "seeds", "epochs", "lr", "width", "heads", "layers", "ffn", "norm", "pooling", "positions",
              "scale", "drop", "optimizer", "schedule", "batch", "numbers", "held", "clip", "decay", "curves", "log",
              "closer", "after", "of", "weights", "batch-number", "eta"),
    "evaluate": ("section", "side", "place", "map", "versus", "own", "sweep", "seed", "own_text"),
    "explore-attention": ("look", "moment", "model", "layer", "head", "token", "key", "stages", "first", "second",
                          "replacement", "without", "effect", "measure", "operation", "other"),
    "layer-lab": ("room", "bench", "bug", "part", "target", "block", "lesson", "done", "bench-model"),
}  # fmt: skip
EXAMPLES = int(os.environ.get("EXAMPLES", "6"))  # links that are tried on each page
MARKDOWN = ("markdown", "caption", "error", "warning", "info", "success", "title", "header", "subheader", "toast")


@pytest.fixture
def visit(folder, monkeypatch, tmp_path):
    """visit("train", run=["x"]) → the page as somebody sees it who opens this link in a new window."""
    monkeypatch.setenv("TINYFORMER_RUNS", str(tmp_path / "runs"))

    def open_link(page, **parameters):
        app = AppTest.from_file(str(HOME), default_timeout=60)
        if page:
            app._page_hash = calc_hash(page)
        for name, value in parameters.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, (page, parameters, app.exception[0].message)
        assert len(app.title) == 1
        return app

    return open_link


def said(app):
    """All that the page gives to Streamlit to be read as Markdown, in one text."""
    options = [option.content for element in app.get("button_group") for option in element.proto.options]
    labels = [element.label for kind in ("button", "selectbox", "text_input", "expander") for element in app.get(kind)]
    return "\n".join([*(element.value for kind in MARKDOWN for element in app.get(kind)), *options, *labels])


@pytest.mark.parametrize(("page", "section"), mostly_slow(SECTIONS, *SECTIONS[::3]))
def test_a_models_name_is_text_and_never_a_field(visit, folder, page, section):
    for seed, name in enumerate(NAMES):
        write_model(folder, name, seed)
    app = visit(page, models=list(NAMES), **section)
    for spec, frame, _ in charts(app):
        assert not [column for column in frame if any(name in column for name in NAMES)]
        titles = [one.get("title") for one in everything(spec) if "field" in one]
        assert not {"image", "title"} & {title for title in titles if isinstance(title, str)}  # a tooltip would draw it
    for live in ("![](x)", "[y](z)", "<b>", ":red[r]", "$q$", " *|"):
        assert live not in said(app)


def everything(spec):
    """Every object inside a chart's specification."""
    if isinstance(spec, dict):
        yield spec
    for inside in spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ():
        yield from everything(inside)


def test_a_link_with_a_model_that_is_not_there_says_so_and_stays(visit):
    app = visit("", models=["seed-42", "![](//host/x.png)"])
    (error,) = app.sidebar.error
    assert error.value == f"There is no model {plain('![](//host/x.png)')} here. The other models are shown."
    assert app.session_state["models"] == ["seed-42", "![](//host/x.png)"]
    assert app.query_params["models"] == ["seed-42", "![](//host/x.png)"]
    app.run()
    assert len(app.sidebar.error) == 1 and app.query_params["models"] == ["seed-42", "![](//host/x.png)"]
    app.multiselect(key="models").set_value(["seed-42"]).run()
    assert not app.sidebar.error and "![](//host/x.png)" not in app.multiselect(key="models").options


def test_a_link_with_missing_models_only_says_what_to_do(visit):
    app = visit("", models=["gone", "gone", "gone too"])
    assert [error.value for error in app.sidebar.error] == [
        "There is no model gone here.",
        "There is no model gone too here.",
    ]
    assert "Choose one or more in the sidebar" in app.info[0].value


def test_a_link_with_more_models_than_are_shown_says_so(visit, folder):
    for seed in range(3):
        write_model(folder, f"more-{seed}", seed)
    app = visit("", models=["more-0", "more-1", "more-2", "seed-7", "seed-42"])
    assert "names 5 models, of which 4 are shown" in app.sidebar.warning[0].value
    assert len(app.session_state["_selection"].models) == 4


def test_a_link_with_a_damaged_model_says_so_and_stays(visit, folder):
    (folder / "broken.npz").write_bytes(b"PK")
    app = visit("", models=["broken", "seed-42"])
    assert "broken.npz" in app.sidebar.error[0].value
    assert app.session_state["models"] == ["broken", "seed-42"]


@pytest.mark.parametrize("run", ["x" * 256, "a\0b", "..", "/etc", "a/b", "~", "checkpoints", "![](//host/r.png)"])
def test_a_run_that_is_not_there_is_said_and_stays_in_the_link(visit, run):
    app = visit("train", run=[run])
    assert app.warning[0].value == f"There is no run {plain(run)}. It may have been deleted."
    app.run()
    assert app.query_params["run"] == run and not app.exception


def test_a_sweep_that_is_not_there_is_said(visit, folder):
    (folder / "sweep-a.csv").write_text("no sweep")
    app = visit("evaluate", section="Many seeds", sweep="sweep-[b](//host)")
    assert app.error[-1].value.startswith(f"There is no sweep {plain('sweep-[b](//host)')}")
    assert app.session_state["sweep"] == "sweep-[b](//host)"


@pytest.mark.parametrize("page", PARAMETERS)
def test_no_parameter_of_a_link_ends_a_page(visit, page):
    hypothesis = pytest.importorskip("hypothesis", reason="property tests need hypothesis")
    text = hypothesis.strategies.text(max_size=40) | hypothesis.strategies.sampled_from(
        [
            "",
            "0",
            "-1",
            "1e400",
            "nan",
            "9" * 400,
            "٣",
            "true",
            "x" * 300,
            "../..",
            "\0",
            "[a](//b)",
            "1-8",
            "Focus",
            "seed-7",
        ]
    )
    values = text | hypothesis.strategies.lists(text, max_size=6)
    some = hypothesis.strategies.fixed_dictionaries(
        {}, optional=dict.fromkeys((*PARAMETERS[page], "models", "expression", "nobody's"), values)
    )

    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)
    @hypothesis.given(some)
    def lives(parameters):
        visit(page, **parameters)

    lives()
