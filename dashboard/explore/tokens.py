"""View Which tokens: on which tokens the answer depends, by attention, gradient and integrated gradients."""

import streamlit as st

from dashboard import components
from dashboard.charts import token_bars
from dashboard.explore import background, results, works
from dashboard.explore.heatmaps import pattern_of
from dashboard.explore.stages import rounded_up
from dashboard.plain_text import plain
from tinyformer.interpret import best_other, gradient_times_input
from tinyformer.interpret.input_attribution import TOLERANCE

RECIPE = """\
from tinyformer import load_checkpoint, parse_expression
from tinyformer.interpret import best_other, integrated_gradients
model, expression = {model}, parse_expression("{expression}")
other = best_other(model.forward([expression.tokens])[0][0], expression.answer_token)
print(integrated_gradients(model, expression.tokens, expression.answer_token, other))"""


def draw(subjects, expression):
    asked = [subject.question(expression) for subject in subjects]
    traces = [results.of_expression(subject, expression) for subject in subjects]
    others = [best_other(values["logits"][0], one.answer_token) for values, one in zip(traces, asked, strict=True)]
    done = background.gathered([
        works.gradients(subject, tuple(one.tokens), one.answer_token, other)
        for subject, one, other in zip(subjects, asked, others, strict=True)
    ])  # fmt: skip
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        one = asked[place]
        panels = {
            "attention": pattern_of(traces[place], subject.config)[-1][:, 0].mean(axis=0),
            "gradient": gradient_times_input(subject.model, tuple(one.tokens), one.answer_token, others[place]),
            "integrated": done[place].tokens,
        }
        figure = token_bars.token_bars(
            panels, one.words, subject.style.color,
            width=max(40, min(140, (width - 86) // 3)),
        )  # fmt: skip
        with column:
            components.draw(figure, key=f"inputs-{subject.name}-{len(subjects)}")
            st.caption(f"{one.answer} against {plain(one.task.vocabulary[others[place]])}. {told(done[place])}")
    components.how_to_read(
        "Left: the first token's attention in the last layer, the mean over its heads. Middle: gradient × input, "
        "how the logit difference (the answer's logit minus the best other one's) reacts to a small change of each "
        "token's embedding. Right: integrated gradients, the same collected along the way from a baseline of empty "
        "places (zero embeddings, positions kept) to the expression; they sum to the difference of both ends. Each has "
        "its own scale: compare the shape. Attention shows where a head looks, not what the answer depends on; another "
        "baseline would give other integrated gradients. What another token would change, *What carries it* tries out."
    )


def told(found):
    """How exact the integral is, in a sentence."""
    exact = max(found.error, found.moved / max(abs(found.difference), 1e-12)) <= TOLERANCE
    return (
        f"Integrated gradients: sum {found.tokens.sum():.4f} of a difference of {found.difference:.4f}, from "
        f"{found.steps:,} gradients; with half as many steps no token moved by more than {rounded_up(found.moved):.1g}."
        + ("" if exact else " They have not settled: read them with care.")
    )
