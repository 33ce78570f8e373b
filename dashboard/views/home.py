"""Home: one expression, the answer of each model, and what its first token looked at."""

import random
from html import escape

import streamlit as st

from dashboard import components, selection
from dashboard.charts import attention, bars
from dashboard.pages import PAGES
from tinyformer import OPERATIONS, Expression, extract_attention_weights
from tinyformer.task.vocabulary import VOCABULARY

TRY = ("Max ( 5 3 9 )", "Min ( 7 2 2 )", "First ( 4 8 1 )", "Second ( 6 0 9 )", "Last ( 3 3 8 )")


def surprise():
    numbers = tuple(random.randrange(10) for _ in range(3))
    selection.show_expression(Expression(random.choice(OPERATIONS), numbers))


models, expression = selection.current()[:2]

st.title("The transformer you can watch think")
st.markdown(
    "A complete transformer, written from scratch in NumPy, has learned to answer small questions about digits. "
    "Below, models that began with different random numbers answer the same one: do they agree, and do they look at "
    "the same things? Every number on these pages is computed live."
)

question = "".join(f"<span>{escape(VOCABULARY[token])}</span>" for token in expression.tokens)
st.html(f'<div class="tf-tokens">{question}<em>=</em><span><b>{expression.answer}</b></span></div>')
with st.container(horizontal=True, gap="small", vertical_alignment="center"):
    st.caption("Try", width="content")
    for text in TRY:
        st.button(text, on_click=selection.show_expression, args=(text,), type="tertiary")
    st.button("Surprise me", on_click=surprise, type="tertiary")

components.require_models(models)
columns = components.side_by_side(
    models, lambda shown: shown.never_saw(expression) or "may have seen it in training", alone=456
)
for shown, column, width in columns:
    probabilities = shown.model.predict([expression.tokens])[0]
    top = probabilities.argsort()[::-1][:5]
    weights = extract_attention_weights(shown.model, expression.tokens)[:, 0, :, 0]  # (L, H, T): the first token's row
    words = [VOCABULARY[token] for token in expression.tokens]
    verdict = "right" if top[0] == expression.answer_token else f"wrong, it is {expression.answer}"
    with column:
        st.html(
            f'<div class="tf-answer"><strong>{escape(VOCABULARY[top[0]])}</strong>'
            f"<span>{verdict}, {bars.percent(probabilities[top[0]])} sure</span></div>"
        )
        answers = bars.top_answers([VOCABULARY[t] for t in top], probabilities[top], shown.style.color, width - 110)
        components.draw(answers, key=f"answers-{shown.name}")
        cell = min(30, (width - 66) // len(words))
        components.draw(attention.first_token(weights, words, cell), key=f"looks-{shown.name}")

components.draw(attention.scale(), key="scale")
components.how_to_read(
    "**Answers.** The model gives each of its 20 tokens a probability; the five highest are shown.\n\n"
    "**Attention.** The answer is read off the first token, so what the first token looks at is what the answer can "
    "depend on. Each row is one head; its weights over the tokens sum to 1. Layer 1 looks at the tokens themselves, "
    "layer 2 at what layer 1 has made of them.\n\n"
    "**Never saw**: the expression itself was kept out of training, however often examples were drawn. "
    "**May have seen**: it was open to training, whose random draws meet most expressions, but not all."
)

st.subheader("Where to go from here", anchor=False)
with st.container(horizontal=True):
    for page in PAGES[1:]:
        with st.container(border=True, width=212):
            st.page_link(page.path, label=f"**{page.title}**")
            st.caption(page.sentence)
