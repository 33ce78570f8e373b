"""Section One answer: how it forms, who wrote it, what carries it, and on which tokens it depends."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid, signed_bars, token_bars
from dashboard.charts.bars import percent
from dashboard.explore import patching, results
from dashboard.explore.heatmaps import pattern_of
from dashboard.explore.names import part_name
from tinyformer.interpret import (
    direct_contributions,
    gradient_times_input,
    integrated_gradients,
    logit_lens,
    stage_label,
)
from tinyformer.interpret.input_attribution import TOLERANCE
from tinyformer.task.vocabulary import DIGITS, VOCABULARY


def draw(subjects, expression):
    traces = {
        subject.name: results.trace(subject.source, tuple(expression.tokens), subject.model) for subject in subjects
    }
    _how_it_forms(subjects, expression, traces)
    _who_wrote_it(subjects, expression, traces)
    patching.draw(subjects, expression)
    _what_it_depends_on(subjects, expression, traces)


def _how_it_forms(subjects, expression, traces):
    st.subheader(f"How the answer {expression.answer} forms", anchor=False)
    lenses = {
        subject.name: logit_lens(subject.model, expression.tokens, values=traces[subject.name]) for subject in subjects
    }
    for subject, column, width in components.side_by_side(
        subjects, lambda subject: f"{subject.note}, {_told(lenses[subject.name])}"
    ):
        lens = lenses[subject.name]
        figure = grid.grid(
            lens.probabilities[:, 0, list(DIGITS)], [stage_label(stage) for stage in lens.stages], range(10),
            names=("stage", "digit", "probability"), title="Logit lens", cell=max(9, min(36, (width - 132) // 10)),
            height=26,
        )  # fmt: skip
        with column:
            components.draw(figure, key=f"lens-{subject.name}-{len(subjects)}")
    components.how_to_read(
        "The read-out applied after every sublayer, as if the model ended there. In a post-norm model, every stage is "
        "normalized already; in a pre-norm model the final norm comes first. The last row is the model's answer."
    )


def _who_wrote_it(subjects, expression, traces):
    st.subheader(f"Who wrote the logit of {expression.answer}", anchor=False)
    found = {
        subject.name: direct_contributions(subject.model, expression.tokens, values=traces[subject.name])
        for subject in subjects
    }
    written = {name: contributions.logits[:, 0, expression.answer_token] for name, contributions in found.items()}
    for subject, column, width in components.side_by_side(subjects):
        values = written[subject.name]
        figure = signed_bars.signed_bars(
            [part_name(part) for part in found[subject.name].parts], values, subject.style.color, unit="logit",
            title=f"sum = {values.sum():.2f}, the logit", width=max(70, min(300, width - 110)),
            among=np.concatenate(list(written.values())),
        )  # fmt: skip
        with column:
            components.draw(figure, key=f"direct-{subject.name}-{len(subjects)}")
    components.how_to_read(
        "A logit is the score of a token as the answer, before the softmax makes probabilities of all 20. Bars show "
        "what each part wrote into the residual stream (what a token carries from layer to layer), followed along the "
        "residual path alone to the logit. The "
        "norms on the way divide by the standard deviation that they have in this run, held fixed; then the parts "
        "sum to the logit. What a part does by being read by later heads and layers counts as theirs, so a small "
        "bar does not mean a small role. “Constants” are all biases. All models have one scale."
    )


def _what_it_depends_on(subjects, expression, traces):
    st.subheader("Which tokens it depends on", anchor=False)
    for subject, column, width in components.side_by_side(subjects):
        pattern = pattern_of(traces[subject.name], subject.config)[-1]
        with column:
            figure, told = _tokens(subject, pattern[:, 0].mean(axis=0), expression, width)
            components.draw(figure, key=f"inputs-{subject.name}-{len(subjects)}")
            st.caption(told)
    components.how_to_read(
        "Left: the first token's attention in the last layer, the mean over its heads. Middle: gradient × input, "
        "how the logit reacts to a small change of each token's embedding. Right: integrated gradients, the same "
        "collected along the way from a baseline of empty places (zero embeddings, positions kept) to the "
        "expression; they sum to the difference of the logits at both ends. Each has its own scale: compare the "
        "shape. Attention shows where a head looks, not what the answer depends on; where the three disagree, trust "
        "the interventions above."
    )


def _told(lens):
    """What the model answers, which may be wrong, with its probability."""
    (probabilities,) = lens.probabilities[-1]
    token = int(probabilities.argmax())
    return f"answers {VOCABULARY[token]} with {percent(float(probabilities[token]))}"


def _tokens(subject, attention, expression, width):
    tokens, answer = tuple(expression.tokens), expression.answer_token
    integrated = integrated_gradients(subject.model, tokens, answer)
    panels = {
        "attention": attention,
        "gradient": gradient_times_input(subject.model, tokens, answer),
        "integrated": integrated.tokens,
    }
    words = [VOCABULARY[token] for token in tokens]
    figure = token_bars.token_bars(panels, words, subject.style.color, width=max(40, min(140, (width - 86) // 3)))
    return figure, (
        f"Integrated gradients: {integrated.steps} steps, sum {integrated.tokens.sum():.3f} "
        f"of a difference of {integrated.difference:.3f}."
        + (" They do not agree within 1 %: read them with care." if integrated.error > TOLERANCE else "")
    )
