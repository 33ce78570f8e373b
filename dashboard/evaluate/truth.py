"""The truth map: all 5,000 expressions, right or wrong, sure or not, trained on or held out. A click chooses one."""

from functools import partial

import pandas as pd
import streamlit as st

from dashboard import caches, components, sections, selection
from dashboard.charts import certainty, truth_map
from dashboard.evaluate import explore
from dashboard.evaluate.asked import texts
from dashboard.history import histories
from dashboard.plain_text import plain
from tinyformer import OPERATIONS, expression_space
from tinyformer.evaluation.report import split_of
from tinyformer.task.datasets import SIDES
from tinyformer.task.vocabulary import DIGITS, VOCABULARY

NOBODY, MOST_NAMED = "nobody", 8
CODE = """\
from tinyformer import detokenize, load_checkpoint
from tinyformer.evaluation.report import whole_space
evaluation, sides = whole_space(load_checkpoint("{path}"))
wrong = evaluation.select(~evaluation.correct)
print(len(wrong), "of", len(evaluation), "wrong:", *map(detokenize, wrong.tokens), sep="\\n")"""
WIDTH = 460  # pixels of one operation: two side by side on a wide page
EXPLANATION = (
    "Each cell is one expression *operation ( a b c )*: the grid is the first number *a*, the row the second *b*, the "
    "column the third *c*. **Large squares** were kept out of training (held out, or validation), **small** ones were "
    "there to be trained on: the tooltip says how often each was drawn."
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
    figures = {operation: _figure(operation, names, first, second, expression) for operation in OPERATIONS}
    with st.container(horizontal=True, gap="small"):
        for operation, figure in figures.items():
            with st.container(width=WIDTH):
                st.markdown(f"**{plain(operation)} ( a b c )**")
                key = f"truth-{operation}"
                choose = partial(_choose, key)
                components.draw(figure, key=key, on_select=choose, selection_mode=[truth_map.CLICK])
        with st.container(width=WIDTH):
            _legend(names, first, second)
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


def _legend(names, first, second):
    """What the colors mean, and what to do."""
    if second == NOBODY:
        components.draw(certainty.scale(), key="truth-scale")
        st.markdown(_wrong(names[first]))
    else:
        states = truth_map.states_of(first, second)[1:]
        one, other = (caches.whole_space(names[name].file)[0].correct for name in (first, second))
        counts = [(one & ~other).sum(), (other & ~one).sum(), (~one & ~other).sum()]
        glyphs = [names[first].style.glyph, names[second].style.glyph, "✚"]
        st.markdown("  \n".join(
            f"{glyph} {plain(state)}: **{count:,}**" for glyph, state, count in zip(glyphs, states, counts, strict=True)
        ))  # fmt: skip
    st.caption(f"{EXPLANATION} **Click a cell**: it becomes the expression on every page.")


def _wrong(shown):
    """How many are wrong, and which, where they are few."""
    evaluation = caches.whole_space(shown.file)[0]
    which = texts(evaluation.select(~evaluation.correct))
    named = f": {plain(', '.join(which))}" if 0 < len(which) <= MOST_NAMED else ""
    return f"**{plain(shown.name)}** has {len(which):,} of all {len(evaluation):,} wrong{named}."


@st.cache_resource(max_entries=80, show_spinner=False)
def frame(file, operation):
    """The 1,000 cells of one operation, as one model answers them."""
    cells = _frame(file)
    return cells[cells["operation"] == operation].reset_index(drop=True)


@st.cache_resource(max_entries=16, show_spinner=False)
def _frame(file):
    evaluation, sides = caches.whole_space(file)
    data_seed, shares = split_of(caches.checkpoint(file))
    space = expression_space(data_seed=data_seed, shares=shares)
    a, b, c = space.numbers.T
    names = [OPERATIONS[operation] for operation in space.operations]
    return pd.DataFrame({
        "expression": [f"{name} ( {x} {y} {z} )" for name, x, y, z in zip(names, a, b, c, strict=True)],
        "operation": names,
        "a": a,
        "b": b,
        "c": c,
        "side": [SIDES[index] for index in sides],
        "seen": histories(caches.checkpoint(file).training, evaluation, sides),
        "right": space.targets - DIGITS[0],
        "answer": [VOCABULARY[token] for token in evaluation.predictions],
        "confidence": evaluation.confidence,
        "correct": evaluation.correct,
    })  # fmt: skip


def _choose(key):
    """A click on a cell: it becomes the expression everywhere."""
    cells = st.session_state[key]["selection"].get(truth_map.CLICK) or []
    if cells:
        selection.show_expression(cells[0]["expression"])
