"""View Focus: how evenly each head looks, for this expression; and whether operations differ in it, on all of them."""

from itertools import compress

import numpy as np
import streamlit as st

from dashboard import components, questions
from dashboard.charts import differences, grid
from dashboard.charts import focus as focus_chart
from dashboard.explore import results, works
from dashboard.explore.heatmaps import pattern_of
from dashboard.explore.names import head_name
from dashboard.explore.subjects import rows_that_answer
from dashboard.plain_text import plain
from dashboard.sections import named
from tinyformer import normalized_entropy
from tinyformer.interpret import FIRST, READ, focus
from tinyformer.interpret.nulls import NOTICEABLE
from tinyformer.interpret.roles import asks_for_content, asks_for_place

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import focus, space_patterns
model = {model}
found = focus(space_patterns(model, expression_space()), "{rows}")
print(found.per_operation.round(3), found.difference.round(3), found.explained, sep="\\n")"""
ROWS_FIRST, ROWS_READ = "first token's row", "all rows that are read"
ROWS = {ROWS_FIRST: FIRST, ROWS_READ: READ}
MEASURES = {"normalized entropy": ("entropy", ".2f"), "effective number of tokens": ("effective", ".1f")}


def draw(subjects, expression):
    rows = named("Measured on", list(ROWS), "rows", help=rows_that_answer(subjects))
    knowing = questions.who_knows(subjects, expression)
    points = [point for subject in knowing for point in _points(subject, expression, rows)]
    looks = [subject.looks for subject in knowing]
    components.draw(focus_chart.focus(points, looks, len(expression.tokens)), key="focus", stretch=True)
    components.how_to_read(
        "Each mark is one head of one model. Entropy measures how spread a row of weights is. Divided by the "
        "logarithm of the number of tokens it lies between 0 (one token) and 1 (all alike), for short and long "
        "expressions. Its exponential, before the division, is the *effective number of tokens*, the second line of "
        "the scale: as many tokens, looked at alike, have that entropy. Point at a mark to see its numbers."
    )
    kinds = {subject.name: _kinds(subject) for subject in subjects}
    told_of = next((kinds[one.name] for one in subjects if all(kinds[one.name])), None)
    st.header(
        f"{plain(_and(told_of[0]))} against {plain(_and(told_of[1]))}" if told_of else "Operation by operation",
        anchor=False,
    )
    patterns, nulls = works.patterns_and_nulls(subjects)
    evidence = [focus(some, ROWS[rows]) for some in patterns]
    fitting = [told_of is not None and kinds[subject.name] == told_of for subject in subjects]
    if any(fitting):
        _contrast(*(list(compress(all_of, fitting)) for all_of in (subjects, evidence, nulls)), ROWS[rows], told_of)
    if left := [subject.name for subject, fits in zip(subjects, fitting, strict=True) if not fits]:
        st.caption(
            f"Not in this comparison: {', '.join(map(plain, left))}. "
            "It takes operations that ask for a place, as First does, and operations that ask for a size, as Max does; "
            "every model has to know the same ones."
        )
    _tables(subjects, patterns, evidence, ROWS[rows])


def _kinds(subject):
    """(its operations that ask for a size, those that ask for a place)."""
    names = subject.space.names
    return tuple(filter(asks_for_content, names)), tuple(filter(asks_for_place, names))


def _and(names):
    """Names in words; they are those of built-in operations."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _contrast(subjects, evidence, nulls, rows, kinds):
    """Whether the heads look more evenly for operations that ask for a size, layer by layer, against untrained ones."""
    sizes, places = map(_and, kinds)
    looks = [subject.looks for subject in subjects]
    levels = [some.focus_levels(rows) for some in nulls]
    untrained = nulls[0].differences[rows]
    for layer in range(max(len(one.difference) for one in evidence)):
        having = [(one.difference[layer], limits[layer]) for one, limits in zip(evidence, levels, strict=True)
                  if layer < len(limits)]  # fmt: skip
        null = np.concatenate([some.differences[rows][layer] for some in nulls if layer < len(some.excess)])
        st.markdown(told(layer, having, null, sizes))
    marks = [
        (subject.name, layer, head, one.difference[layer, head])
        for subject, one in zip(subjects, evidence, strict=True) for layer, head in np.ndindex(one.difference.shape)
    ]  # fmt: skip
    components.draw(differences.differences(marks, untrained, levels[0], looks), key="differences", stretch=True)
    components.how_to_read(
        "On all expressions that they are asked, counted and not estimated. To the right: the head looks more "
        f"evenly for {plain(sizes)} than for {plain(places)}; to the left: more narrowly. Both directions are "
        f"judged alike, by the grey strokes: {NOTICEABLE} is worth a word, and the longer ones are what heads of "
        "twenty untrained models of the first model's shape (the grey marks) do not reach: six standard deviations "
        "of theirs.\n\n"
        "The share of the variance says how much of all differences in entropy the layer alone, the operation alone, "
        "or both together account for. What both together have beyond the sum of the two is how far operations differ "
        "in another way in each layer."
    )


def told(layer, having, untrained, sizes="Max and Min"):
    """What the heads of a layer do, in a sentence. having: [(differences of a model's heads, its level)]."""
    heads = np.concatenate([some for some, _ in having])
    if np.isnan(heads).any():
        return f"**Layer {layer + 1}**: the operations are all of one kind."
    more, less = ((sign * heads >= NOTICEABLE).sum() for sign in (1, -1))
    null = [(sign * untrained >= NOTICEABLE).mean() for sign in (1, -1)]
    beyond = [sum(int((sign * some >= limit).sum()) for some, limit in having) for sign in (1, -1)]
    return (
        f"**Layer {layer + 1}**: for {plain(sizes)}, {more} of {len(heads)} heads look more evenly by at least "
        f"{NOTICEABLE}, {less} more narrowly (of untrained heads {null[0]:.0%} and {null[1]:.0%}). Further than "
        f"untrained heads go: {beyond[0]} and {beyond[1]}."
    )


def _points(subject, expression, rows):
    """The rows of the focus chart for one expression."""
    entropy = normalized_entropy(pattern_of(results.of_expression(subject, expression), subject.config))  # (L, H, T)
    points = []
    for layer, head in np.ndindex(entropy.shape[:2]):
        last = layer == subject.config.num_layers - 1 and subject.config.pooling == "first"
        read = slice(1) if last or rows == ROWS_FIRST else slice(None)
        points.append((subject.name, head_name(layer, head), float(entropy[layer, head, read].mean())))
    return points


def _tables(subjects, patterns, evidence, rows):
    """Each model's mean of every head for every operation."""
    measure = named("In the table", list(MEASURES), "measure")
    attribute, form = MEASURES[measure]
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        some, shares = patterns[place], evidence[place].explained
        means = some.per_operation(getattr(some, attribute)(rows))  # (L, H, O)
        names = [head_name(layer, head) for layer, head in np.ndindex(means.shape[:2])]
        figure = grid.grid(
            means.reshape(len(names), -1), names, some.space.names, names=("head", "operation", f"mean {attribute}"),
            cell=min(42, (width - 66) // len(some.space.names)), height=22, title=f"Mean {measure}", form=form,
            reach=1 if attribute == "entropy" else some.space.tokens.shape[1],
        )  # fmt: skip
        with column:
            components.draw(figure, key=f"entropies-{subject.name}-{len(subjects)}")
            if len(set(np.bincount(some.space.operations))) > 1:  # the shares are of operations equally frequent
                continue
            st.caption(
                f"Of the variance of the entropy, the layer alone explains {shares['layer']:.0%}, the operation alone "
                f"{shares['operation']:.0%}, the two together {shares['layer and operation']:.0%}."
            )
