"""Section Focus: how spread each head looks, for this expression and on all of them; a claim, and the evidence."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import focus as focus_chart
from dashboard.charts import grid, spread
from dashboard.explore import results
from dashboard.explore.heatmaps import pattern_of
from tinyformer import OPERATIONS, effective_positions, focus_label, normalized_entropy
from tinyformer.attention_patterns import DISTRIBUTED_FROM, FOCUSED_UP_TO
from tinyformer.interpret.focus import COMPARING, PICKING

FIRST, ALL = "first token's row", "mean of all rows"
WIDTHS = {1: 420, 2: 300, 3: 178, 4: 104}  # of a model's picture in pixels, without labels


def draw(subjects, expression):
    st.subheader(f"{expression}", anchor=False)
    rows = st.segmented_control(
        "Measured on", [FIRST, ALL], default=FIRST, required=True, key="rows", bind="query-params",
        help="The answer is read off the first token. In the last layer, no other row reaches the answer.",
    )  # fmt: skip
    points = [point for subject in subjects for point in _points(subject, expression, rows)]
    looks = [subject.looks for subject in subjects]
    components.draw(focus_chart.focus(points, looks, FOCUSED_UP_TO, DISTRIBUTED_FROM), key="focus", stretch=True)
    components.how_to_read(
        "Each mark is one head of one model. Entropy measures how spread a row of weights is. Divided by the "
        "logarithm of the number of tokens it lies between 0 (one token) and 1 (all alike), for short and long "
        "expressions. Its exponential, before the division, is the *effective number of tokens*; point at a mark to "
        "see it."
    )
    st.subheader("The claim: First, Second and Last focus, Max and Min spread", anchor=False)
    st.caption("Tested on all 5,000 expressions of three digits: normalized entropy of the first token's row.")
    for subject, column, _ in components.side_by_side(subjects, lambda subject: subject.note):
        with column:
            _evidence(subject, len(subjects))
    components.how_to_read(
        "Circle: mean over First, Second and Last. Diamond: mean over Max and Min. The line reaches from the value "
        "that 10 % of the expressions are below to the one that 90 % are below. Dashed: up to 0.4 is called "
        "focused, from 0.8 distributed.\n\n"
        "**as claimed**: circle focused and diamond distributed. **leans that way**: the diamond at least 0.1 "
        "higher, and higher in 75 % of all pairs of expressions. **opposite**: the diamond at least 0.1 lower. **no "
        "difference**: else. The share of the variance says how much of all differences in entropy the layer alone, "
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


def _evidence(subject, count):
    """One model's verdict, picture and numbers."""
    evidence, patterns = results.focus(subject.source, subject.model), results.patterns(subject.source, subject.model)
    st.markdown(evidence.verdict)
    layers = [f"layer {layer + 1}: {found.verdict}" for layer, found in enumerate(evidence.layers)]
    st.caption(f"Mean over the heads of a layer: {'; '.join(layers)}.")
    picks = np.isin(patterns.operations, [OPERATIONS.index(name) for name in PICKING])
    rows, verdicts = [], []
    for layer, head in np.ndindex(patterns.entropy.shape[0], patterns.entropy.shape[2]):
        entropy, found = patterns.entropy[layer, :, head], evidence.heads[layer][head]
        name = f"{layer + 1}.{head + 1}"
        for kind, mean, some in ((spread.KINDS[0], found.picking, picks), (spread.KINDS[1], found.comparing, ~picks)):
            rows.append((name, kind, mean, *np.quantile(entropy[some], [0.1, 0.9])))
        verdicts.append((name, *found.per_operation, found.difference, found.higher_in, found.verdict))
    figure = spread.spread(rows, subject.style.color, FOCUSED_UP_TO, DISTRIBUTED_FROM, WIDTHS[count])
    components.draw(figure, key=f"claim-{subject.name}-{count}")
    figure = grid.grid(
        [row[1:6] for row in verdicts], [f"{row[0]} {row[8]}" for row in verdicts], OPERATIONS,
        names=("head", "operation", "mean entropy"), cell=36 if count < 4 else 26, height=22, title="Mean entropy",
    )  # fmt: skip
    components.draw(figure, key=f"entropies-{subject.name}-{count}")


assert set(PICKING) | set(COMPARING) == set(OPERATIONS)
