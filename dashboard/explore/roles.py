"""Section Roles: what a head looks at, over all expressions, and what it is therefore called."""

import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import results
from dashboard.explore.names import head_name
from dashboard.plain_text import plain
from tinyformer import OPERATIONS

ALL = "all five"
SHORT = {"operation": "op", "largest": "max", "smallest": "min", "answer": "ans"}


def draw(subjects, expression):
    operation = st.segmented_control(
        "Operation", [ALL, *OPERATIONS], default=ALL, required=True, key="operation", bind="query-params"
    )
    st.caption("The share of the first token's attention that falls on each role, over all 5,000 expressions.")
    for subject, column, width in components.side_by_side(subjects, lambda subject: subject.note):
        found = results.roles(subject.source, subject.model)
        shares = found.shares.mean(axis=2) if operation == ALL else found.shares[:, :, OPERATIONS.index(operation)]
        L, H, R = shares.shape
        heads = [head_name(layer, head) for layer in range(L) for head in range(H)]
        called = [found.name(*divmod(place, H)) for place in range(L * H)]
        columns = [SHORT.get(role, role.removeprefix("number ")) for role in found.roles]
        figure = grid.grid(
            shares.reshape(L * H, R), heads, columns, names=("head", "role", "share"),
            cell=min(40, (width - 32) // R), height=24, told_columns=found.roles,
            told_rows=[f"{name}, {kind}" for name, kind in zip(heads, called, strict=True)],
        )  # fmt: skip
        names = [f"| {name} | {plain(kind)} |" for name, kind in zip(heads, called, strict=True)]
        with column:
            components.draw(figure, key=f"roles-{subject.name}-{len(subjects)}")
            st.markdown("\n".join(["| head | is called |", "|---|---|", *names]))
    components.how_to_read(
        "The first columns are places (operation, bracket, the numbers in order, bracket) and share out all "
        "attention. Head 1.2 is the second of the first layer. "
        "**max**, **min** and **ans** are what stands there: every number that is the largest, the smallest, or the "
        "answer; they overlap with the places. Attention that is even would give each place of six tokens 0.17.\n\n"
        "A head is named after the role that gets at least half of its attention, averaged over the operations, and "
        "exceeds even attention by most; a role by content must get half for every operation. Failing that: **looks "
        "everywhere** from a mean entropy of 0.8; else the role that gets half for the most operations; else **mixed**."
    )
