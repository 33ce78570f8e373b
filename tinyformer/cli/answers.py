"""An answer of a model as text: whether it is right, whether the model was trained on the question, its top five."""

import numpy as np

from tinyformer import extract_attention_weights, side_of
from tinyformer.cli import heatmap, tables, terminal
from tinyformer.cli.tables import percent
from tinyformer.cli.terminal import paint
from tinyformer.evaluation.report import split_of

SIDES = {
    "train": "from the training side",
    "validation": "validation, used to choose the best weights",
    "test": "held out, never seen in training",
}


def probabilities(model, expression):
    """What a model makes of an Expression → (V,)."""
    return model.predict(np.array([expression.tokens]))[0]


def side(checkpoint, expression):
    """In words, where this model's training had the expression."""
    if checkpoint.training is None:
        return "it is not known what it was trained on"
    low, high = checkpoint.training.num_args_range
    if not low <= len(expression.numbers) <= high:
        return f"{len(expression.numbers)} numbers, a length it was never trained on"
    if checkpoint.training.split_by == "draw":
        return "possibly seen: its draws were split at random"
    data_seed, shares = split_of(checkpoint)
    return SIDES[side_of(expression, data_seed=data_seed, shares=shares)]


def verdict(p, expression):
    """ "9, right" or "3, wrong: it is 9", of the most probable of p (V,)."""
    word = expression.task.vocabulary[p.argmax()]
    if p.argmax() == expression.answer_token:
        return f"{paint(word, 'bold')}, {paint('right', 'green')}"
    return f"{paint(word, 'bold')}, {paint('wrong', 'red')}: it is {expression.answer}"


def top_five(p, vocabulary, right=None):
    """Print the five most probable answers of p (V,) with bars; the right one is marked."""
    columns = min(40, terminal.width() - 30)
    for token in np.argsort(-p, kind="stable")[:5]:
        mark = "  the right one" if token == right else ""
        print(f"  {vocabulary[token]:>6}  {tables.bar(p[token], columns)}  {percent(float(p[token]), 2):>8}{mark}")


def first_token_rows(model, expression):
    """Print, for every head of every block, what the first token looks at."""
    weights = extract_attention_weights(model, np.array(expression.tokens))[:, 0, :, 0]  # (L, H, T)
    labels = [f"block {block + 1}  head {head + 1}" for block, head in np.ndindex(weights.shape[:2])]
    heatmap.rows(weights.reshape(-1, weights.shape[-1]), labels, expression.words)
