"""View Probes: at which token and stage can each number be read off, linearly?"""

import streamlit as st

from dashboard import components
from dashboard.explore import background, works
from dashboard.explore.stage_grid import stage_grid
from dashboard.plain_text import plain
from dashboard.sections import named
from tinyformer.interpret.probes import ASKED

RECIPE = """\
from tinyformer import load_checkpoint
from tinyformer.interpret import drain, probe_steps, space_of_length
model, space = {model}, space_of_length({count})
found = drain(probe_steps(model, space))
print(found.right[..., 0].round(2), found.control[..., 0].max())  # stage, token, number"""
EVERY = "all"


def draw(subjects, expression):
    num_args = len(expression.numbers)
    found = background.gathered([
        work(subject, num_args) for work in (works.probes, works.untrained_probes) for subject in subjects
    ])  # fmt: skip
    names = list(dict.fromkeys(name for one in found[: len(subjects)] for name in one.names))
    number = named("Number", range(1, num_args + 1), f"probed-{num_args}")
    name = named("Operation", [EVERY, *names], "probed_for", plain)
    words = ["op", "(", *(f"n{place}" for place in range(1, num_args + 1)), ")"]
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        one, untrained = found[place], found[len(subjects) + place]
        with column:
            if name != EVERY and name not in one.names:
                st.info(f"It was not trained on {plain(name)}.")
                continue
            of = (..., number - 1, 0 if name == EVERY else 1 + one.names.index(name))
            figure = stage_grid(one.right[of], one.stages, words, width, "read right", f"Number {number}")
            components.draw(figure, key=f"probes-{subject.name}-{len(subjects)}")
            st.caption(told(one.right[of], untrained[of], one.control[of]))
    components.how_to_read(
        "A ridge regression from the residual stream to the digit, fitted on half of the numbers that occur in up to "
        f"{ASKED:,} expressions drawn at random, and judged on the other half: the share of numbers that it reads "
        "right. Chance is 0.1; the same regression on numbers that were shuffled among the expressions, judged on the "
        "same expressions, is the control.\n\n"
        "The control says only that the probe invents nothing. Attention with random weights mixes every number into "
        "every row, and a probe reads them there: so three untrained models of the same shape stand beside it; what "
        "training did is the difference. Over all operations it may even be below 0: a trained model drops the "
        "numbers that it does not need. Choose an operation to see which. What can be read is not yet what is used: "
        "path patching says that.\n\n"
        "Of two numbers there are 100 rows, and those that are judged are those that were never fitted: a probe that "
        "knows one of them guesses the other from the rest, and falls below chance."
    )


def told(right, untrained, control):
    """(S, T), (3, S, T), (S, T) → what the first token has at the end, beside both nulls, in a sentence."""
    ends = untrained[:, -1, 0]
    return (
        f"At the first token, at the end: {right[-1, 0]:.2f}; in three untrained models {ends.min():.2f} to "
        f"{ends.max():.2f}. Control, shuffled numbers: {control.mean():.2f} on average, at most {control.max():.2f}."
    )
