"""Are the gradients exact? Each analytic derivative against a central difference, (f(x+h) − f(x−h)) / 2h.

f is the sum of the layer's output times a fixed random d_output, so that its gradient is what `backward(d_output)`
returns. The measure is |a − n| / max(|a|, |n|, 10⁻³ · max|g|), the largest over all coordinates of all arrays:
relative, but blind to noise in coordinates a thousand times smaller than the largest. Coordinates whose step carries a
ReLU over its kink have no derivative to compare with: they are left out, and counted.
"""

from dataclasses import dataclass

import numpy as np

from tinyformer.layers.activations import ReLUTape
from tinyformer.parameters import Layer

TOLERANCE = 1e-6
STEP = 1e-5


@dataclass(frozen=True)
class GradientReport:
    """The worst coordinate of a check, and how many were compared."""

    error: float  # by the measure above
    name: str  # of the parameter, or "input", "input 1", …
    index: tuple[int, ...]
    analytic: float
    numerical: float
    checked: int
    kinks: int
    errors: dict[str, float]  # the largest error of each array, by name
    tolerance: float = TOLERANCE

    @property
    def passed(self):
        return self.error <= self.tolerance

    def __str__(self):
        place = f"{self.name}[{', '.join(map(str, self.index))}]"
        return (
            f"{'exact' if self.passed else 'WRONG'}: worst relative error {self.error:.1e} at {place} "
            f"(analytic {self.analytic:.6g}, numerical {self.numerical:.6g}); "
            f"{self.checked:,} coordinates compared, {self.kinks} at a kink left out"
        )


def gradient_check(layer, *inputs, sample=None, step=STEP, tolerance=TOLERANCE, seed=0, **options):
    """Check `layer.backward` for all parameters and all inputs of floating type; return a GradientReport.

    `inputs` and `options` go to `layer.forward` as they are; use float64 throughout. `sample` compares that many
    coordinates of each array, chosen by `seed`, instead of all. The layer's gradients are overwritten, its parameters
    are moved and put back, so check a copy if somebody else uses it. Raises ValueError on arrays that aren't float64.
    """
    rng = np.random.default_rng(seed)
    inputs = [np.array(x) for x in inputs]
    y, tape = layer.forward(*inputs, **options)
    d_output = rng.standard_normal(y.shape)
    layer.zero_grad()
    d_inputs = layer.backward(d_output, tape)
    arrays = _arrays_to_check(layer, inputs, d_inputs)
    floor = 1e-3 * max((np.abs(gradient).max() for _, gradient in arrays.values()), default=0.0)

    def difference(array, index):
        """The central difference at one coordinate, or None at a kink."""
        original = array[index]
        array[index] = original + step
        above, tape_above = layer.forward(*inputs, **options)
        above = above.copy()  # a layer may return its input
        array[index] = original - step
        below, tape_below = layer.forward(*inputs, **options)
        below = below.copy()
        array[index] = original
        same_side = all(map(np.array_equal, _relu_patterns(tape_above), _relu_patterns(tape_below)))
        # Subtracted before they are summed: the outputs are large beside their differences.
        return np.sum((above - below) * d_output) / (2 * step) if same_side else None

    worst, errors, checked, kinks = (-1.0, "", (), 0.0, 0.0), {}, 0, 0
    for name, (array, gradient) in arrays.items():
        errors[name] = 0.0
        chosen = np.arange(array.size)
        if sample is not None and sample < array.size:
            chosen = rng.choice(array.size, sample, replace=False)
        for index in zip(*np.unravel_index(chosen, array.shape), strict=True):
            numerical, analytic = difference(array, index), gradient[index]
            if numerical is None:
                kinks += 1
                continue
            checked += 1
            gap = abs(analytic - numerical)
            if not np.isfinite(gap):
                error = float("inf")
            else:
                error = float(gap / max(abs(analytic), abs(numerical), floor)) if gap else 0.0
            errors[name] = max(errors[name], error)
            if error > worst[0]:
                worst = (error, name, tuple(map(int, index)), float(analytic), float(numerical))
    error, name, index, analytic, numerical = worst
    return GradientReport(max(error, 0.0), name, index, analytic, numerical, checked, kinks, errors, tolerance)


class _FromEmbedded(Layer):
    """A transformer whose input is embedded tokens, so that the gradient at its input can be checked as well."""

    def __init__(self, model):
        self.model = model

    def forward(self, x, **options):
        return self.model.forward_embedded(x, **options)

    def backward(self, dy, tape):
        return self.model.backward(dy, tape)


def check_model(model, tokens, mask=None, sample=None, **options):
    """Check a float64 transformer on tokens (B, T): all its parameters, and its input, the embedded tokens.

    Return the worse of the two reports, with the errors of both.
    """
    through_tokens = gradient_check(model, tokens, mask=mask, sample=sample, **options)
    embedded = model.embedding.forward(tokens)[0]
    inner = _FromEmbedded(model)
    inner.parameters = lambda: iter(())  # they have just been checked
    at_input = gradient_check(inner, embedded, mask=mask, sample=sample, **options)
    worse = max(through_tokens, at_input, key=lambda report: report.error)
    return GradientReport(
        **vars(worse)
        | {
            "errors": through_tokens.errors | at_input.errors,
            "checked": through_tokens.checked + at_input.checked,
            "kinks": through_tokens.kinks + at_input.kinks,
        }
    )


def _arrays_to_check(layer, inputs, d_inputs):
    """Name → (array, gradient) for the parameters and the inputs that have a gradient."""
    parameters, gradients = layer.named_parameters(), layer.named_gradients()
    arrays = {name: (value, gradients[name].copy()) for name, value in parameters.items()}
    d_inputs = d_inputs if isinstance(d_inputs, tuple) else (d_inputs,)
    for number, (x, dx) in enumerate(zip(inputs, d_inputs, strict=False)):
        if np.issubdtype(x.dtype, np.floating):
            arrays["input" if len(inputs) == 1 else f"input {number}"] = (x, dx)
    for name, (array, _) in arrays.items():
        if array.dtype != np.float64:
            raise ValueError(f"a gradient check needs float64, but {name} is {array.dtype}")
    return arrays


def _relu_patterns(tape):
    """Yield, from a tape and the tapes inside it, where each ReLU was active."""
    if isinstance(tape, ReLUTape):
        yield tape.active
    elif isinstance(tape, tuple):
        for part in tape:
            yield from _relu_patterns(part)
