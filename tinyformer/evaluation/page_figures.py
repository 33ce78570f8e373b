"""What the sections of the Evaluate page show of one model, as a dict that JSON can hold: `report` has the head line.

It asks 5,500 expressions more than `report`, shorter and longer ones, and so stands apart from what every visitor
waits for.
"""

import numpy as np

from tinyformer.evaluation.answer_places import PLACES, answer_places
from tinyformer.evaluation.calibration import BAND_ENDS, confidence_bands, reliability
from tinyformer.evaluation.drawn import times_drawn
from tinyformer.evaluation.embeddings import digit_embeddings, number_sense
from tinyformer.evaluation.evaluate import accuracy_per_operation, confusion_matrix
from tinyformer.evaluation.length_generalization import accuracy_by_length
from tinyformer.evaluation.report import as_figures, by_side, figure
from tinyformer.task.datasets import SIDES


def page_figures(checkpoint, evaluation, sides):
    """A Checkpoint and its `report.whole_space` → a dict; None where a figure is not finite or not known.

    "sides" has, for each of "test", "validation", "train" and "all", the slices by the place of the answer, the
    confusion matrix and the bins of confidence. "wrong" lists every mistake: models can be compared by it.
    """
    lengths = accuracy_by_length(checkpoint.model, checkpoint.training)
    return {
        "sides": {side: _of_side(part) for side, part in by_side(evaluation, sides).items()},
        "wrong": _mistakes(checkpoint.training, evaluation, sides),
        "lengths": [as_figures(row) for row in lengths],
        "number_sense": as_figures(number_sense(digit_embeddings(checkpoint.model))),
    }


def _of_side(part):
    places = answer_places(part.tokens, part.targets)
    finite = bool(np.isfinite(part.confidence).all())
    return {
        "places": {
            name: [as_figures(row) for row in accuracy_per_operation(part.select(places == index))]
            for index, name in enumerate(PLACES)
        },
        "confusion": confusion_matrix(part).tolist(),
        "reliability": [as_figures(row) for row in reliability(part) if row.count] if finite else None,
        "confidence_bands": [
            {"up_to": end, "right": right, "wrong": wrong}
            for end, (right, wrong) in zip(BAND_ENDS, confidence_bands(part), strict=True)
        ]
        if finite
        else None,
    }


def _mistakes(training, evaluation, sides):
    where = (~evaluation.correct).nonzero()[0]
    part = evaluation.select(where)
    drawn = times_drawn(training, part.tokens, part.mask, sides[where]) if training else None
    drawn = [None] * len(part) if drawn is None else drawn.tolist()
    task, answered, confidence = part.task, part.predictions, part.confidence  # each is computed anew when asked for
    return [
        {
            "expression": task.detokenize(part.tokens[i][part.mask[i]]),
            "answer": task.vocabulary[part.targets[i]],
            "answered": task.vocabulary[answered[i]],
            "confidence": figure(confidence[i]),
            "probability_of_answer": figure(part.probabilities[i, part.targets[i]]),
            "side": SIDES[sides[where[i]]],
            "times_drawn": drawn[i],
        }
        for i in range(len(part))
    ]
