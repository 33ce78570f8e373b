"""Explore Attention: every layer and head of the models on display, for one expression, on one scale."""

import streamlit as st

from dashboard import components, selection
from dashboard.charts import attention, focus
from tinyformer import effective_positions, extract_attention_weights, focus_label, normalized_entropy
from tinyformer.attention_patterns import DISTRIBUTED_FROM, FOCUSED_UP_TO
from tinyformer.vocabulary import VOCABULARY

HEAD_SIZES = {1: 196, 2: 196, 3: 124, 4: 84}  # of one heatmap in pixels, by the number of models
FIRST, ALL = "first token's row", "mean of all rows"

models, expression = selection.current()[:2]
words = [VOCABULARY[token] for token in expression.tokens]

st.title("Explore Attention")
st.markdown(f"Each square is one head reading **{expression}**: a row for each token, showing where it looks.")
components.require_models(models)

rows = st.segmented_control(
    "Focus is measured on", [FIRST, ALL], default=FIRST, required=True, key="rows", bind="query-params",
    help="The answer is read off the first token. In the last layer, no other row reaches the answer.",
)  # fmt: skip
weights = {shown.name: extract_attention_weights(shown.model, expression.tokens)[:, 0] for shown in models}


def entropies(name):
    """(L, H) normalized entropy and (L, H) effective number of tokens, of the rows that were asked for."""
    chosen = weights[name][:, :, :1] if rows == FIRST else weights[name]
    return normalized_entropy(chosen).mean(axis=-1), effective_positions(chosen).mean(axis=-1)


points = []
for shown, column, _ in components.side_by_side(models, components.origin):
    entropy, positions = entropies(shown.name)
    labels = [[focus_label(value) for value in layer] for layer in entropy]
    notes = [[f"{focus_label(value)} {value:.2f}" for value in layer] for layer in entropy]
    points += [
        (shown.name, layer + 1, head + 1, entropy[layer, head], positions[layer, head], labels[layer][head])
        for layer in range(entropy.shape[0])
        for head in range(entropy.shape[1])
    ]
    blocks = range(len(entropy)) if len(models) == 1 else [slice(None)]  # alone, its layers lie side by side
    with column, st.container(horizontal=True):
        for block in blocks:
            figure = attention.heads(weights[shown.name], words, notes, HEAD_SIZES[len(models)], layers=block)
            components.draw(figure, key=f"heads-{shown.name}-{len(models)}-{block}")
components.draw(attention.scale(), key="scale")
components.how_to_read(
    "Rows are **queries**, the tokens that look; columns are **keys**, the tokens that are looked at. A row sums to 1. "
    "One strong cell in a row: the head picks that token. An even row: it averages over all of them.\n\n"
    "The answer is read off the first token, so the **first row** of the last layer is what the answer is made of.\n\n"
    "The number above a square is the normalized entropy: 0 when all weight is on one token, 1 when all tokens get "
    f"the same. Up to {FOCUSED_UP_TO} it is called focused, from {DISTRIBUTED_FROM} distributed, mixed in between."
)

st.subheader("Focused or distributed?", anchor=False)
st.caption(f"Each mark is one head of one model, measured on the {rows}. Left: one token. Right: all tokens alike.")
looks = [(shown.name, shown.style.color, shown.style.shape) for shown in models]
components.draw(focus.focus(points, looks, FOCUSED_UP_TO, DISTRIBUTED_FROM), key="focus", stretch=True)
components.how_to_read(
    "Entropy measures how spread a row of weights is. It is divided by the logarithm of the number of tokens, so that "
    "short and long expressions can be compared. Its exponential, before the division, is the *effective number of "
    "tokens* a head looks at; point at a mark to see it."
)
