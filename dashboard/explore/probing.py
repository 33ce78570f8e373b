"""View Probes: at which token and stage can each number be read off, linearly?"""

import streamlit as st

from dashboard import components
from dashboard.charts import grid
from dashboard.explore import background, works
from dashboard.plain_text import plain
from dashboard.sections import named
from tinyformer.interpret import stage_label

RECIPE = """\
from tinyformer import load_checkpoint
from tinyformer.interpret import drain, probe_steps, space_of_length
model, space = {model}, space_of_length({count})
found = drain(probe_steps(model, space))
print(found.right[..., 0].round(2), found.control.max())  # stage, token, number"""
EVERY = "all"


def draw(subjects, expression):
    num_args = len(expression.numbers)
    found = background.gathered([works.probes(subject, num_args) for subject in subjects])
    names = list(dict.fromkeys(name for one in found for name in one.names))
    with st.container(horizontal=True, gap="medium"):
        number = named("Number", range(1, num_args + 1), f"probed-{num_args}")
        name = named("Operation", [EVERY, *names], "probed_for", plain)
    words = ["op", "(", *(f"n{place}" for place in range(1, num_args + 1)), ")"]
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        one = found[place]
        with column:
            if name != EVERY and name not in one.names:
                st.info(f"It was not trained on {plain(name)}.")
                continue
            values = one.right[:, :, number - 1, 0 if name == EVERY else 1 + one.names.index(name)]
            figure = grid.grid(
                values, [stage_label(stage) for stage in one.stages], words, names=("stage", "token", "read right"),
                title=f"Number {number}", cell=max(9, min(42, (width - 132) // len(words))), height=26,
            )  # fmt: skip
            components.draw(figure, key=f"probes-{subject.name}-{len(subjects)}")
            control = one.control[:, :, number - 1]
            st.caption(f"Control, shuffled numbers: {control.mean():.2f} on average, at most {control.max():.2f}.")
    components.how_to_read(
        "A ridge regression from the residual stream to the digit, fitted on half of 2,000 expressions drawn at random "
        "and judged on the other half: the share of numbers that it reads right. Chance is 0.1; the same regression on "
        "numbers that were shuffled among the expressions is the control. What can be read is not yet what is used: "
        "path patching says that."
    )
