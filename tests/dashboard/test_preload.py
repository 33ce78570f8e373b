"""What is made ready while a visitor reads is there when its page asks for it, and a broken model harms nobody."""

import gc
import threading

from app_reading import write_model

from dashboard import caches, models, preload
from tinyformer.evaluation.report import report


def made(monkeypatch, *files):
    """get_ready, and wait until it is done."""
    monkeypatch.setattr(preload, "_begun", set(preload.PAGES))
    shown = [type("Shown", (), {"file": file}) for file in files]
    before = set(threading.enumerate())
    preload.get_ready(shown)
    for thread in set(threading.enumerate()) - before:
        thread.join(60)


def test_the_figures_of_a_model_are_there_when_its_page_asks(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(caches.report, "report", lambda *args: asked.append(args) or report(*args))
    write_model(folder, "new", 11)
    file = models.available()["new"]
    made(monkeypatch, file)
    assert len(asked) == 1
    figures = caches.figures(file)
    assert len(asked) == 1 and figures["sides"]["all"]["total"] == 5000
    made_again = len(asked)
    preload.get_ready([type("Shown", (), {"file": file})])  # every run of a page asks; only what is new is made
    assert len(asked) == made_again


def test_a_file_that_cannot_be_used_does_not_keep_others_from_being_made(folder, monkeypatch):
    write_model(folder, "broken", 5).write_bytes(b"no model")
    write_model(folder, "whole", 12)
    known = models.available()
    asked = []
    monkeypatch.setattr(caches.report, "report", lambda *args: asked.append(args) or report(*args))
    made(monkeypatch, known["broken"], known["whole"])
    assert len(asked) == 1 and caches.figures(known["whole"])["sides"]["all"]["total"] == 5000
    assert len(asked) == 1


def test_a_model_chosen_later_exempts_nothing_from_collection(folder, monkeypatch):
    """What lives while it is made would never be collected: the sessions of all who leave later."""
    write_model(folder, "new", 13)
    frozen = gc.get_freeze_count()
    made(monkeypatch, models.available()["new"])
    assert gc.get_freeze_count() <= frozen  # what was exempt before may have gone
