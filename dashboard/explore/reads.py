"""View QK and OV: which token a head would look at, and what it says of the token that it looks at, by its weights."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from tinyformer.interpret import heads_of
from tinyformer.interpret.head_circuits import head_circuits
from tinyformer.task.vocabulary import CLOSE, DIGITS, OPEN

RECIPE = """\
from tinyformer import load_checkpoint
from tinyformer.interpret.head_circuits import head_circuits
found = head_circuits({model}, *{head}, positions={tokens})
print(found.qk[{names}, 2:12].round(1), found.places[{names}].round(1))  # the operations would look at 0 … 9, at places
print(found.ov[2:12, 2:12].round(1), found.told)  # a digit that is looked at speaks for 0 … 9"""
READ, HEAD = (*DIGITS, OPEN, CLOSE), "read_head"


def draw(subjects, expression):
    heads = {str(head): head for subject in subjects for head in heads_of(subject.config)}
    name = st.selectbox("Head", sorted(heads, key=heads.get), key=HEAD, bind="query-params")
    T = len(expression.tokens)
    for subject, column, width in components.side_by_side(subjects, lambda one: one.note):
        with column:
            if heads[name] not in heads_of(subject.config):
                st.info(f"It has no {name}.")
                continue
            found = head_circuits(subject.model, heads[name].layer, heads[name].head, T)
            task = subject.task
            digits = [task.vocabulary[token] for token in DIGITS]
            words, places = [task.vocabulary[token] for token in READ], range(1, T + 1)
            by_token, by_place = found.qk[np.ix_(task.name_ids, READ)], found.places[task.name_ids]
            reach = max(np.abs(by_token).max(), np.abs(by_place).max())  # they are added
            speaks = found.ov[np.ix_(DIGITS, DIGITS)]
            turned = len(READ) < T
            figures = [
                _grid("QK: score by token", by_token, task.names, words, width, reach),
                _grid("QK: score by place", by_place.T if turned else by_place,
                      places if turned else task.names, task.names if turned else places, width, reach),
                _grid("OV: what a digit speaks for", speaks, digits, digits, width, np.abs(speaks).max()),
            ]  # fmt: skip
            for place, figure in enumerate(figures):
                components.draw(figure, key=f"reads-{place}-{subject.name}-{len(subjects)}")
            st.caption(found.told)
    components.how_to_read(
        "Computed from the weights alone, for no expression. QK: the score that the operation, in the first row, would "
        "give to a token, and to the place where it stands. Only in layer 1 of a post-norm model is a score their sum, "
        "but for a constant of the row: elsewhere norms divide before the head, and later layers also read what "
        "earlier ones wrote. Only differences within a row count. OV: what a digit that is looked at adds to the logit "
        "of each digit, on the way past all later parts: a bright diagonal copies. Of the norms, centering and γ are "
        "folded in; what they divide by depends on the row and is left out."
    )


def _grid(title, values, rows, columns, width, reach):
    return grid.grid(
        values, rows, columns, title=title, signed=True, reach=max(float(reach), 1e-6), names=("of", "for", "score"),
        cell=max(9, min(30, (width - 64) // len(columns))), height=22, form=".1f",
    )  # fmt: skip
