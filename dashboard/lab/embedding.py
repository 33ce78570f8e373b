"""Bench: each token id selects a row of a table."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_matrix
from dashboard.lab.bench import Bench, Panel, flat, numbered
from tinyformer.laboratory.causes import Cause, result
from tinyformer.laboratory.embedding_geometry import cosine_similarities, neighbor_similarity
from tinyformer.layers import Embedding
from tinyformer.task.vocabulary import DIGITS


def panels(view):
    table, y = view.trial.layer.weight.value, flat(view.run.y)
    columns = numbered(y.shape[1])
    return [
        Panel("W", "W, the table: one row per token of the vocabulary", table, view.stage.vocabulary, columns),
        Panel("y", "y: the rows that the expression selects", y, view.rows, columns, clickable=True),
    ]


def cause(view, name, i, j):
    token = int(view.trial.inputs[0].ravel()[i])
    value = view.trial.layer.weight.value[token, j]
    return Cause(
        float(value),
        f"W[{token}, {j}] = {result(value)}: row {token} of the table, the token {view.stage.vocabulary[token]}",
        {"W": (token, slice(None))},
    )


@st.fragment
def experiment(stage):
    """What the table has learned: which tokens point the same way."""
    only = st.toggle("Digits only", value=True, key="digits-only")
    chosen = list(DIGITS) if only else list(range(len(stage.vocabulary)))
    similar = cosine_similarities(stage.anatomy.model.embedding.weight.value[chosen])
    words = [stage.vocabulary[token] for token in chosen]
    components.draw(lab_matrix.matrix(similar, words, words, "Cosine of the angle between two rows"), key="cosines")
    if only:
        neighbors, pairs = neighbor_similarity(similar)
        chance = 1 / np.sqrt(stage.anatomy.model.config.embed_dim)
        st.caption(
            f"Neighbors such as 4 and 5 have a mean cosine of {result(neighbors)}, all pairs of different digits "
            f"{result(pairs)}. Random rows of this width would be near 0, give or take {chance:.2f}."
        )


BENCH = Bench(
    key="embedding",
    title="Embedding",
    paragraph=(
        "Each token becomes a vector: its row of a table that is learned like every other parameter. It is the only "
        "place where the model knows tokens by name; from here on there are only vectors. On the way back, a row gets "
        "the sum of the gradients of all places where its token occurred. Rows that did not occur get none."
    ),
    forward=r"y_t = W_{\mathrm{token}(t)}, \qquad W \in \mathbb{R}^{V \times D}",
    backward=r"dW_v = \sum_{t \,:\, \mathrm{token}(t) = v} dy_t",
    source=(Embedding,),
    place="embedding",
    panels=panels,
    cause=cause,
    experiment=experiment,
)
