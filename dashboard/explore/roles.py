"""View Roles: what a head looks at, over all expressions, and what it is therefore called."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import works
from dashboard.explore.names import head_name
from dashboard.explore.subjects import rows_that_answer
from dashboard.plain_text import plain
from dashboard.sections import named
from tinyformer.interpret import role_shares
from tinyformer.interpret.roles import NO_ROLE
from tinyformer.task.task import DEFAULT_TASK

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import role_shares, space_patterns
model = {model}
found = role_shares(space_patterns(model, expression_space()))
print(found.roles, *(layer.mean(axis=(1, 2)).round(3) for layer in found.shares), sep="\\n")  # heads × roles"""
ALL, READ = "all operations", "all rows that are read"
SHORT = {"operation": "op", "largest": "max", "smallest": "min", "answer": "ans", "itself": "self"}


def draw(subjects, expression):
    names = list(dict.fromkeys(name for subject in subjects for name in subject.space.names))
    rows = max(subject.space.tokens.shape[1] for subject in subjects)
    with st.container(horizontal=len(names) <= len(DEFAULT_TASK.names), gap="medium"):  # else there is no room
        operation = named("Operation", [ALL, *names], "operation", plain)
        options = [READ, *map(str, range(1, rows + 1))]
        row = named("Token that looks", options, "row", help=rows_that_answer(subjects))
    patterns, nulls = works.patterns_and_nulls(subjects)
    shares = [role_shares(some) for some in patterns]
    st.caption("The share of a head's attention that falls on each role, over all expressions that it is asked.")
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        levels = [nulls[place].role_levels(layer) for layer in range(subject.config.num_layers)]
        with column:
            if operation not in (ALL, *shares[place].names):
                st.caption(f"The model {plain(subject.name)} does not know {plain(operation)}.")
                continue
            _one(subject, shares[place], levels, operation, row, (width - 66, len(subjects)))
    components.how_to_read(
        "The first columns are places (operation, bracket, the numbers in order, bracket) and share out all "
        "attention. **max**, **min** and **ans** are what stands there: every number that is the largest, the "
        "smallest, or the answer; **self** is the token that looks. They overlap with the places. Of First, "
        "Second and Last, **ans** is the number at that place alone; an operation that computes its answer has no "
        "**ans**. Attention that is even would give each place of six tokens 0.17.\n\n"
        f"{rows_that_answer(subjects)} Layers before the last are read at all rows; – is a row that nobody "
        "reads. A head has a role for an operation if the role gets at least half of its attention, mean over the rows "
        "that are read, and more than heads of twenty untrained models of the same shape give it: their mean plus six "
        f"standard deviations. **{NO_ROLE}** says that no role does. That a head looks somewhere does not say that it "
        "matters: see *Taken out*."
    )


def _one(subject, found, levels, operation, row, room):
    """One model's shares and names."""
    heads = [(layer, head) for layer, some in enumerate(found.shares) for head in range(len(some))]
    names = [head_name(layer, head) for layer, head in heads]
    called = [found.name(layer, head, levels[layer]) for layer, head in heads]
    values = np.concatenate([_chosen(some, found.names, operation, row) for some in found.shares])
    columns = [SHORT.get(role, role.removeprefix("number ")) for role in found.roles]
    figure = grid.grid(
        values, names, columns, names=("head", "role", "share"), cell=min(40, room[0] // len(columns)), height=24,
        told_columns=found.roles, told_rows=[f"{name}, {kind}" for name, kind in zip(names, called, strict=True)],
    )  # fmt: skip
    components.draw(figure, key=f"roles-{subject.name}-{room[1]}")
    unbroken = [name.replace(" ", "\u00a0") for name in names]
    lines = [f"| {name} | {plain(kind)} |" for name, kind in zip(unbroken, called, strict=True)]
    st.markdown("\n".join(["| head | in short |", "|---|---|", *lines]))


def _chosen(shares, names, operation, row):
    """A layer's shares (H, O, R, roles) → (H, roles): of the operation and the row, nan where that is not read."""
    shares = shares.mean(axis=1) if operation == ALL else shares[:, names.index(operation)]
    if row == READ:
        return shares.mean(axis=1)
    return shares[:, int(row) - 1] if int(row) <= shares.shape[1] else np.full(shares[:, 0].shape, np.nan)
