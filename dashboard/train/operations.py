"""What is learned: built-in operations, some that one writes oneself, a table. All but the table are in the link."""

from functools import lru_cache

import streamlit as st

from dashboard import components, selection
from dashboard.charts import lab_lines
from dashboard.charts.bars import percent
from dashboard.plain_text import plain
from tinyformer.evaluation.preview import preview
from tinyformer.task.formula import FormulaError
from tinyformer.task.operations import BUILT_IN, Operation, OperationError, entries
from tinyformer.task.tables import read_table
from tinyformer.task.task import MOST_OPERATIONS, OPERATIONS, Task

BUILT, NAME, RULE, WRITTEN = KEYS = ("ops", "name", "rule", "rules")  # of the widgets, and names in the link
OPEN, FILE, KEPT = "operations", "_table", "_table_kept"
EXAMPLES = {
    "Ends": "(x[0] + x[-1]) % 10",
    "Larger": "x[0] if x[0] > x[1] else x[1]",
    "Mean": "sum(x) // n",
    "Rises": "x == sorted(x)",
    "Next": "(x[-1] + 1) % 10",
}
LANGUAGE = (
    "`x` are the numbers, `n` is how many: `x[0]` is the first, `x[-1]` the last. There are `+ - * // % **`, "
    "comparisons, `and or not`, `a if b else c`, `x[i:j]`, and sum, max, min, sorted, len, abs. What comes out has to "
    "be a digit, whatever the numbers are, from two of them on: the third is `x[2] if n > 2 else x[-1]`."
)
TABLE = (
    "One expression and its answer on each line, such as `Odd(5,3,9),1`. Names and answers are your own; what is in no "
    "line is never asked. A table is not part of the link."
)


def draw():
    """The choice → what it sets of a TrainingConfig: {} for the five that the models that ship know, None if wrong."""
    if OPEN not in st.session_state:  # what a link sets should be seen
        st.session_state[OPEN] = any(key in st.query_params for key in KEYS)
    with st.expander("Operations", key=OPEN, on_change="rerun"):
        chosen = st.pills(
            "Built in", BUILT_IN, selection_mode="multi", default=OPERATIONS, key=BUILT, bind="query-params",
            help="A model learns all that are chosen, and knows no other.",
        )  # fmt: skip
        own, wrong = _written()
        table, refused = _table()
    for problem in filter(None, (wrong, refused)):
        st.error(plain(problem))
    if wrong or refused:
        return None
    built_in = [Operation(name) for name in BUILT_IN if name in chosen]
    try:
        task = Task((*built_in, *own, *table))
    except OperationError as error:
        st.error(plain("Choose an operation" if not (built_in or own or table) else error))
        return None
    st.caption(f"It learns {plain(', '.join(task.names))}.")
    ends = sorted(length for operation in task.listed for length in operation.lengths)
    numbers = {"num_args": ends[0] if ends[0] == ends[-1] else (ends[0], ends[-1])} if ends else {}
    return numbers | ({} if task.names == OPERATIONS else {"operations": task.operations})


def _written():
    """Fields for one that is written, and those that were → (Operations, what is wrong with them or "")."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        name = st.text_input("One of your own: its name", key=NAME, max_chars=40, width=200, bind="query-params")
        rule = st.text_input("and its rule", key=RULE, max_chars=400, width=330, bind="query-params",
                             placeholder="max(x) - min(x)", help=LANGUAGE)  # fmt: skip
        ready = bool(name.strip() and rule.strip())
        st.button("And another one", on_click=_keep, disabled=not ready, help="Keeps this one, and empties the fields.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("For example", width="content")
        for example, text in EXAMPLES.items():
            st.button(f"{example} = {plain(text)}", key=f"example-{example}", type="tertiary", on_click=_fill,
                      args=(example, text))  # fmt: skip
    lines = selection.with_asked(WRITTEN, ())[:MOST_OPERATIONS]
    if lines:
        lines = st.multiselect("Written before", lines, key=WRITTEN, bind="query-params")
    found = []
    try:
        for line in lines:
            found.append(_operation(*line.partition("=")[::2]))
        if rule.strip():
            found.append(_operation(name, rule))
            _show(found[-1], "written")
    except (OperationError, FormulaError) as error:
        return found, str(error)
    return found, "" if rule.strip() or not name.strip() else f"{name} has no rule yet"


def _keep():
    """Callback: what stands in the fields joins those that were written before."""
    line = f"{st.session_state[NAME].strip()}={st.session_state[RULE].strip()}"
    st.session_state[WRITTEN] = list(dict.fromkeys([*st.session_state.get(WRITTEN, ()), line]))
    _fill("", "")


def _fill(name, rule):
    """Callback of an example."""
    st.session_state[NAME], st.session_state[RULE] = name, rule


def _table():
    """A file, kept while one looks at other pages → (Operations, what is wrong with it or "")."""
    st.file_uploader("Or a table: a CSV of expressions and answers", ["csv", "tsv", "txt"], key=FILE, help=TABLE,
                     on_change=_take)  # fmt: skip
    if KEPT not in st.session_state:
        return (), ""
    name, content = st.session_state[KEPT]
    table = _read(content)
    if complaint := table.complaint():
        st.button(f"Do without {plain(name)}", on_click=_drop)
        return (), f"{name}: {complaint}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        names = ", ".join(operation.name for operation in table.operations)
        twice = f"; lines that repeat one: {table.repeated:,}" if table.repeated else ""
        st.markdown(
            f"**{plain(name)}** has {table.expressions:,} expressions of {plain(names)}{twice}.", width="content"
        )
        st.button("Remove", on_click=_drop, type="tertiary")
    _show(Task(table.operations), "table")
    return table.operations, ""


def _take():
    """Callback: a file was chosen, or taken away."""
    file = st.session_state[FILE]
    if file is None:
        _drop()
    else:
        st.session_state[KEPT] = (file.name, file.getvalue())


def _drop():
    st.session_state.pop(KEPT, None)


@st.cache_data(max_entries=4, show_spinner="Reading the table …")
def _read(content):
    return read_table(content)


def table_text(operation):
    """The table of an Operation as a file that says the same."""
    rows = entries(operation.rule).items()
    return "".join(f"{operation.name}({' '.join(map(str, numbers))}),{answer}\n" for numbers, answer in rows)


@lru_cache(maxsize=64)
def _operation(name, rule):
    """Proved once: a rule is tried on 12,100 inputs."""
    return Operation.of_formula(name, rule)


_preview = lru_cache(maxsize=16)(preview)


def _show(operation, key):
    """Ten examples, how often each digit is the answer, and what one gets without a model."""
    found = _preview(operation)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=300):
            frame = {"expression": list(map(str, found.examples)), "answer": [one.answer for one in found.examples]}
            st.dataframe(frame, hide_index=True, row_height=24, height="content", key=f"{key}-examples",
                         alt="Examples of the operation")  # fmt: skip
        with st.container(width=420):
            title = f"The answers to all {found.answers.sum():,} expressions"
            components.draw(
                lab_lines.bars(range(10), found.answers, title, "expressions", height=140), key=f"{key}-answers"
            )
            rules = [f"{plain(name)} {percent(share)}" for name, share in found.baselines.items()]
            baselines = f"Right on the test side without a model: {', '.join(rules)}."
            st.caption(baselines if rules else "There are too few for a test side.")
