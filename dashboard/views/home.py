"""Home: one expression, the answer of each model, and what its first token looked at.

Title and field come from `home.draw_question`: the entry script places them, since the field is that of all pages.
"""

from dashboard import components, home, selection
from dashboard.charts import attention
from tinyformer import extract_attention_weights
from tinyformer.task.vocabulary import VOCABULARY

models, expression, _, complaint = selection.current()
if complaint:
    components.complaint(complaint, expression)
components.require_models(models)

home.draw_path(expression, models[0].model.config)
home.draw_four_sentences(models)

for shown, column, width in components.side_by_side(models, lambda shown: shown.history(expression), alone=456):
    weights = extract_attention_weights(shown.model, expression.tokens)[:, 0, :, 0]  # (L, H, T): the first token's row
    words = [VOCABULARY[token] for token in expression.tokens]
    with column:
        home.draw_answer(shown.model.predict([expression.tokens])[0], expression)
        cell = max(18, min(30, (width - 66) // len(words)))
        components.draw(attention.first_token(weights, words, cell), key=f"looks-{shown.name}")

components.draw(attention.scale(), key="scale")
components.how_to_read(home.HOW_TO_READ)
home.draw_ways_on()
