"""One training step under the microscope: what it promises, what it does, and how long a step may be.

For plain gradient descent, w′ = w − η g, the first order of Taylor's series promises a change of the loss by −η ‖g‖².
"""

import copy
import math
from typing import NamedTuple

import numpy as np

from tinyformer.loss import CrossEntropyLoss
from tinyformer.training import compute_gradients


class LayerStep(NamedTuple):
    """One group of parameters in this step."""

    name: str
    gradient_norm: float
    weight_norm: float
    update_ratio: float  # ‖η g‖ / ‖w‖; about 1e-3 is usual


class Step(NamedTuple):
    """One step on a batch of B expressions. Probabilities are (B, V)."""

    loss_before: float
    loss_after: float
    predicted_change: float  # −η ‖g‖²
    before: np.ndarray
    after: np.ndarray
    layers: tuple[LayerStep, ...]

    @property
    def true_change(self):
        return self.loss_after - self.loss_before


class Descent(NamedTuple):
    """The same step for R learning rates."""

    rates: np.ndarray  # (R,)
    predicted: np.ndarray  # (R,) change of the loss that −η ‖g‖² promises
    true: np.ndarray  # (R,) change that happens
    breaks_at: float | None  # the smallest rate at which the promise is off by more than half; None: none of them


def batch_of(config, data, step):
    """The batch that a training with this TrainingConfig and TrainingData takes in this step, counted from 1."""
    epoch, position = divmod(step - 1, math.ceil(len(data.train.targets) / config.batch_size))
    order = np.random.default_rng([config.seed, 1, epoch]).permutation(len(data.train.targets))  # as in Trainer.records
    return data.train.take(order[position * config.batch_size :][: config.batch_size])


def take_step(model, batch, learning_rate):
    """One step of gradient descent, on a copy → Step. batch: tokens (B, T), targets (B,), mask (B, T)."""
    model = copy.deepcopy(model)
    loss_fn = CrossEntropyLoss()
    before = model.predict(batch.tokens, batch.mask)
    loss, _ = compute_gradients(model, batch.tokens, batch.targets, loss_fn, batch.mask)
    squared = float(np.vdot(model.gradient, model.gradient))
    layers = _by_layer(model, learning_rate)
    model.vector -= np.float32(learning_rate) * model.gradient
    after, _ = loss_fn.forward(model.forward(batch.tokens, batch.mask)[0], batch.targets)
    return Step(loss, after, -learning_rate * squared, before, model.predict(batch.tokens, batch.mask), layers)


def descend(model, batch, rates):
    """What is promised and what happens for each learning rate, rising → Descent. The model stays as it is."""
    model, rates = copy.deepcopy(model), np.asarray(rates, np.float64)
    loss_fn = CrossEntropyLoss()
    loss, _ = compute_gradients(model, batch.tokens, batch.targets, loss_fn, batch.mask)
    here, gradient = model.vector.copy(), model.gradient.copy()
    predicted = -rates * float(np.vdot(gradient, gradient))
    true = np.empty_like(rates)
    for i, rate in enumerate(rates):
        model.vector[:] = here - np.float32(rate) * gradient
        true[i] = loss_fn.forward(model.forward(batch.tokens, batch.mask)[0], batch.targets)[0] - loss
    off = np.abs(true - predicted) > 0.5 * np.abs(predicted)
    # Below it, rounding in float32 may be larger than the change itself: the last rate that holds counts.
    holds = np.flatnonzero(~off)
    first_off = 0 if not holds.size else holds[-1] + 1
    return Descent(rates, predicted, true, float(rates[first_off]) if first_off < len(rates) else None)


def _by_layer(model, learning_rate):
    """LayerStep of each layer: its parameters are those whose names agree up to the last dot."""
    sums = {}
    gradients = model.named_gradients()
    for name, value in model.named_parameters().items():
        layer = name.rpartition(".")[0]
        g, w = sums.get(layer, (0.0, 0.0))
        sums[layer] = g + float(np.vdot(gradients[name], gradients[name])), w + float(np.vdot(value, value))
    norms = ((layer, g**0.5, w**0.5) for layer, (g, w) in sums.items())
    return tuple(LayerStep(layer, g, w, learning_rate * g / w if w else float("nan")) for layer, g, w in norms)
