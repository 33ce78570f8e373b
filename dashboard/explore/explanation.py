"""Section Explanation?: is a head that looks at little, or at much, a head that matters?"""

import math

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import scatter
from dashboard.explore import results
from tinyformer.interpret import correlation

EFFECTS = {
    "rise of the loss (nats)": lambda found: found.loss_rise,
    "drop of accuracy": lambda found: found.accuracy[0] - found.accuracy,
}


def draw(subjects, expression):
    with st.container(horizontal=True, gap="medium"):
        effect = st.segmented_control(
            "Effect of taking a head out", list(EFFECTS), default=next(iter(EFFECTS)), required=True, key="effect",
            bind="query-params",
        )  # fmt: skip
        replacement = st.segmented_control(
            "What stands in its place", ["zero", "mean"], default="zero", required=True, key="replacement",
            bind="query-params",
        )  # fmt: skip
    rows = []
    for subject in subjects:
        entropy = results.roles(subject.source, subject.model).entropy
        effects = EFFECTS[effect](results.single_heads(subject, replacement))[1:]
        for (layer, head), value in zip(np.ndindex(entropy.shape), effects, strict=True):
            rows.append((subject.name, f"{layer + 1}.{head + 1}", layer + 1, float(entropy[layer, head]), float(value)))
    st.markdown(verdict(rows))
    looks = [subject.looks for subject in subjects]
    components.draw(scatter.effects(rows, looks, effect), key=f"effects-{len(subjects)}", stretch=True)
    components.how_to_read(
        "Each mark is a head: to the right, how evenly it looks (mean normalized entropy of the first token's row "
        "over all expressions); upwards, what the model loses without it, on all expressions. Hollow: first layer; "
        "filled: later ones. If a picture of sharp attention explained the answer, the focused heads would be the "
        "ones that matter: a falling cloud.\n\n"
        "r is Pearson's correlation, ρ Spearman's (of ranks). Layers differ in focus *and* in effect, so the "
        "correlation within each layer stands beside the one over all heads. A few heads make a rough correlation: "
        "with 8, chance alone reaches |r| = 0.7 in one case of twenty."
    )


def verdict(rows):
    """What the correlations say, in words. rows: (model, head, layer, entropy, effect)."""
    r, rho = correlation([row[3] for row in rows], [row[4] for row in rows])
    parts = []
    for layer in sorted({row[2] for row in rows}):
        inside = [row for row in rows if row[2] == layer]
        parts.append(f"in layer {layer} r = {_number(correlation([x[3] for x in inside], [x[4] for x in inside])[0])}")
    return (
        f"{_judgement(r, len(rows))} Over {len(rows)} heads: r = {_number(r)}, ρ = {_number(rho)}; {', '.join(parts)}."
    )


def _judgement(r, count):
    if math.isnan(r):
        return "**The effect does not vary: nothing can be correlated.**"
    if abs(r) < 2 / math.sqrt(count):  # about the 5 % limit of chance
        return "**Focus says little about what a head does.**"
    return "**Focused heads matter more.**" if r < 0 else "**Distributed heads matter more.**"


def _number(value):
    return "undefined" if math.isnan(value) else f"{value:+.2f}"
