"""Section Focus: how spread each head looks, for this expression and on all of them; a claim, and the evidence."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import focus as focus_chart
from dashboard.charts import grid, spread
from dashboard.explore import results
from dashboard.explore.heatmaps import pattern_of
from dashboard.explore.names import head_name
from tinyformer import OPERATIONS, effective_positions, focus_label, normalized_entropy
from tinyformer.interpret.attention_patterns import DISTRIBUTED_FROM, FOCUSED_UP_TO
from tinyformer.interpret.focus import COMPARING, PICKING

FIRST, ALL = "first token's row", "mean of all rows"
MEASURES = {"normalized entropy": ("entropy", ".2f"), "effective number of tokens": ("effective", ".1f")}
WIDTHS = {1: 420, 2: 400, 3: 248, 4: 170}  # of a model's picture in pixels, without labels


def draw(subjects, expression):
    st.subheader(f"{expression}", anchor=False)
    rows = st.segmented_control(
        "Measured on", [FIRST, ALL], default=FIRST, required=True, key="rows", bind="query-params",
        help="The answer is read off the first token. In the last layer, no other row reaches the answer.",
    )  # fmt: skip
    points = [point for subject in subjects for point in _points(subject, expression, rows)]
    looks = [subject.looks for subject in subjects]
    figure = focus_chart.focus(points, looks, FOCUSED_UP_TO, DISTRIBUTED_FROM, len(expression.tokens))
    components.draw(figure, key="focus", stretch=True)
    components.how_to_read(
        "Each mark is one head of one model. Entropy measures how spread a row of weights is. Divided by the "
        "logarithm of the number of tokens it lies between 0 (one token) and 1 (all alike), for short and long "
        "expressions. Its exponential, before the division, is the *effective number of tokens*, the second line of "
        f"the scale: as many tokens, looked at alike, have that entropy. Up to {FOCUSED_UP_TO} is called focused, from "
        f"{DISTRIBUTED_FROM} distributed. Point at a mark to see its numbers."
    )
    st.subheader("The claim: First, Second and Last focus, Max and Min spread", anchor=False)
    st.caption("Tested on all 5,000 expressions of three digits: normalized entropy of the first token's row.")
    measure = st.segmented_control(
        "In the table", list(MEASURES), default=next(iter(MEASURES)), required=True, key="measure", bind="query-params"
    )
    for subject, column, width in components.side_by_side(subjects, lambda subject: subject.note):
        with column:
            _evidence(subject, measure, width, len(subjects))
    components.how_to_read(
        "Circle: mean over First, Second and Last. Diamond: mean over Max and Min. The line reaches from the value "
        "that 10 % of the expressions are below to the one that 90 % are below. Dashed: up to 0.4 is called "
        "focused, from 0.8 distributed.\n\n"
        "**as claimed**: circle focused and diamond distributed. **leans that way**: the diamond at least 0.1 "
        "higher, and higher in 75 % of all pairs of expressions. **opposite**: the diamond at least 0.1 lower. **no "
        "difference**: else. The claim **holds** if more than half of the heads do as claimed; it **fails** if no more "
        "heads do so or lean that way than do the opposite; else it **has some support**.\n\n"
        "The share of the variance says how much of all differences in entropy the layer alone, "
        "the operation alone, or both together account for: together means that operations differ in another way in "
        "each layer."
    )


def _points(subject, expression, rows):
    """The rows of the focus chart for one expression."""
    values = results.trace(subject.source, tuple(expression.tokens), subject.model)
    weights = pattern_of(values, subject.config)
    weights = weights[:, :, :1] if rows == FIRST else weights
    entropy, positions = normalized_entropy(weights).mean(axis=-1), effective_positions(weights).mean(axis=-1)
    return [
        (
            subject.name,
            layer + 1,
            head + 1,
            entropy[layer, head],
            positions[layer, head],
            focus_label(entropy[layer, head]),
        )
        for layer, head in np.ndindex(entropy.shape)
    ]


def _evidence(subject, measure, width, count):
    """One model's verdict, picture and numbers."""
    evidence, patterns = results.focus(subject.source, subject.model), results.patterns(subject.source, subject.model)
    st.markdown(evidence.verdict)
    layers = [f"layer {layer + 1}: {found.verdict}" for layer, found in enumerate(evidence.layers)]
    st.caption(f"Mean over the heads of a layer: {'; '.join(layers)}.")
    picks = np.isin(patterns.operations, [OPERATIONS.index(name) for name in PICKING])
    entropy = patterns.entropy
    rows, names = [], []
    for layer, head in np.ndindex(entropy.shape[0], entropy.shape[2]):
        values, found = entropy[layer, :, head], evidence.heads[layer][head]
        name = head_name(layer, head)
        for kind, mean, some in ((spread.KINDS[0], found.picking, picks), (spread.KINDS[1], found.comparing, ~picks)):
            rows.append((name, kind, mean, *np.quantile(values[some], [0.1, 0.9])))
        names.append(f"{name} {found.verdict}")
    figure = spread.spread(rows, subject.style.color, FOCUSED_UP_TO, DISTRIBUTED_FROM, WIDTHS[count])
    components.draw(figure, key=f"claim-{subject.name}-{count}")
    attribute, form = MEASURES[measure]
    means = patterns.per_operation(getattr(patterns, attribute))  # (L, H, 5)
    figure = grid.grid(
        means.reshape(-1, len(OPERATIONS)), names, OPERATIONS, names=("head", "operation", f"mean {attribute}"),
        cell=min(36, (width - 100) // len(OPERATIONS)), height=22, title=f"Mean {measure}", form=form,
        reach=1 if attribute == "entropy" else patterns.tokens.shape[1],
    )  # fmt: skip
    components.draw(figure, key=f"entropies-{subject.name}-{count}")


assert set(PICKING) | set(COMPARING) == set(OPERATIONS)
