"""Stochastic gradient descent with momentum, Adam with decoupled weight decay, clipping, and learning-rate schedules.

Each optimizer takes (parameter, gradient) pairs: a list of them, or a callable that returns it, so that it never holds
stale ones. For a model they are views of two vectors, and a step is a handful of in-place operations on those.
"""

import math

import numpy as np


def _arrays(pairs):
    """The (parameter, gradient) arrays to work on: the two flat vectors where there are any."""
    flat = getattr(pairs, "flat", None)
    return [flat] if flat is not None else list(pairs)


class _Optimizer:
    """`state`, a list of arrays, and `step_count`, the steps taken, are all there is beside the parameters."""

    num_slots = 0  # arrays of state per parameter array

    def __init__(self, parameters, learning_rate):
        if not (math.isfinite(learning_rate) and learning_rate > 0):
            raise ValueError(f"learning_rate must be a positive number, got {learning_rate!r}")
        self._parameters = parameters if callable(parameters) or isinstance(parameters, list) else list(parameters)
        self.learning_rate, self.step_count = learning_rate, 0
        arrays = [p for p, _ in _arrays(self.get_parameters())]
        if not arrays:
            raise ValueError("there is nothing to optimize: expected (parameter, gradient) pairs, got none")
        self.state = [np.zeros_like(p) for p in arrays for _ in range(self.num_slots)]
        self._scratch = np.empty(max(p.size for p in arrays), arrays[0].dtype)  # allocated once: 15 % of a step

    def get_parameters(self):
        """The (parameter, gradient) pairs as they are now."""
        return self._parameters() if callable(self._parameters) else self._parameters

    def step(self):
        """Move every parameter along its gradient, in place."""
        self.step_count += 1
        slots = iter(self.state)
        for parameter, gradient in _arrays(self.get_parameters()):
            scratch = self._scratch[: parameter.size].reshape(parameter.shape)
            self._update(parameter, gradient, *(next(slots) for _ in range(self.num_slots)), scratch)


class SGD(_Optimizer):
    """v ← μ v + g,  p ← p − η v. The velocity is v; with momentum μ = 0, v is the gradient itself."""

    num_slots = 1

    def __init__(self, parameters, learning_rate=0.1, momentum=0.0):
        super().__init__(parameters, learning_rate)
        self.momentum = momentum

    def _update(self, parameter, gradient, velocity, scratch):
        velocity *= self.momentum
        velocity += gradient
        parameter -= np.multiply(velocity, self.learning_rate, out=scratch)


class Adam(_Optimizer):
    """m ← β₁ m + (1−β₁) g,  v ← β₂ v + (1−β₂) g²,  p ← p − η m̂ / (√v̂ + ε), with m̂ and v̂ corrected for their start
    at zero. Kingma & Ba (2015), algorithm 1. Weight decay shrinks p by η·decay, apart from the gradient: Loshchilov &
    Hutter (2019). It shrinks matrices alone, embeddings included, as nanoGPT's does; `decay_of="all"`: gains and biases
    too, as it was here once."""

    num_slots = 2

    def __init__(
        self,
        parameters,
        learning_rate=1e-3,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        weight_decay=0.0,
        decay_of="matrices",
    ):
        super().__init__(parameters, learning_rate)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.weight_decay, self.decay_of = weight_decay, decay_of

    def step(self):
        if self.weight_decay:
            for parameter, _ in self.get_parameters():  # single arrays also where there is a flat vector
                if self.decay_of == "all" or parameter.ndim > 1:
                    parameter *= 1 - self.learning_rate * self.weight_decay
        super().step()

    def _update(self, parameter, gradient, m, v, scratch):
        m *= self.beta1
        m += np.multiply(gradient, 1 - self.beta1, out=scratch)
        v *= self.beta2
        np.multiply(gradient, gradient, out=scratch)
        scratch *= 1 - self.beta2
        v += scratch
        # The two corrections, taken out of the vectors: η m̂ / (√v̂ + ε) = η √c₂/c₁ · m / (√v + ε √c₂).
        correction1 = 1 - self.beta1**self.step_count
        root2 = math.sqrt(1 - self.beta2**self.step_count)
        np.sqrt(v, out=scratch)
        scratch += self.epsilon * root2
        np.divide(m, scratch, out=scratch)
        scratch *= self.learning_rate * root2 / correction1
        parameter -= scratch


def gradient_norm(pairs):
    """The Euclidean norm of all gradients together."""
    return math.sqrt(sum(float(np.vdot(g, g)) for _, g in _arrays(pairs)))


def clip_by_global_norm(pairs, max_norm, norm=None):
    """Scale all gradients, in place, so that their common norm is at most `max_norm`; return the norm before.

    Pascanu, Mikolov & Bengio (2013). Pass `norm` if it is known already.
    """
    norm = gradient_norm(pairs) if norm is None else norm
    if norm > max_norm:
        for _, gradient in _arrays(pairs):
            gradient *= max_norm / norm
    return norm


def constant(learning_rate, step, total_steps, warmup_steps=0):
    """The same learning rate at every step."""
    return learning_rate


def warmup_cosine(learning_rate, step, total_steps, warmup_steps=100):
    """Linear from 0 to `learning_rate` over the warm-up, then half a cosine down to 0. `step` counts from 1."""
    if step < warmup_steps:
        return learning_rate * step / warmup_steps
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


SCHEDULES = {"constant": constant, "cosine": warmup_cosine}
