"""A model taken apart while it answers: what went into each layer and came out, forward and backward.

`dissect` runs one expression through a private float64 copy whose layers write down what passes through them; the model
itself is only read. Each `Passage` can be tried again on its own: `anatomy.trial("blocks.0.attention")`.
"""

import copy
from typing import NamedTuple

import numpy as np

from tinyformer.gradient_check import gradient_check
from tinyformer.layers import Softmax
from tinyformer.loss import CrossEntropyLoss
from tinyformer.parameters import Layer
from tinyformer.transformer import Transformer


class Trial(NamedTuple):
    """A layer of one's own (float64) with what goes into it."""

    layer: Layer
    inputs: tuple
    options: dict = {}  # noqa: RUF012  never written to
    d_output: np.ndarray | None = None  # the gradient that the loss sends to its output, where it stands in a model

    def run(self, d_output=None):
        """Forward and backward → Run. Without `d_output`, the one of the model; ones where there is none."""
        y, tape = self.layer.forward(*self.inputs, **self.options)
        if d_output is None:
            d_output = np.ones(np.shape(y)) if self.d_output is None else self.d_output
        self.layer.zero_grad()
        d_inputs = self.layer.backward(d_output, tape)
        d_inputs = d_inputs if isinstance(d_inputs, tuple) else (d_inputs,)
        gradients = {name: gradient.copy() for name, gradient in self.layer.named_gradients().items()}
        return Run(y, tape, d_output, d_inputs, gradients)

    def check(self, sample=24):
        """The GradientReport of this layer on these inputs, `sample` coordinates of each array."""
        return gradient_check(self.layer, *self.inputs, sample=sample, **self.options)


class Run(NamedTuple):
    y: np.ndarray
    tape: tuple | None
    d_output: np.ndarray
    d_inputs: tuple  # one for each input; None for integers
    gradients: dict[str, np.ndarray]  # of the parameters, by name


class Passage(NamedTuple):
    """One way through one layer. Gradients are those of the loss."""

    x: np.ndarray
    options: dict
    y: np.ndarray
    tape: tuple | None
    dy: np.ndarray | None = None
    dx: np.ndarray | None = None


class Anatomy(NamedTuple):
    model: Transformer  # the private float64 copy; never write to it
    tokens: np.ndarray  # (1, T)
    target: int  # token id that the loss asks for
    logits: np.ndarray  # (1, V)
    probabilities: np.ndarray  # (1, V)
    loss: float
    d_logits: np.ndarray  # (1, V)
    passages: dict[str, list[Passage]]  # by the dotted name of the layer; one for each time it was used

    def layer(self, name):
        """The layer with this dotted name, as `blocks.0.attention`."""
        part = self.model
        for step in name.split("."):
            part = part[int(step)] if step.isdigit() else getattr(part, step)
        return part

    def trial(self, name):
        """The layer of this name, copied, on the values that flow through it here → Trial."""
        passage = self.passages[name][0]
        return Trial(copy.deepcopy(self.layer(name)), (passage.x,), passage.options, passage.dy)


def dissect(model, expression, target=None):
    """Run an Expression forward and backward through every layer → Anatomy.

    `target` is the token id that the loss asks for; by default the right answer. Every row of the last block is
    computed, also those that nobody reads: their gradient is 0.
    """
    clean, recorded = as_float64(model), as_float64(model)
    passages = {}
    _record(recorded, "", passages)
    tokens = np.array([expression.tokens])
    target = expression.answer_token if target is None else int(target)
    logits, tape = recorded.forward(tokens, every_row=True)
    loss_fn = CrossEntropyLoss()
    loss, loss_tape = loss_fn.forward(logits, np.array([target]))
    d_logits = loss_fn.backward(loss_tape)
    recorded.backward(d_logits, tape)
    return Anatomy(clean, tokens, target, logits, Softmax().forward(logits)[0], loss, d_logits, passages)


def as_float64(model):
    """A copy of a transformer in double precision, as gradient checks need it."""
    copied = Transformer(model.config, seed=0, dtype="float64")
    copied.vector[:] = model.vector
    return copied


def _record(layer, name, passages):
    """Let every layer inside `layer` write into `passages`; a layer that is used twice has two entries."""
    for member_name, member in vars(layer).items():
        children = enumerate(member) if isinstance(member, tuple) else [(None, member)]
        for index, child in children:
            if isinstance(child, Layer):
                path = ".".join(str(part) for part in (name, member_name, index) if part not in ("", None))
                _record(child, path, passages)
                child.__class__ = _recording(type(child), passages.setdefault(path, []))


def _recording(kind, written):
    class Recording(kind):
        def forward(self, x, *arguments, **options):
            x = np.array(x)  # copies: what comes out may be changed in place later on
            y, tape = super().forward(x, *arguments, **options)
            written.append(Passage(x, options, np.array(y), tape))
            return y, tape

        def backward(self, dy, tape):
            kept = np.array(dy)
            dx = super().backward(dy, tape)
            place = next(i for i, passage in enumerate(written) if passage.tape is tape and passage.dy is None)
            written[place] = written[place]._replace(dy=kept, dx=None if dx is None else np.array(dx))
            return dx

    return Recording
