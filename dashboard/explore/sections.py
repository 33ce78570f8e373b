"""The questions of this page, and by which views each is answered; old links, and where their subject now is."""

from types import ModuleType
from typing import NamedTuple

import streamlit as st

from dashboard.explore import (
    ablation,
    arcs,
    circuits,
    explanation,
    focus,
    heatmaps,
    known,
    lens,
    patching,
    paths,
    probing,
    reads,
    roles,
    subsets,
    tokens,
    training,
    wrote,
)
from dashboard.sections import one_of, open_old

LOOK = "look"  # key of the widget, and name in the URL


class Section(NamedTuple):
    title: str
    key: str  # of the choice of a view, in the URL
    views: dict[str, ModuleType]  # each has draw(subjects, expression), and RECIPE: five lines that give its numbers


SECTIONS = {
    section.title: section
    for section in (
        Section("Where do they look?", "drawn", {"Heatmaps": heatmaps, "Arcs": arcs, "Focus": focus}),
        Section(
            "What do they do?", "asked_by",
            {"Roles": roles, "Taken out": ablation, "Subsets": subsets, "QK and OV": reads, "Probes": probing},
        ),
        Section(
            "How does this answer arise?", "followed",
            {"Stage by stage": lens, "Who wrote it": wrote, "What carries it": patching, "Which tokens": tokens},
        ),
        Section("The same in another seed?", "compared", {"Path patching": paths, "Matched heads": circuits}),
        Section("How did it come about?", "course", {"Time": training}),
        Section("Can one trust this?", "trusted", {"Known circuits": known, "Look and effect": explanation}),
    )
}  # fmt: skip

OF_ONE_EXPRESSION = (heatmaps, arcs, lens, wrote, patching, tokens)  # a model has to know its operation
_PLACES = {name: (section.title, section.key, name) for section in SECTIONS.values() for name in section.views}
_PLACES |= {
    old: _PLACES[new]
    for old, new in (("Ablation", "Taken out"), ("One answer", "Stage by stage"), ("Circuits", "Matched heads"),
                     ("Explanation?", "Look and effect"))
}  # fmt: skip
_RENAMED = {
    "rows": {"mean of all rows": focus.ROWS_READ},
    "effect": {"rise of the loss (nats)": "log-probability", "drop of accuracy (points)": "accuracy"},
}


def open_old_link():
    """Before any widget: what a link from before the questions asked for is put where its subject now is."""
    given = st.query_params.get(LOOK)
    if given == "One answer" and "other" in st.query_params:
        given = "What carries it"
    if given in _PLACES and LOOK not in st.session_state:
        title, key, view = _PLACES[given]
        st.session_state.update({LOOK: title, key: view})
    for key, now in _RENAMED.items():
        open_old(key, now)
    without = [_head_renamed(name) for name in st.query_params.get_all(ablation.WITHOUT)]
    if ablation.WITHOUT not in st.session_state and without != st.query_params.get_all(ablation.WITHOUT):
        st.session_state[ablation.WITHOUT] = without


def _head_renamed(name):
    """ "layer 1 head 2" → "head 1.2", "layer 2 attention" → "attention 2"."""
    words = name.split(" ")
    if len(words) == 4 and words[::2] == ["layer", "head"]:
        return f"head {words[1]}.{words[3]}"
    return f"{words[2]} {words[1]}" if len(words) == 3 and words[0] == "layer" else name


def choose():
    """Draw the two controls; return the chosen view's name and module."""
    section = SECTIONS[one_of("Question", list(SECTIONS), LOOK)]
    views = list(section.views)
    name = views[0] if len(views) == 1 else one_of("Shown", views, section.key)
    return name, section.views[name]
