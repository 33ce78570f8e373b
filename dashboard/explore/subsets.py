"""View Subsets: all combinations of the heads: which suffice, and each head's share."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components
from dashboard.charts import signed_bars, through_time
from dashboard.explore import background, works
from dashboard.explore.ablation import UNITS, choices, told_if_guessing
from tinyformer.interpret import best_per_size, heads_of, minimal, shapley_values, sufficient
from tinyformer.interpret.subsets import ENOUGH, MOST_HEADS

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import drain, minimal, shapley_values, subset_steps, sufficient
found = drain(subset_steps({model}, expression_space(), "{replacement}"))
print(len(sufficient(found)), "suffice;", *map(found.kept, minimal(sufficient(found))), sep="\\n")
print(shapley_values(found.means["{effect}"][:, 0]).round(4))"""
INSTEAD = {"mean": "their means", "resampled": "what they wrote for another expression", "zero": "nothing"}
DONORS = " Each expression has one donor, drawn at random: with other donors other subsets may suffice."


def draw(subjects, expression):
    effect, replacement, _ = choices()
    fitting = [subject for subject in subjects if len(heads_of(subject.config)) <= MOST_HEADS]
    for subject in subjects:
        if subject not in fitting:
            st.info(f"A model of {len(heads_of(subject.config))} heads has too many subsets to try them all.")
    if not fitting:
        return
    count = sum(1 << len(heads_of(subject.config)) for subject in fitting)
    st.caption("Which heads suffice? Every combination of a model's heads answers all expressions that it is asked.")
    done = background.gathered([works.subsets(one, replacement) for one in fitting], ask=f"Try all {count:,} subsets")
    rows = [
        (subject.name, size, accuracy, ", ".join(map(str, found.kept(index))) or "none")
        for subject, found in zip(fitting, done, strict=True) for size, index, accuracy in best_per_size(found)
    ]  # fmt: skip
    looks = [subject.looks for subject in fitting]
    figure = through_time.best_subsets(rows, looks, max(row[1] for row in rows))
    components.draw(figure, key=f"subsets-{len(fitting)}", stretch=True)
    unit, _ = UNITS[effect]
    shares = [shapley_values(found.means[effect][:, 0]) * (100 if unit == "points" else 1) for found in done]
    for place, (subject, column, width) in enumerate(components.side_by_side(fitting)):
        found = done[place]
        with column:
            if not told_if_guessing(found.accuracy[-1], subject.space):
                enough = sufficient(found)
                least = minimal(enough)
                st.markdown(told(found, enough, least, replacement))
                _table(found, enough, least)
            figure = signed_bars.signed_bars(
                [str(head) for head in found.heads], shares[place], subject.style.color, title="Shapley values",
                unit=unit, width=min(300, width - 60), form="+.2f", among=np.concatenate(shares),
            )  # fmt: skip
            components.draw(figure, key=f"shapley-{subject.name}-{len(subjects)}")
    components.how_to_read(
        "The line shows the best accuracy that any subset of that size reaches; point at a mark to see which heads. "
        f"A subset suffices if it keeps {ENOUGH:.0%} of the accuracy with all heads; it is *minimal* if none of its "
        "heads can be spared. Several different minimal sets mean that heads can stand in for each other.\n\n"
        f"A head's Shapley value is what it adds to the {effect}, averaged over all orders in which the heads could be "
        "put back; the values sum to the measure with all heads minus with none."
    )


def told(found, enough, least, replacement):
    """How many subsets suffice, in a sentence: that depends on what stands in the place of the other heads."""
    smallest = enough[0].bit_count()
    same = sum(index.bit_count() == smallest for index in enough)
    return (
        f"**{len(enough)} of {len(found.accuracy)} subsets** suffice where the other heads write "
        f"{INSTEAD[replacement]}; {len(least)} of them are minimal. The smallest keep {smallest} of "
        f"{len(found.heads)} heads: there {'is' if same == 1 else 'are'} {same} of that size. Without any head: "
        f"{found.accuracy[0]:.1%}." + (DONORS if replacement == "resampled" else "")
    )


def _table(found, enough, least):
    """All that suffice."""
    kept = [", ".join(map(str, found.kept(index))) or "none" for index in enough]
    table = pd.DataFrame({
        "heads kept": kept, "accuracy": [f"{found.accuracy[index]:.1%}" for index in enough],
        "minimal": [index in least for index in enough],
    })  # fmt: skip
    st.dataframe(table, hide_index=True, height=180)
