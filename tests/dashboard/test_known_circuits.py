"""Circuits on the page: those of models written by hand are drawn as they were declared, and trust has its table."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from app_reading import frames
from test_explore import finished

from dashboard.charts.circuit_graph import circuit_graph
from dashboard.explore.known import CLEAN, JOINT, MISSING, RULES, _told
from dashboard.explore.paths import told
from tinyformer import expression_space
from tinyformer.checkpoints.checkpoint import save_checkpoint
from tinyformer.ground_truth import finders
from tinyformer.ground_truth.finders import SHARE, subject_of
from tinyformer.ground_truth.kinds import KINDS, build
from tinyformer.ground_truth.methods import METHODS
from tinyformer.ground_truth.published import FILE, published_scores
from tinyformer.ground_truth.scores import Score, average, scores_steps
from tinyformer.interpret import ablate, drain, random_sample
from tinyformer.interpret.components import writers_of
from tinyformer.interpret.paths import contrasts, parts_of
from tinyformer.interpret.routes import Difference, largest_difference, route_steps

TABLE = Path(__file__).resolve().parents[2] / "checkpoints" / FILE
PAIRS = contrasts(expression_space())


def write_by_hand(folder, name, kind, seed=0):
    save_checkpoint(folder / f"{name}.npz", build(kind, seed).model, metadata={"written_by_hand": kind})


@pytest.fixture
def show(app, folder):
    def show(look, key, view, models):
        app.run()
        app.switch_page("views/explore_attention.py")
        for name, value in {"models": models, "look": look, key: view}.items():
            app.session_state[name] = value
        return finished(app.run())

    return show


def sections_of(view):
    from dashboard.explore.sections import SECTIONS

    section = next(one for one in SECTIONS.values() if view in one.views)
    return section.title, section.key, view


@pytest.mark.slow
def test_the_circuit_that_is_drawn_is_the_one_that_was_declared(show, folder):
    write_by_hand(folder, "one", "one head")
    write_by_hand(folder, "late", "late head")
    app = show(*sections_of("Path patching"), ["one", "late"])
    for frame, kind in zip(frames(app, "edge", "lost"), ("one head", "late head"), strict=True):
        drawn = set(frame[frame["kind"] == "edge"]["edge"])
        assert drawn == {f"{edge.sender} → {edge.component}" for edge in build(kind).edges}
    said = " ".join(element.value for element in app.markdown)
    assert "5 of 45 edges" in said and "5 of 184 edges" in said
    assert "one sends 100% of the answer from heads 1 to answer, late 0%" in said and "100 points more" in said
    assert "as written" in " ".join(html.proto.body for html in app.get("html"))


def test_a_model_that_answers_nothing_is_told_apart(show, folder):
    write_by_hand(folder, "one", "one head")
    app = show(*sections_of("Path patching"), ["seed-42", "one"])
    assert "seed-42" in app.info[0].value and "5 of 45 edges" in " ".join(element.value for element in app.markdown)


@pytest.mark.slow
def test_trust_has_its_table_and_every_view_its_line(show, folder):
    app = show(*sections_of("Known circuits"), ["seed-42"])
    assert app.info[0].value == MISSING
    shutil.copy(TABLE, folder / FILE)
    import streamlit

    streamlit.cache_resource.clear()
    app = show(*sections_of("Known circuits"), ["seed-42"])
    table = next(element.value for element in app.markdown if "| method |" in element.value)
    assert "| path patching | edges | 1.00 · 1.00 |" in table and "| a role by attention | heads |" in table
    (frame,) = frames(app, "method", "kind", "precision")
    at = frame.set_index(["method", "kind"])["precision"]
    assert at["a role by attention", "decoys"] == 0 and at["path patching", "decoys"] == 1
    app = show(*sections_of("Roles"), ["seed-42"])
    assert any("a role by attention** finds heads with precision" in element.value for element in app.caption)


@pytest.mark.slow
def test_the_table_that_ships_is_what_is_measured(monkeypatch):
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(TABLE.parent))
    shipped = {(one.method, one.kind, one.seed, one.finds): one for one in published_scores()}
    methods = ("path patching", "direct attribution", "a role by attention")
    for one in drain(scores_steps(["decoys", "cancelling"], [1], methods)):
        assert shipped[one[:4]] == Score(*one[:4], *(round(rate, 4) for rate in one[4:]))


def test_ten_methods_name_by_a_twentieth_and_the_others_by_rules_of_their_own(monkeypatch):
    """Where no share is large enough, the ten name nothing, and the others what they named."""
    assert SHARE == 1 / 20 and "a twentieth of it" in RULES and "a twentieth more" in RULES
    subject, by_share = subject_of(build("one head"), 0), set()
    finders._subsets(subject.model)  # once for all
    monkeypatch.setattr(finders, "SHARE", 10)
    for name, method in METHODS.items():
        found = method.find(subject)
        if not (any(places for places, _ in found) if method.finds == "tokens" else found):
            by_share.add(name)
    assert by_share == {
        "taken out: mean", "taken out: resampled", "taken out: zero", "Shapley values", "direct attribution",
        "patching of heads", "gradient times input", "integrated gradients", "logit lens", "probes",
    }  # fmt: skip


@pytest.fixture
def shipped(monkeypatch):
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(TABLE.parent))
    return published_scores()


def test_what_is_said_of_backups_and_cancelling_is_in_the_table_that_ships(shipped):
    def those(kind):
        """The methods that name heads, parts or edges; path patching once."""
        found = average([one for one in shipped if one.finds != "parts" or "path" not in one.method], [kind])
        return {one.method: one for one in found if one.finds in ("heads", "parts", "edges")}

    backup, cancelling = those("sleeping backup"), those("cancelling")
    assert len(backup) == len(cancelling) == 13
    missing = {name for name, one in backup.items() if one.recall < 1}
    naming = {name for name, one in cancelling.items() if one.precision < 1}
    assert missing == set(backup) - {"low entropy", "OV copies digits", "path patching, jointly"}  # most
    assert naming == set(cancelling) - {"smallest subsets", "OV copies digits"}  # most
    assert "path patching" in naming and "most name heads that only cancel each other, path patching too" in JOINT


def test_a_method_that_named_nothing_says_so_beside_its_precision(shipped):
    (one,) = (one for one in average(shipped) if one.method == "OV copies digits")
    assert one.silent == 15 and one.models == 51
    assert _told("OV copies digits").endswith("and nothing in 15 of 51 models")
    assert "nothing" not in _told("path patching")


def test_what_is_not_of_the_circuit_does_less_than_a_hundredth_but_for_two_kinds():
    some, moved = random_sample(expression_space(), 300), {}
    for kind in KINDS:
        made = build(kind, 1)
        known = parts_of(made.edges | made.backup)
        outside = [[part] for part in writers_of(made.model.config) if str(part) not in known]
        found = [ablate(made.model, some, outside, how) for how in ("mean", "resampled", "zero")]
        moved[kind] = max(np.abs(one.lost("logit difference") / one.mean("logit difference")[0]).max() for one in found)
    assert {kind for kind, share in moved.items() if share >= 0.01} == {"cancelling", "noisy"}
    assert moved["cancelling"] > 1 and moved["unread"] > 0.001 and "less than a hundredth" in CLEAN  # not nothing


def test_a_table_that_is_none_is_no_table(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_CHECKPOINTS", str(tmp_path))
    for text in ("", "method,kind\na,b\n", "method,kind,seed,finds,precision,recall\nx,decoys,zero,edges,1,1\n"):
        (tmp_path / FILE).write_text(text)
        assert published_scores() == []


@pytest.mark.parametrize(
    ("one", "other", "route"),
    [
        ("one head", "late head", ("heads 1", "answer")),
        ("one head", "feed-forward", ("feed-forward 1", "answer")),
        ("late head", "previous, then copy", None),
    ],
)
def test_two_circuits_differ_where_they_were_made_to(one, other, route):
    found = largest_difference(*(drain(route_steps(build(kind).model, PAIRS)) for kind in (one, other)))
    assert found.is_told and (route is None or found.route == route)
    same = [drain(route_steps(build(one, seed).model, PAIRS)) for seed in (0, 1)]
    assert not largest_difference(*same).is_told  # the same circuit in other heads


def test_the_sentence_on_two_circuits():
    difference = Difference(("heads 1", "answer"), 0.07, 0.5, -0.5, -0.36, 80, 20)
    assert told("a", "b", difference).startswith(
        "**a sends 7% of the answer from heads 1 to answer, b 50%**: 43 points less"
    )
    assert "between 36 and 50" in told("a", "b", difference)
    assert "do not differ** by more than chance" in told("a", "b", difference._replace(high=0.1))
    assert "too few" in told("a", "b", None)


def test_a_graph_without_edges_and_one_of_many_layers():
    figure = circuit_graph([], 3, 2, "#000000")
    assert len(figure.data) == 3 + 3 * 3 and "none" in figure.description
    figure = circuit_graph([("tokens", "head 3.2", "q, v", 0.5), ("head 3.2", "answer", "", 1.0)], 3, 2, "#000000")
    assert "head 3.2 → answer 1.00" in figure.description


def test_nothing_is_held_out_from_a_model_by_hand(app, folder):
    write_by_hand(folder, "one", "one head")
    app.run()
    app.switch_page("views/evaluate.py")
    app.session_state["models"] = ["one", "seed-42"]
    app.run()
    assert not app.exception
    rows = app.dataframe[0].value.set_index("model")
    by_hand = next(row for name, row in rows.iterrows() if name.endswith(" one"))
    assert by_hand["95% interval"] == "written by hand" and by_hand["all 5,000"] == 100
    assert by_hand[["held out", "loss", "calibration error"]].isna().all()
    assert "one" not in app.text[0].value.split()
