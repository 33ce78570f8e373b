"""What if: changes to the reference training, one at a time, each with what to look for. No Streamlit here."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple


class Experiment(NamedTuple):
    title: str
    look_for: str
    change: Callable  # TrainingConfig → TrainingConfig

    def runs(self, config):
        """{label: TrainingConfig}: the change of a training."""
        return {self.title: self.change(config)}

    def is_shown(self, labels):
        """Whether one of these labels is that of this experiment."""
        return self.title in labels


def _model(**settings):
    return lambda config: replace(config, model=replace(config.model, **settings))


def _training(**settings):
    return lambda config: replace(config, **settings)


EXPERIMENTS = (
    Experiment(
        "no positions",
        "Without positions an expression is a bag of digits. Do operations that ask for a place, as First does, fall "
        "to guessing among the numbers, while such as Max, which need no order, survive?",
        _model(positions="none"),
    ),
    Experiment(
        "one head",
        "One head as wide as all of them together. Does it need longer, or is one point of view enough here?",
        _model(num_heads=1),
    ),
    Experiment(
        "one layer",
        "A single layer must find and compare in one look. Which operations reach 100 % all the same?",
        _model(num_layers=1),
    ),
    Experiment(
        "mean pooling",
        "The answer is read from the mean of all tokens instead of the first. Watch the attention: nobody has to "
        "gather everything in one place any more.",
        _model(pooling="mean"),
    ),
    Experiment(
        "no scaling by √d",
        "Scores are not divided by √d, d being the width of a head: they spread the more, the wider the heads are. "
        "Expect little in narrow ones.",
        _model(scale_attention=False),
    ),
    Experiment(
        "learning rate × 10",
        "Steps ten times as long. Look at the spikes of the loss, and whether it recovers.",
        lambda config: replace(config, learning_rate=10 * config.learning_rate),
    ),
    Experiment(
        "200 expressions",
        "It may learn from 200 distinct expressions at most. Does training go to 100 %, and how far behind stays "
        "validation?",
        _training(train_limit=200),
    ),
    Experiment(
        "split by draw",
        "The classic mistake: the draws are split, not the expressions, so that test expressions were trained on: of "
        "10,000 draws of three numbers, the default, four of five. Does its result show it? A model that has "
        "understood the rest looks the same, and nobody notices.",
        _training(split_by="draw"),
    ),
)
