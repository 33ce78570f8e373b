"""Embeddings: does the model know that 8 is next to 9?"""

import pandas as pd
import streamlit as st

from dashboard import caches, components, sections
from dashboard.charts import digits
from dashboard.plain_text import plain
from tinyformer import Transformer
from tinyformer.evaluation.embeddings import cosine_similarity, digit_embeddings, number_sense, principal_components

CODE = """\
from tinyformer import load_checkpoint
from tinyformer.evaluation.embeddings import cosine_similarity, digit_embeddings, number_sense
vectors = digit_embeddings(load_checkpoint("{path}").model)
print(cosine_similarity(vectors).round(2))
print(number_sense(vectors))"""
SIZES = {1: 300, 2: 270, 3: 216, 4: 170}  # pixels, by the number of models


def draw(models, expression):
    """One column per model, then the rank correlations."""
    size = SIZES[len(models)]
    for shown, column, _ in components.side_by_side(models, components.origin):
        vectors = digit_embeddings(shown.model)
        with column:
            components.draw(digits.similarity(cosine_similarity(vectors), size), key=f"cosines-{shown.name}")
            figure = digits.plane(*principal_components(vectors), shown.style.color, size)
            components.draw(figure, key=f"plane-{shown.name}")
    st.subheader("Near in number, near in embedding?", anchor=False)
    table = pd.DataFrame([correlations(shown) for shown in models])
    st.markdown(verdict(table))
    st.dataframe(
        table,
        hide_index=True,
        key="number-sense",
        alt="Near in number, near in embedding?",
        column_config={
            "rank correlation": st.column_config.NumberColumn(
                format="%.3f", help="Spearman's, over the 45 pairs of digits: distance of the vectors, of the numbers"
            ),
            "by chance": st.column_config.NumberColumn(
                format="%.1f%%", help="Of random renumberings of the digits, so many correlate at least as well"
            ),
            "before training": st.column_config.NumberColumn(format="%.3f"),
        },
    )
    sections.in_python(CODE.format(path=models[0].file.path))
    components.how_to_read(
        "Each digit is a vector, which training has moved. **Cosine similarity** is 1 for vectors that point the same "
        "way, 0 for unrelated ones. The **principal axes** are the two directions in which the ten vectors differ "
        "most; they show part of the picture only, as their shares say; the line joins 0, 1, 2 … 9 in "
        "their order.\n\n"
        "If the model had laid the digits out like a ruler, far numbers would be far vectors and the **rank "
        "correlation** would be near 1. Near 0, as before training, their order is not in the distances. A "
        "model that has learned Max or Min needs the order: later layers can read it off any direction, however small."
    )


def verdict(table):
    """What the table says, in words."""
    least = 5 / len(table)  # per cent: so many models, so many chances to find an order that is none (Bonferroni)
    shared = "" if len(table) == 1 else f" (5%, shared among {len(table)} models)"
    ordered = table[table["by chance"] <= least]["model"]
    if not len(ordered):
        return (
            f"One cannot tell it from the distances: more than {least:.3g}% of all random renumberings of the digits "
            f"do as well, for {'this model' if len(table) == 1 else 'each of these models'}{shared}."
        )
    names = ", ".join(map(plain, ordered))
    return (
        f"Their order is in the distances of {names}: at most {least:.3g}% of random renumberings do as well{shared}."
    )


def correlations(shown):
    """One row of the table."""
    found = number_sense(digit_embeddings(shown.model))
    return {
        "model": f"{shown.style.glyph} {shown.name}",
        "rank correlation": found.correlation,
        "by chance": 100 * found.by_chance,
        "before training": before_training(shown.file),
    }


@st.cache_resource(max_entries=64, show_spinner=False)
def before_training(file):
    """The correlation of the weights that its training began with; None where the seed is not known."""
    training = caches.checkpoint(file).training
    if training is None:
        return None
    return number_sense(digit_embeddings(Transformer(training.model, seed=training.seed))).correlation
