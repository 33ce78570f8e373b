"""Four ways to be wrong, four checks: gradient check, reference value, padding invariance, repeated backward.

Each takes a float64 model and its loss function and says whether it passed, the largest error, and where that is.
"""

from typing import NamedTuple

import numpy as np

from tinyformer.gradient_cases import LossLayer
from tinyformer.gradient_check import check_model, gradient_check
from tinyformer.laboratory.reference import reference_forward
from tinyformer.task.datasets import create_batch
from tinyformer.task.vocabulary import VOCABULARY, tokenize

SHORT, LONG = "Max ( 5 3 )", "Min ( 8 1 4 7 )"


class CheckResult(NamedTuple):
    name: str
    passed: bool
    error: float  # relative
    tolerance: float
    where: str
    found: float
    expected: float
    begins: str = ""  # of a wrong gradient: the first wrong array on the way back, next to the cause

    def __str__(self):
        says = "passed" if self.passed else "FAILED"
        return f"{self.name} {says}: {self.error:.1e} at {self.where}, {self.found:.6g} and {self.expected:.6g}"


def check_gradients(model, loss_fn, sample=4):
    """Backward against central differences: `sample` coordinates of every parameter, the input, and the loss."""
    tokens, _, mask = _padded_batch()
    logits = np.random.default_rng(0).standard_normal((3, model.config.vocab_size))
    of_loss = gradient_check(LossLayer(loss_fn, np.array([5, 7, 2])), logits)
    of_model = check_model(model, tokens, mask, sample=sample)
    report, part = max((of_model, ""), (of_loss, "loss, "), key=lambda pair: pair[0].error)
    where = f"{part}{report.name}[{', '.join(map(str, report.index))}]"
    wrong = [name for name, error in of_model.errors.items() if error > report.tolerance and name != "input"]
    begins = "loss" if not of_loss.passed else wrong[-1] if wrong else ""
    return CheckResult(
        "gradient check",
        report.passed,
        report.error,
        report.tolerance,
        where,
        report.analytic,
        report.numerical,
        begins,
    )


def check_reference(model, loss_fn=None):
    """Attention weights and logits against an independent forward pass after the papers (`reference.py`)."""
    tokens = tokenize(LONG)
    logits, tape = model.forward(np.array([tokens]), every_row=True)
    expected, patterns = reference_forward(model.named_parameters(), model.config, tokens)
    places = {f"blocks.{i}.attention weights": (b.attention.weights[0], patterns[i]) for i, b in enumerate(tape.blocks)}
    return _worst("reference value", places | {"logits": (logits[0], expected)}, 1e-9, first=True)


def check_padding(model, loss_fn=None):
    """Logits of two expressions in one padded batch against those of each alone."""
    tokens, _, mask = _padded_batch()
    together, _ = model.forward(tokens, mask)
    alone = {text: model.forward(np.array([tokenize(text)]))[0][0] for text in (SHORT, LONG)}
    places = {f"logits of {text}": (row, alone[text]) for text, row in zip((SHORT, LONG), together, strict=True)}
    return _worst("padding invariance", places, 1e-9)


def check_repetition(model, loss_fn):
    """The gradients of one batch, computed twice with zero_grad before each, have to be the same."""
    tokens, targets, mask = _padded_batch()
    runs = []
    for _ in range(2):
        model.zero_grad()
        logits, tape = model.forward(tokens, mask)
        model.backward(loss_fn.backward(loss_fn.forward(logits, targets)[1]), tape)
        runs.append({name: gradient.copy() for name, gradient in model.named_gradients().items()})
    first, second = runs
    return _worst("repeated backward", {name: (second[name], first[name]) for name in first}, 1e-12)


CHECKS = {
    "gradient check": check_gradients,
    "reference value": check_reference,
    "padding invariance": check_padding,
    "repeated backward": check_repetition,
}


def _padded_batch():
    return create_batch([(tokenize(SHORT), 7), (tokenize(LONG), 3)])


def _worst(name, places, tolerance, first=False):
    """The largest |found − expected| / max|expected|. `first`: of the first place that exceeds the tolerance."""
    worst = (-1.0, "", 0.0, 0.0)
    for place, (found, expected) in places.items():
        errors = np.abs(found - expected) / max(np.abs(expected).max(), 1e-300)
        index = np.unravel_index(np.argmax(errors), errors.shape)
        if errors[index] > worst[0]:
            # A logit is named by its token.
            spot = VOCABULARY[index[0]] if "logits" in place else ", ".join(map(str, map(int, index)))
            worst = (float(errors[index]), f"{place}[{spot}]", float(found[index]), float(expected[index]))
        if first and worst[0] > tolerance:
            break
    error, where, found, expected = worst
    return CheckResult(name, error <= tolerance, error, tolerance, where, found, expected)
