"""Section Explanation?: is a head that looks at little, or at much, a head that matters?"""

import math

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import scatter
from dashboard.explore import results
from dashboard.explore.names import head_name
from tinyformer.interpret import correlation

EFFECTS = {
    "rise of the loss (nats)": lambda found: found.loss_rise,
    "drop of accuracy (points)": lambda found: 100 * (found.accuracy[0] - found.accuracy),
}


def draw(subjects, expression):
    with st.container(horizontal=True, gap="medium"):
        effect = st.segmented_control(
            "Effect of taking a head out", list(EFFECTS), default=next(iter(EFFECTS)), required=True, key="effect",
            bind="query-params",
        )  # fmt: skip
        replacement = st.segmented_control(
            "What stands in its place", ["zero", "mean"], default="zero", required=True, key="replacement",
            bind="query-params", help="0, or the head's mean output over all expressions at the same position.",
        )  # fmt: skip
    rows = []
    for subject in subjects:
        entropy = results.roles(subject.source, subject.model).entropy
        effects = EFFECTS[effect](results.single_heads(subject, replacement))[1:]
        for (layer, head), value in zip(np.ndindex(entropy.shape), effects, strict=True):
            rows.append((subject.name, head_name(layer, head), layer + 1, float(entropy[layer, head]), float(value)))
    found = correlations(rows)
    st.markdown(f"**{found['all heads'].verdict.capitalize()}**, over all heads on display.")
    looks = [subject.looks for subject in subjects]
    components.draw(scatter.effects(rows, looks, effect), key=f"effects-{len(subjects)}", stretch=True)
    header = "| | heads | r | 95 % interval | ρ | verdict |\n|---|---|---|---|---|---|"
    st.markdown("\n".join([header, *map(_line, found.items())]))
    components.how_to_read(
        "Each mark is a head: to the right, how evenly it looks (mean normalized entropy of the first token's row "
        "over all expressions); upwards, what the model loses without it, on all expressions. The loss is the "
        "cross-entropy: a rise of 0.01 nats makes the right answer 1 % less probable. Hollow: first layer; filled: "
        "later ones. If a picture of sharp attention explained the answer, the focused heads would be the "
        "ones that matter: a falling cloud.\n\n"
        "r is Pearson's correlation, ρ Spearman's (of ranks, which a single strong head does not decide). "
        "**Focused heads matter more**: the whole interval of r lies below 0. **Distributed heads matter more**: above "
        "0. **No clear relation**: it holds 0. Layers differ in focus *and* in effect, so each layer has its own line. "
        "The interval takes the heads for independent; heads of one model are not, so it is the least that is "
        "uncertain. Few heads, wide intervals: put more seeds on display."
    )


def correlations(rows):
    """{"all heads": Correlation, "layer 1": …}. rows: (model, head, layer, entropy, effect)."""
    groups = {"all heads": rows}
    for layer in sorted({row[2] for row in rows}):
        groups[f"layer {layer}"] = [row for row in rows if row[2] == layer]
    return {name: correlation([row[3] for row in some], [row[4] for row in some]) for name, some in groups.items()}


def _line(item):
    name, found = item
    between = "undefined" if math.isnan(found.low) else f"{_number(found.low)} to {_number(found.high)}"
    return f"| {name} | {found.count} | {_number(found.r)} | {between} | {_number(found.rho)} | {found.verdict} |"


def _number(value):
    return "undefined" if math.isnan(value) else f"{value:+.2f}".replace("-", "−")
