"""The two tables of a sweep: how soon the seeds reached 99 %, and all seeds with what became of them."""

import pandas as pd
import streamlit as st

from tinyformer.sweeps.summary import steps_to_goal
from tinyformer.sweeps.table import ENTROPY, STEPS, operations_of

GOAL = "Steps until 99% of validation"
WORDS = {  # of the file's columns
    STEPS: "steps to 99%",
    "best_step": "best step",
    "test_correct": "held out: right",
    "test_total": "of",
    "test_loss": "loss",
    "all_correct": "right of all",
    "all_total": "of",
}


def steps(rows, asked):
    """How soon the seeds reached 99% of all expressions and of each operation, beside the seed `asked`."""
    own, columns = next(row for row in rows if row["seed"] == asked), operations_of(rows)
    return pd.DataFrame(
        [
            {
                GOAL.lower(): "all expressions" if one.what == "all" else one.what,
                f"seed {asked}": own.get(columns.get(one.what, STEPS)),
                "fastest seed": one.fastest,
                "median": one.median,
                "slowest": one.slowest,
                "seeds that never did": one.never,
            }
            for one in steps_to_goal(rows)
        ]
    )


def seeds(rows):
    """What a reader of the table wants, without the settings that all share."""
    frame = pd.DataFrame(rows)
    same = [name for name in frame if frame[name].nunique(dropna=False) == 1 and name not in ("seed", "test_total")]
    return frame.drop(columns=same).round({name: 3 for name in frame if ENTROPY.fullmatch(name)})


def headings(frame):
    """What the columns of the table are called on the page."""
    words = {name: f"{WORDS[STEPS]}, {operation}" for operation, name in operations_of([dict(frame)]).items()} | WORDS
    named = {name: st.column_config.Column(word) for name, word in words.items() if name in frame}
    named["test_loss"] = st.column_config.NumberColumn(
        WORDS["test_loss"], format="%.2g", help="Held out: mean cross-entropy in nats"
    )
    for name in filter(ENTROPY.fullmatch, frame):
        layer, head = ENTROPY.fullmatch(name).groups()
        text = "Normalized entropy of the rows that are read: 0 one token, 1 all alike"
        named[name] = st.column_config.NumberColumn(f"entropy {layer}.{head}", help=f"Head {layer}.{head}. {text}")
    return named
