"""Who once had a color and a shape keeps them: alone and among others, after others are gone, after a restart."""

import json

import pytest

from dashboard import looks
from dashboard.palette import GLYPHS, PALETTE, SHAPES
from tinyformer.checkpoints.folders import SHIPPED

NAMES = [f"model-{i}" for i in range(30)]


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYFORMER_DATA", str(tmp_path))
    return tmp_path


def restart():
    looks._read.clear()


def test_there_are_eight_colors_with_a_shape_each():
    assert len(set(PALETTE)) == len(set(SHAPES)) == len(set(GLYPHS)) == 8
    assert len({looks.style(place) for place in range(looks.PLACES)}) == 64


def test_models_that_ship_have_the_first_colors_whatever_was_seen_before():
    looks.styles(NAMES)
    assert [looks.styles([name])[name].color for name in SHIPPED] == list(PALETTE[: len(SHIPPED)])


def test_a_look_is_the_same_alone_among_others_without_those_before_and_after_a_restart(data):
    together = looks.styles(NAMES, [*SHIPPED, *NAMES])
    assert len(set(together.values()) | set(looks.styles(SHIPPED).values())) == len(NAMES) + len(SHIPPED)
    for again in (lambda: None, restart):
        again()
        assert all(looks.styles([name])[name] == look for name, look in together.items())
        assert looks.styles(NAMES[:6:-1], NAMES[7:]) == {name: together[name] for name in NAMES[7:]}


def test_what_is_only_known_takes_no_place():
    assert looks.styles(["a"], [*SHIPPED, *NAMES])["a"] == looks.style(len(SHIPPED))


def test_colors_repeat_only_where_all_eight_are_taken():
    first = looks.styles(NAMES[:4], [*SHIPPED, *NAMES[:4]])
    assert {style.color for style in first.values()} == set(PALETTE[4:])


def test_no_two_alike_stand_together_however_many_there_are():
    many = [f"run-{i}" for i in range(200)]
    looks.styles(many, many)
    for shown in (many[:8], many[60:68], [many[3], many[67], many[131]]):
        assert len(set(looks.styles(shown, many).values())) == len(shown)
    assert looks.styles([many[3], many[67]])[many[3]] == looks.styles([many[3]])[many[3]]  # the later gives way


def test_what_is_saved_looks_as_the_run_did():
    run = looks.styles(["seed-5-Xk3f"], SHIPPED)["seed-5-Xk3f"]
    looks.share("seed-5-Xk3f", "for good")
    restart()
    assert looks.styles(["for good"])["for good"] == run


def test_seeds_of_a_sweep_look_as_the_models_that_ship_and_as_nobody_else():
    of_models = looks.styles(SHIPPED)
    for seeds in ([42], [7, 42, 123], range(1, 60), [3, 63, 123]):
        found = looks.of_seeds(seeds)
        assert len(set(found.values())) == len(found)
        assert all(found[seed] == of_models[f"seed-{seed}"] for seed in (42, 123, 7) if seed in found)
    assert looks.of_seeds([5])[5] == looks.of_seeds(range(20))[5]


@pytest.mark.parametrize("text", ["", "[1]", "[" * 5000, '{"a": "red", "b": -1, "c": 64, "d": 1.5, "e": true}', "\0"])
def test_a_file_that_is_not_ours_takes_nothing_away(data, text):
    (data / looks.FILE).write_text(text)
    restart()
    found = looks.styles(list("abcde"))
    assert len(set(found.values())) == 5
    assert set(json.loads((data / looks.FILE).read_text())) >= set("abcde")


def test_where_nothing_can_be_written_looks_are_kept_in_memory(data, monkeypatch):
    monkeypatch.setenv("TINYFORMER_DATA", str(data / "file" / "below"))
    (data / "file").write_text("")
    assert looks.styles(NAMES[:3])[NAMES[2]] == looks.styles([NAMES[2]])[NAMES[2]]
