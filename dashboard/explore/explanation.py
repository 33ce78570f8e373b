"""View Look and effect: is a head that looks at little, or at much, a head that matters?"""

import math

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import scatter
from dashboard.explore import background, works
from dashboard.explore.ablation import UNITS, choices
from dashboard.explore.names import head_name
from tinyformer.interpret import READ, association, beyond_guessing, heads_of, holm

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import READ, ablate, association, heads_of, space_patterns
model, space = {model}, expression_space()
lost = ablate(model, space, [[head] for head in heads_of(model.config)], "{replacement}").lost("{effect}")[1:, 0]
print(*(association([pair]) for pair in zip(space_patterns(model, space).entropy(READ).mean(axis=1), lost.reshape(model.config.num_layers, -1))), sep="\\n")"""  # noqa: E501


def draw(subjects, expression):
    effect, replacement, _ = choices()
    singles = [tuple((head,) for head in heads_of(subject.config)) for subject in subjects]
    taken_out = [works.ablation(*pair, replacement) for pair in zip(subjects, singles, strict=True)]
    done = background.gathered([*map(works.patterns, subjects), *taken_out])
    unit, _ = UNITS[effect]
    rows, groups = [], {}
    for subject, patterns, found in zip(subjects, done[: len(subjects)], done[len(subjects) :], strict=True):
        entropy = patterns.entropy(READ).mean(axis=1)
        lost = found.lost(effect)[1:, 0].reshape(entropy.shape) * (100 if unit == "points" else 1)
        for layer, head in np.ndindex(entropy.shape):
            rows.append((subject.name, head_name(layer, head), layer + 1, entropy[layer, head], lost[layer, head]))
        if not beyond_guessing(found.mean("accuracy")[0, 0], subject.space):
            st.info("A model that answers no better than constant answers is drawn, and left out of the tests.")
            continue
        for layer, pair in enumerate(zip(entropy, lost, strict=True)):
            groups.setdefault(layer, []).append(pair)
    tested = {layer: association(pairs) for layer, pairs in groups.items()}
    corrected = holm([0 if math.isnan(one.p) else one.p for one in tested.values()])
    figure = scatter.effects(rows, [subject.looks for subject in subjects], f"lost {effect} ({unit})")
    components.draw(figure, key=f"effects-{len(subjects)}", stretch=True)
    lines = [_line(layer, one, p) for (layer, one), p in zip(tested.items(), corrected, strict=True)]
    if lines:
        header = "| heads | ρ | chance reaches | p, corrected | verdict |\n|---|---|---|---|---|"
        st.markdown("\n".join([header, *lines]))
    components.how_to_read(
        "Each mark is a head: to the right, how evenly it looks (mean normalized entropy of its rows that are read, "
        "over all expressions); upwards, what the model loses without it, on all expressions. If a picture of sharp "
        "attention explained the answer, the focused heads would be the ones that matter: a falling cloud. Hollow: "
        "first layer; filled: later ones. Its name stands beside it where there is room.\n\n"
        "ρ is Spearman's rank correlation, among the heads of one model and layer, averaged over the models: layers "
        "and models differ in focus *and* in effect, which would make a relation of its own. “Chance reaches”: at "
        "least 95 % of 10,000 random orders of the heads have a |ρ| up to this. p is the share of orders that reach "
        "the one found, corrected for the number of layers (Holm); up to 0.05 a relation is named. The four heads of "
        "one layer have 24 orders: they alone can never be enough."
    )


def _line(layer, found, p):
    where = f"{found.heads} of layer {layer + 1}"
    if math.isnan(found.rho):
        return f"| {where} | undefined | | | nothing varies |"
    rho = f"{found.rho:+.2f}".replace("-", "−")
    return f"| {where} | {rho} | ±{found.reach:.2f} | {p:.3f} | {found.verdict(p)} |"
