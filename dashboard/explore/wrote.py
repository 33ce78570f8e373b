"""View Who wrote it: what each part wrote towards the answer, beside what is lost without it."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import background, results, works
from dashboard.explore.names import part_name
from dashboard.plain_text import plain
from tinyformer.interpret import disagreements, written_and_lost

RECIPE = """\
from tinyformer import load_checkpoint, parse_expression
from tinyformer.interpret import disagreements, written_and_lost
expression = parse_expression("{expression}")
found = written_and_lost({model}, expression.tokens, expression.answer_token, task=expression.task)
print(found, *disagreements(found.written, found.lost), sep="\\n")"""


def draw(subjects, expression):
    means = background.gathered([works.means(subject, len(expression.numbers)) for subject in subjects])
    asked = [subject.question(expression) for subject in subjects]
    stories = [
        written_and_lost(
            subject.model, one.tokens, one.answer_token, some, results.of_expression(subject, expression)
        )
        for subject, one, some in zip(subjects, asked, means, strict=True)
    ]  # fmt: skip
    right = " or ".join(dict.fromkeys(str(one.answer) for one in asked))
    reach = max(np.nanmax(np.abs(_table(written, lost))) for _, written, lost in stories)
    st.caption(
        f"The logit of {plain(right)} minus that of the best other token: what each part *wrote* of it, and how "
        "much is *lost* when the part writes its mean instead."
    )
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        other, written, lost = stories[place]
        figure = grid.grid(
            _table(written, lost), [part_name(part) for part in written], ("wrote", "lost"), signed=True,
            names=("part", "which", "logits"), cell=min(64, (width - 110) // 2), height=22, reach=float(reach),
            title=f"{asked[place].answer} against {asked[place].task.vocabulary[other]}: {sum(written.values()):+.2f}",
        )  # fmt: skip
        with column:
            components.draw(figure, key=f"wrote-{subject.name}-{len(subjects)}")
            st.markdown(told(disagreements(written, lost)))
    components.how_to_read(
        "A logit is the score of a token as the answer, before the softmax makes probabilities of all; what "
        "counts is a difference of two. **Wrote**: a part's output followed along the residual path alone to the "
        "logits, every norm on the way dividing by what it divides by in this run. These sum to the difference "
        "up to rounding. What a part does by being read by later parts is theirs. “Constants” are the biases "
        "that are added straight to the residual stream or to the logits, and the β of the norms on that way; what "
        "other biases do is part of the heads and feed-forward layers.\n\n"
        "**Lost**: the part's output is replaced by its mean over expressions of the same length, and all that follows "
        "is computed anew; these do not sum to anything. A part that wrote much and loses nothing was not needed: the "
        "parts after it make up for it, or its mean says the same. – cannot be taken out."
    )


def told(apart):
    """Where what was written and what is lost disagree, in a sentence."""
    if not apart:
        return (
            "Of every head and feed-forward layer that is worth a tenth, what it wrote and what is lost agree by half."
        )
    part, written, lost = apart[0]
    rest = len(apart) - 1
    more = f" So {'does' if rest == 1 else 'do'} {rest} more." if rest else ""
    return f"They disagree: **{part_name(part)}** wrote {written:+.2f}; without it, {lost:+.2f} is lost.{more}"


def _table(written, lost):
    return np.array([[value, lost.get(part, np.nan)] for part, value in written.items()])
