"""Parameters and the base of all layers: one flat vector per model, named views into it.

A layer standing alone owns its arrays. A model calls `flatten`, after which every parameter and every gradient is a
view into two vectors: the optimizer is a handful of vector operations, a snapshot is one copy (as in llm.c).
"""

import numpy as np


class Parameter:
    """An array that is learned (`value`) and the gradient of the loss with respect to it, of the same shape."""

    __slots__ = ("gradient", "value")

    def __init__(self, value):
        self.value = value
        self.gradient = np.zeros_like(value)


class ParameterPairs(list):
    """(parameter, gradient) pairs. `flat` is the one pair of vectors that they are views of, if there is one."""

    flat = None


class Layer:
    """Base of all layers.

    A layer offers `forward(x, …) → (y, tape)` and `backward(dy, tape) → dx`. Backward *adds* into the gradients.
    Forward writes nothing to `self`: what backward needs travels in the tape, so one layer serves many threads.
    """

    def parameters(self):
        """Yield (dotted name, Parameter) in order of definition, through nested layers and tuples of layers."""
        for name, member in vars(self).items():
            if isinstance(member, Parameter):
                yield name, member
                continue
            children = enumerate(member) if isinstance(member, tuple) else [(None, member)]
            for index, child in children:
                if isinstance(child, Layer):
                    prefix = name if index is None else f"{name}.{index}"
                    yield from ((f"{prefix}.{inner}", parameter) for inner, parameter in child.parameters())

    def get_parameters(self):
        """The (parameter, gradient) pairs, arrays of equal shape, in order of definition."""
        return ParameterPairs((p.value, p.gradient) for _, p in self.parameters())

    def named_parameters(self):
        """Dotted name → array, for example `blocks.0.attention.qkv.weight`. Views: writing changes the layer."""
        return {name: p.value for name, p in self.parameters()}

    def named_gradients(self):
        """Dotted name → gradient, under the names of `named_parameters`."""
        return {name: p.gradient for name, p in self.parameters()}

    def zero_grad(self):
        """Set all gradients to zero."""
        for _, parameter in self.parameters():
            parameter.gradient.fill(0)


def flatten(layer):
    """Move all parameters of `layer` into one vector and its gradients into another; return (vector, gradient).

    Afterwards the layer's arrays are views of the two, in the order of `named_parameters`.
    """
    parameters = [parameter for _, parameter in layer.parameters()]
    vector = np.concatenate([p.value.ravel() for p in parameters])
    gradient = np.zeros_like(vector)
    start = 0
    for p in parameters:
        here = slice(start, start + p.value.size)
        p.value, p.gradient = vector[here].reshape(p.value.shape), gradient[here].reshape(p.value.shape)
        start = here.stop
    return vector, gradient
