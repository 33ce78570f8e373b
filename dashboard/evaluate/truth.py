"""The truth map: the whole space, right or wrong, sure or not, trained on or held out. A click chooses one."""

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import caches, components, sections, selection
from dashboard.charts import certainty, truth_map
from dashboard.evaluate import explore
from dashboard.evaluate.asked import texts, words
from dashboard.history import histories
from dashboard.plain_text import plain
from tinyformer.evaluation.report import space_of
from tinyformer.task.datasets import SIDES
from tinyformer.task.vocabulary import DIGITS

NOBODY, MOST_NAMED = "nobody", 8
CODE = """\
from tinyformer import load_checkpoint
from tinyformer.evaluation.report import whole_space
evaluation, sides = whole_space(load_checkpoint("{path}"))
wrong = evaluation.select(~evaluation.correct)
print(len(wrong), "of", len(evaluation), "wrong:", *map(wrong.task.detokenize, wrong.tokens), sep="\\n")"""
WIDTH = 460  # pixels of one operation: two side by side on a wide page
EXPLANATION = (
    "Each cell is one expression *operation ( a b c )*: the grid is the first number *a*, the row the second *b*, the "
    "column the third *c*. **Large squares** are the test and the validation side, which are kept out of training, "
    "unless draws were split instead; **small** ones are the training side. The tooltip says what each was to it."
)


def draw(models, expression):
    """One model, or two and where they differ."""
    names = {shown.name: shown for shown in models}
    with st.container(horizontal=True, gap="medium"):
        first = st.selectbox("Truth map of", list(names), key="map", bind="query-params", width=200)
        others = [NOBODY, *(name for name in names if name != first)]
        second = st.selectbox(
            "compared with", others, key="versus", bind="query-params", width=200,
            help="Another of the models on display: choose more of them in the sidebar.",
        )  # fmt: skip
    if names[first].task.space_length != 3:
        _list(names[first], models, expression)
        return
    shared = names[first].task.operations
    if second != NOBODY:
        shared = [one for one in shared if one in names[second].task.operations]
        if len(shared) < len({*names[first].task.operations, *names[second].task.operations}):
            st.caption("Only the operations that both know can be compared.")
        if names[second].task.space_length != 3 or not shared:
            st.info(f"{plain(second)} was not asked any of the expressions of this map: there is nothing to compare.")
            return
    figures = {operation.name: _figure(operation.name, names, first, second, expression) for operation in shared}
    with st.container(horizontal=True, gap="small"):
        for operation, figure in figures.items():
            with st.container(width=WIDTH):
                st.markdown(f"**{plain(operation)} ( a b c )**")
                key = f"truth-{operation}"
                choose = partial(_choose, key)
                components.draw(figure, key=key, on_select=choose, selection_mode=[truth_map.CLICK])
        with st.container(width=WIDTH):
            _legend(names, first, second, shared)
            explore.chosen(models, expression)
    components.how_to_read(
        f"{EXPLANATION}\n\nThe color says how sure the model was, in nines (90%, 99%, 99.9% …), on one side of the "
        "scale where it was right, on the other where it was wrong; a wrong answer has a cross as well. With two "
        "models, color and shape say which of them is right where the other is not."
    )
    sections.in_python(CODE.format(path=names[first].file.path))


def _figure(operation, names, first, second, expression):
    cells = frame(names[first].file, operation)
    if second == NOBODY:
        return truth_map.one_model(cells, first, expression)
    other = frame(names[second].file, operation)
    cells = cells.assign(**{f"other_{name}": other[name] for name in ("answer", "confidence", "correct")})
    looks = [(name, names[name].style.color, names[name].style.shape) for name in (first, second)]
    return truth_map.two_models(cells, *looks, expression)


def _legend(names, first, second, shared):
    """What the colors mean, and what to do."""
    if second == NOBODY:
        components.draw(certainty.scale(), key="truth-scale")
        st.markdown(_wrong(names[first]))
    else:
        states = truth_map.states_of(first, second)[1:]
        one, other = (_correct(names[name].file, shared) for name in (first, second))
        counts = [(one & ~other).sum(), (other & ~one).sum(), (~one & ~other).sum()]
        glyphs = [names[first].style.glyph, names[second].style.glyph, "✚"]
        st.markdown("  \n".join(
            f"{glyph} {plain(state)}: **{count:,}**" for glyph, state, count in zip(glyphs, states, counts, strict=True)
        ))  # fmt: skip
    st.caption(f"{EXPLANATION} **Click a cell**: it becomes the expression on every page.")


def _correct(file, operations):
    """(N,) bool, of the cells of these operations."""
    return np.concatenate([frame(file, operation.name)["correct"] for operation in operations])


def _list(shown, models, expression):
    """Of expressions that have not three numbers, there is a list."""
    count = shown.task.space_length
    st.caption(f"{plain(shown.name)} knows none of three numbers, for which there is a map: these have {int(count)}.")
    cells = _frame(shown.file)[["expression", "right", "answer", "correct", "confidence", "seen"]]
    st.dataframe(cells, hide_index=True, key="truth-list", alt="Every expression", selection_mode="single-row",
                 on_select=explore.rows_choose("truth-list", cells["expression"]))  # fmt: skip
    explore.chosen(models, expression)
    sections.in_python(CODE.format(path=shown.file.path))


def _wrong(shown):
    """How many are wrong, and which, where they are few."""
    evaluation = caches.whole_space(shown.file)[0]
    which = texts(evaluation.select(~evaluation.correct))
    named = f": {plain(', '.join(which))}" if 0 < len(which) <= MOST_NAMED else ""
    return f"**{plain(shown.name)}** has {len(which):,} of all {len(evaluation):,} wrong{named}."


@st.cache_resource(max_entries=80, show_spinner=False)
def frame(file, operation):
    """The cells of one operation, 1,000 of a rule, as one model answers them."""
    cells = _frame(file)
    return cells[cells["operation"] == operation].reset_index(drop=True)


@st.cache_resource(max_entries=16, show_spinner=False)
def _frame(file):
    evaluation, sides = caches.whole_space(file)
    space = space_of(caches.checkpoint(file))
    return pd.DataFrame({
        "expression": texts(evaluation),
        "operation": [space.names[operation] for operation in space.operations],
        **dict(zip("abc", space.numbers.T, strict=False)),
        "side": [SIDES[index] for index in sides],
        "seen": histories(caches.checkpoint(file), evaluation, sides),
        "right": space.targets - DIGITS[0],
        "answer": words(evaluation.predictions, evaluation.task),
        "confidence": evaluation.confidence,
        "correct": evaluation.correct,
    })  # fmt: skip


def _choose(key):
    """A click on a cell: it becomes the expression everywhere."""
    cells = st.session_state[key]["selection"].get(truth_map.CLICK) or []
    if cells:
        selection.show_expression(cells[0]["expression"])
