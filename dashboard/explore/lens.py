"""View Stage by stage: how the answer forms, by the read-out applied after every sublayer."""

from dashboard import components
from dashboard.charts import grid
from dashboard.charts.bars import percent
from dashboard.explore import results
from tinyformer.interpret import logit_lens, stage_label
from tinyformer.task.vocabulary import DIGITS

RECIPE = """\
from tinyformer import load_checkpoint, parse_expression
from tinyformer.interpret import logit_lens
lens = logit_lens({model}, parse_expression("{expression}").tokens)
for stage, probabilities in zip(lens.stages, lens.probabilities[:, 0, 2:12]):
    print(stage, probabilities.round(4))  # of the digits"""


def draw(subjects, expression):
    lenses = {
        one.name: logit_lens(one.model, one.question(expression).tokens, values=results.of_expression(one, expression))
        for one in subjects
    }
    note = lambda one: f"{one.note}, {_told(lenses[one.name], one.task.vocabulary)}"  # noqa: E731
    for subject, column, width in components.side_by_side(subjects, note):
        lens = lenses[subject.name]
        figure = grid.grid(
            lens.probabilities[:, 0, list(DIGITS)], [stage_label(stage) for stage in lens.stages], range(10),
            names=("stage", "digit", "probability"), title="Logit lens", cell=max(9, min(36, (width - 132) // 10)),
            height=26,
        )  # fmt: skip
        with column:
            components.draw(figure, key=f"lens-{subject.name}-{len(subjects)}")
    components.how_to_read(
        "The read-out applied after every sublayer, as if the model ended there. In a post-norm model, every stage but "
        "the start is normalized already; in a pre-norm model the final norm comes first. The last row is the model's "
        "answer. The read-out was trained for the last stage only: that it cannot read an earlier one does not mean "
        "that the answer is not there yet."
    )


def _told(lens, vocabulary):
    """What the model answers, which may be wrong, with its probability."""
    (probabilities,) = lens.probabilities[-1]
    token = int(probabilities.argmax())
    return f"answers {vocabulary[token]} with {percent(float(probabilities[token]))}"
