"""View Matched heads: do the heads of two models look at the same tokens, by more than chance?"""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import works
from dashboard.explore.names import head_name
from dashboard.plain_text import plain
from dashboard.sections import named
from tinyformer.interpret import compare_heads, role_shares

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import compare_heads, drain, null_steps, space_patterns
models, space = ({model}, {second}), expression_space()
levels = map(max, *(drain(null_steps(model.config, space)).match_levels() for model in models))
print([layer.matched(level) for layer, level in zip(compare_heads(*(space_patterns(model, space) for model in models)), levels)])"""  # noqa: E501


def draw(subjects, expression):
    if len(subjects) < 2:
        st.info("Put a second model on display in the sidebar: its heads are then matched with those of the first.")
        return
    pair = _pair(subjects)
    if len(pair) < 2:
        st.info("Heads are matched on the same expressions, and no other model on display has the same operations.")
        return
    patterns, nulls = works.patterns_and_nulls(pair)
    layers = compare_heads(*patterns)
    levels = [max(null.match_levels()[layer] for null in nulls) for layer in range(len(layers))]
    roles = [role_shares(some) for some in patterns]
    for number, (layer, limit) in enumerate(zip(layers, levels, strict=True)):
        st.markdown(told(number, layer, limit))
    lines = [
        f"| {head_name(number, one)}: {plain(roles[0].name(number, one, nulls[0].role_levels(number)))} "
        f"| {head_name(number, other)}: {plain(roles[1].name(number, other, nulls[1].role_levels(number)))} "
        f"| {layer.common[one, other]:.1%} | {layer.unrelated[one, other]:.1%} | {excess:.1%} |"
        for number, (layer, limit) in enumerate(zip(layers, levels, strict=True))
        for one, other, excess in layer.matched(limit)
    ]
    if lines:
        header = "| of the first | of the second | in common | on shuffled ones | more |\n|---|---|---|---|---|"
        st.markdown("\n".join([header, *lines]))
    st.caption("Rows: heads of the first model chosen above. Columns: heads of the second. Framed: matched.")
    with st.container(horizontal=True, gap="medium"):
        for number, (layer, limit) in enumerate(zip(layers, levels, strict=True)):
            _matrix(number, layer, layer.matched(limit))
    components.how_to_read(
        "What two heads have in common is the sum over tokens of the smaller of the two weights, averaged over all "
        "expressions and all rows that are read: 1 for equal patterns, 0 if they never look at the same token. "
        "Heads that look everywhere, or always at one place, have much in common on unrelated expressions too. So "
        "the matrix shows how much *more* they have in common on the same expressions than on shuffled ones.\n\n"
        "Two heads are matched if each is the other's best in this matrix, and above the level: at least 0.1, and "
        "more than the best of heads in twenty untrained models of the same shape reach (mean plus six standard "
        "deviations). Matched heads look alike; whether they do the same is not said by where they look."
    )


def told(number, layer, limit):
    """How many heads of a layer are matched, and how much that says, in a sentence."""
    matched, above = layer.matched(limit), int((layer.excess >= limit).sum())
    H, other = layer.excess.shape
    text = f"**Layer {number + 1}: {len(matched)} of {min(H, other)} heads matched.**"
    are = "is" if above == 1 else "are"
    if above > 2 * max(len(matched), 1):
        return (
            f"{text} {above} of {H * other} pairs {are} above the level: which head is matched with which says little."
        )
    return f"{text} {above} of {H * other} pairs {are} above the level of {limit:.2f}."


def _matrix(number, layer, matched):
    framed = np.zeros(layer.excess.shape, bool)
    for one, other, _ in matched:
        framed[one, other] = True
    rows, columns = ([head_name(number, i) for i in range(count)] for count in framed.shape)
    figure = grid.grid(
        layer.excess, rows, columns, cell=58, height=40, framed=framed, signed=True,
        names=("of the first", "of the second", "more in common"), title=f"Layer {number + 1}: more in common",
    )  # fmt: skip
    with st.container(width="content"):
        components.draw(figure, key=f"similarity-{number}")


def _pair(subjects):
    names = [subject.name for subject in subjects]
    with st.container(horizontal=True, gap="medium"):
        first = named("Heads of", names, "first", plain)
        task = next(subject.task for subject in subjects if subject.name == first)
        others = [one.name for one in subjects if one.name != first and one.task == task]
        if not others:
            return subjects[:1]
        second = named("matched with heads of", others, "second", plain)
    return [next(subject for subject in subjects if subject.name == name) for name in (first, second)]
