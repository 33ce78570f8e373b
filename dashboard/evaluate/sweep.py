"""A sweep: the same training from many seeds. Is seed 42 lucky?"""

import os

import streamlit as st

from dashboard import components, selection
from dashboard.charts import distribution
from dashboard.charts.bars import percent
from dashboard.evaluate import sweep_tables
from dashboard.plain_text import plain
from tinyformer.evaluation.intervals import wilson_interval
from tinyformer.sweeps.summary import held_out, trained
from tinyformer.sweeps.table import (
    ENTROPY,
    OPERATIONS_COLUMN,
    PROBLEM,
    SETTINGS,
    SweepTableError,
    read_sweep,
    shown_name,
    sweep_files,
)

FAMOUS = 42
COMMAND = "python -m tinyformer sweep --seeds 1-32"


def draw():
    """Choose a table and a seed; then its place among the others."""
    files = sweep_files()
    if not files:
        st.info(f"No sweep has been made yet. This makes one: `{COMMAND}`")
        return
    with st.container(horizontal=True, gap="medium"):
        problems = {name: problem for name, path in files.items() if (problem := _problem(path))}
        first = next((place for place, name in enumerate(files) if name not in problems), 0)
        name = st.selectbox(
            "Sweep", selection.with_asked("sweep", files), index=first, key="sweep", bind="query-params", width=360,
            format_func=lambda name: f"{name} (damaged)" if name in problems else name,
        )  # fmt: skip
        if name not in files:
            st.error(f"There is no sweep {plain(name)} here. Choose another one.")
            return
        if name in problems:
            st.error(f"{plain(problems[name])}. Choose another one.")
            return
        rows = _read(*_state(files[name]))
        done = trained(rows)
        seeds = [str(row["seed"]) for row in done]
        place = seeds.index(str(FAMOUS)) if str(FAMOUS) in seeds else 0
        asked = st.selectbox("Seed", seeds, index=place, key="seed", bind="query-params", width=170)
    if problems:
        st.caption(f"Damaged, and not shown: {'; '.join(map(plain, problems.values()))}.")
    st.caption(plain(_settings(rows)))
    if len(done) < len(rows):
        st.warning(
            "Did not end: "
            + "; ".join(plain(f"seed {row['seed']}: {row['problem']}") for row in rows if row.get(PROBLEM))
        )
    if not done:
        return
    _charts(done, int(asked))
    look = {"hide_index": True, "placeholder": ""}
    steps = sweep_tables.steps(done, int(asked))
    if len(steps) > 1:  # a table that was made before these figures were kept has the first row only
        st.dataframe(steps, key="sweep-steps-table", alt=sweep_tables.GOAL, width="content", **look)
    frame = sweep_tables.seeds(rows)
    headings = sweep_tables.headings(frame)
    st.dataframe(frame, key="sweep-table", alt="All seeds", column_config=headings, **look)
    st.caption(f"Make one of your own, with any of the training's settings: `{COMMAND} --epochs 10`")


def _settings(rows):
    """What the seeds have in common, in words."""
    if len({tuple(row[name] for name in SETTINGS if name != "seed") for row in rows}) > 1:
        return f"{len(rows)} seeds, which were trained with several settings: what differs need not be luck."
    first = rows[0]
    return (
        f"{len(rows)} seeds, each trained on {first['num_examples']:,} draws for {first['epochs']} epochs, with a "
        f"learning rate of {first['learning_rate']:g}. All have {first['parameters']:,} parameters, the same data and "
        "the same held-out side."
        + (f" Operations: {first[OPERATIONS_COLUMN]}." if first.get(OPERATIONS_COLUMN) else "")
    )


def _charts(rows, asked):
    seeds = [row["seed"] for row in rows]
    accuracy = [row["test_correct"] / row["test_total"] for row in rows]
    steps = [row["steps_to_99"] for row in rows]
    own = seeds.index(asked)
    st.markdown(verdict(asked, accuracy, steps, own))
    right = held_out(rows)
    correct, total = rows[own]["test_correct"], rows[own]["test_total"]
    low, high = wilson_interval(correct, total)
    st.caption(
        f"{correct:,} right of {total:,} held out: 95% interval {low:.1%} to {high:.1%}. "
        f"All seeds: mean {percent(right.mean)} held out, worst {percent(right.worst)} (seed {right.worst_seed:d})."
    )
    with st.container(horizontal=True, gap="small"):
        with st.container(width=430):
            title = "Held-out accuracy of each seed"
            components.draw(
                distribution.dots(accuracy, seeds, asked, title, "accuracy", percent=True), key="sweep-accuracy"
            )
        with st.container(width=430):
            components.draw(distribution.dots(steps, seeds, asked, sweep_tables.GOAL, "steps"), key="sweep-steps")
    if heads := entropies(rows):
        components.draw(distribution.heads(heads, asked), key="sweep-heads", stretch=True)
    components.how_to_read(
        "A dot is one seed: other first weights, another order of the same examples. What differs between them is "
        "luck; what they share they may owe to the data, which one data seed has drawn and split. *Steps until 99%* "
        "are those of the first look at which 99% of the validation side were right, of all expressions or of those "
        "of one operation, a look being every 25 steps. Below, each tick is one head of one seed: the normalized "
        "entropy of the rows that are read, over the held-out side. If the layers form two groups in every seed, focus "
        "is a matter of the layer."
    )


def verdict(seed, accuracy, steps, own):
    """Where a seed stands among the others, in words."""
    better = sum(value < accuracy[own] for value in accuracy)
    equal = sum(value == accuracy[own] for value in accuracy) - 1
    others = len(accuracy) - 1
    text = (
        f"**Seed {seed:d}** has {percent(accuracy[own])} held out: "
        f"better than {better} of {others} others, equal to {equal}. "
    )
    if steps[own] is None:
        return text + "It never reached 99%."
    faster = sum(value is None or value > steps[own] for value in steps)
    alike = steps.count(steps[own]) - 1
    return text + f"It reached 99% after {steps[own]:,} steps: faster than {faster} of {others}, as fast as {alike}."


def entropies(rows):
    """(seed, layer, head, entropy) of every head in the table."""
    return [
        (row["seed"], *map(int, ENTROPY.fullmatch(name).groups()), value)
        for row in rows
        for name, value in row.items()
        if ENTROPY.fullmatch(name) and value is not None
    ]


def _problem(path):
    """What is wrong with a table, or None."""
    try:
        return _read_problem(*_state(path))
    except OSError as error:  # it is gone
        return f"{shown_name(path.name)} cannot be read: {error.strerror}"


def _state(path):
    """The file in bytes, as not every name is text, and what tells that it is not the one that was read before."""
    status = path.stat()
    return os.fsencode(path), status.st_mtime_ns, status.st_size, status.st_ino


@st.cache_data(max_entries=1_000, show_spinner=False)
def _read_problem(path, *state):
    try:
        _read(path, *state)
    except SweepTableError as error:
        return str(error)
    return None


@st.cache_data(max_entries=16, show_spinner=False)
def _read(path, *state):
    return read_sweep(os.fsdecode(path))
