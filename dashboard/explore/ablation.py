"""View Taken out: what is lost without a part, one by one, or without a set of one's own."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import background, works
from dashboard.sections import named
from tinyformer.interpret import MEASURES, REPLACEMENTS, beyond_guessing, guessing, heads_of, layers_of

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import ablate, heads_of
model, space = {model}, expression_space()
found = ablate(model, space, [[head] for head in heads_of(model.config)], replacement="{replacement}")
print(found.lost("{effect}"{held_out})[1:].round(4))  # a row for each head: over all, then by operation"""
WITHOUT, EFFECT, REPLACEMENT, ASKED = "without", "effect", "replacement", "asked"  # keys, and names in the URL
LABELS = 92  # pixels of the names beside a grid
UNITS = {"log-probability": ("nats", ".2f"), "logit difference": ("logits", ".2f"), "accuracy": ("points", ".1f")}
DONORS = (
    "Each expression has one donor, drawn at random: the losses are estimates, with a standard error of up to {}, "
    "whichever the column."
)


def draw(subjects, expression):
    effect, replacement, asked = choices(asked=True)
    singles = {subject.name: [*heads_of(subject.config), *layers_of(subject.config)] for subject in subjects}
    sets = [tuple((part,) for part in singles[one.name]) for one in subjects]
    done = background.gathered([works.ablation(*pair, replacement) for pair in zip(subjects, sets, strict=True)])
    found = {subject.name: one for subject, one in zip(subjects, done, strict=True)}
    rows = {subject.name: works.rows_asked(subject, asked) for subject in subjects}
    unit, form = UNITS[effect]
    lost = {name: one.lost(effect, rows[name])[1:] * (100 if unit == "points" else 1)
            for name, one in found.items()}  # fmt: skip
    reach = max(np.abs(np.nan_to_num(values)).max() for values in lost.values()) or 1.0  # of a side that may be empty
    st.header("One part taken out", anchor=False)
    st.caption(f"How much lower the {effect} is without it, in {unit}, on {asked}. Below 0: higher without it.")
    for subject, column, width in components.side_by_side(subjects, lambda subject: subject.note):
        with column:
            one = found[subject.name]
            told_if_guessing(one.mean("accuracy")[0, 0], subject.space)
            names = ("part", "operation", f"lost {unit}")
            parts = [*map(str, singles[subject.name])]
            figure = _by_operation(
                lost[subject.name], parts, one.names, names, width, height=24, reach=reach, form=form
            )
            components.draw(figure, key=f"lost-{subject.name}-{len(subjects)}")
            if replacement == "resampled":
                errors = one.uncertainty(effect, rows[subject.name])[1:] * (100 if unit == "points" else 1)
                most = np.ceil(100 * np.nan_to_num(errors).max()) / 100  # a bound is not rounded down
                st.caption(DONORS.format(f"{most:.2f} {unit}"))
    components.how_to_read(
        "**Logit difference**: the right answer's logit minus the best other one's. **Log-probability**: of the right "
        "answer. **Accuracy** stands near its ceiling in a trained model, and hardly moves before much is broken.\n\n"
        "**mean**: the part writes its mean over all expressions at that position, so what is lost is what it does "
        "beyond that. **resampled**: it writes what it wrote for another expression, drawn at random. **zero**: it "
        "writes nothing, which no later part has ever seen.\n\n"
        "A head's output is replaced before the output projection; a whole layer with its bias. That one head is not "
        "missed does not mean that it does nothing: others may do the same. *Subsets* takes that into account.\n\n"
        + told_of_space(subjects)
    )
    st.header("A set of your own", anchor=False)
    _own_set(subjects, replacement, effect, rows)


def choices(asked=False):
    """Draw the controls of what is measured; return (effect, replacement, which expressions)."""
    with st.container(horizontal=True, gap="medium"):
        effect = named("Measured by", MEASURES, EFFECT, start=MEASURES.index("logit difference"))
        help = "The part's mean output, its output for another expression, or 0."
        replacement = named("What stands in its place", REPLACEMENTS, REPLACEMENT, help=help)
        kinds = (works.EVERYTHING, works.HELD_OUT)
        return effect, replacement, named("On", kinds, ASKED) if asked else kinds[0]


def told_of_space(subjects):
    """Which expressions were asked: of one length, though a model may answer others."""
    lengths = " or ".join(f"{length:d}" for length in sorted({subject.task.space_length for subject in subjects}))
    return (
        f"Asked were all expressions of {lengths} numbers that there are, or all of them that are held out: counted, "
        "without intervals. Only *resampled* estimates: other donors would give other losses."
    )


def told_if_guessing(accuracy, space):
    """A word where a model knows nothing that could be lost; whether that is so."""
    if beyond_guessing(accuracy, space):
        return False
    st.info(
        f"Right on {accuracy:.1%} of all expressions; the best constant answer to each operation on "
        f"{guessing(space).mean():.1%}. There is nothing it knows, and so nothing that a part does for it."
    )
    return True


def _by_operation(values, rows, operations, names, width, **looks):
    """values (R, 1 + O), over all and by operation, as a Figure."""
    short = [name if len(name) < 6 else f"{name[:3]}." for name in operations]  # "Second" is wider than a cell
    cell = min(44, (width - LABELS) // (1 + len(short)))
    told = ("all", *operations)
    return grid.grid(values, rows, ["all", *short], told_columns=told, names=names, cell=cell, signed=True, **looks)


def _own_set(subjects, replacement, effect, rows):
    largest = max(subjects, key=lambda subject: len(heads_of(subject.config)))
    names = {str(part): part for part in (*heads_of(largest.config), *layers_of(largest.config))}
    if WITHOUT in st.session_state:
        st.session_state[WITHOUT] = [name for name in st.session_state[WITHOUT] if name in names]
    chosen = st.multiselect(
        "Take out together", list(names), key=WITHOUT, bind="query-params", placeholder="Heads and layers"
    )
    if not chosen:
        st.caption("Choose some heads or layers to see what is left.")
        return
    inside = {one.name: {*heads_of(one.config), *layers_of(one.config)} for one in subjects}
    sets = [(tuple(names[name] for name in chosen if names[name] in inside[one.name]),) for one in subjects]
    done = background.gathered([works.ablation(*pair, replacement) for pair in zip(subjects, sets, strict=True)])
    unit, form = UNITS[effect]
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects)):
        table = done[place].mean(effect, rows[subject.name]) * (100 if unit == "points" else 1)
        names, reach = ("which", "operation", effect), np.abs(np.nan_to_num(table)).max() or 1.0
        operations = done[place].names
        figure = _by_operation(
            table, ["intact", "without"], operations, names, width, height=28, reach=reach, form=form
        )
        with column:
            components.draw(figure, key=f"own-{subject.name}-{len(subjects)}")
    components.how_to_read(
        f"The {effect} of the right answer, of the intact model and of what is left of it without the chosen parts. "
        "Parts that can each be spared may not be spared together."
    )
