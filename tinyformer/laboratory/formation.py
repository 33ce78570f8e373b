"""How a model forms: what can be said of its weights at each step that was kept, with one ruler for all steps."""

from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.evaluate import accuracy_per_operation, evaluate
from tinyformer.layers import Softmax


class Glance(NamedTuple):
    """What a model says to one expression of T tokens."""

    probabilities: np.ndarray  # (V,) of each answer
    first_token: np.ndarray  # (L, H, T): what the first token looks at


class Standing(NamedTuple):
    """What a model can, and how it sees the tokens."""

    accuracies: tuple[float, ...]  # in the order of the task's operations
    embedding: np.ndarray  # (V, 2): the token embeddings on two axes


def principal_axes(model):
    """(D, 2): the two directions along which the token embeddings of a model differ most.

    Signs are fixed (the largest component of each is positive), so that a picture does not flip between two runs of
    the program.
    """
    embedding = model.named_parameters()["embedding.weight"].astype(np.float64)
    axes = np.linalg.svd(embedding - embedding.mean(axis=0), full_matrices=False)[2][:2].T
    return axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])


def glance(model, tokens):
    """tokens (T,) → Glance."""
    logits, tape = model.forward(np.asarray([tokens]), every_row=True)
    return Glance(
        Softmax().forward(logits)[0][0], np.stack([block.attention.weights[0, :, 0] for block in tape.blocks])
    )


def standing(model, examples, axes):
    """examples: a data set for `evaluate`; axes (D, 2): the same at every step → Standing."""
    embedding = model.named_parameters()["embedding.weight"].astype(np.float64)
    accuracies = tuple(row.accuracy for row in accuracy_per_operation(evaluate(model, examples)))
    return Standing(accuracies, (embedding - embedding.mean(axis=0)) @ axes)
