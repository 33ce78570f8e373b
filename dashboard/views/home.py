"""Home: one expression, the answer of each model, and what its first token looked at.

Title and field come from `home.draw_question`: the entry script places them, since the field is that of all pages.
"""

from dashboard import components, home, questions, selection
from dashboard.charts import attention
from tinyformer import Expression, extract_attention_weights

models, expression, _, complaint = selection.current()
if complaint:
    components.complaint(complaint, expression)
components.require_models(models)

knowing = [shown for shown in models if isinstance(shown.question(expression), Expression)]
home.draw_path(expression, knowing, questions.answers(models, expression))
home.draw_four_sentences(models)

for shown, column, width in components.side_by_side(models, lambda shown: shown.history(expression), alone=456):
    question = shown.question(expression)
    with column:
        if not questions.say_unless_known(question):
            continue
        weights = extract_attention_weights(shown.model, question.tokens)[:, 0, :, 0]  # (L, H, T): the first token's
        home.draw_answer(shown.model.predict([question.tokens])[0], question)
        cell = max(18, min(30, (width - 66) // len(question.words)))
        components.draw(attention.first_token(weights, question.words, cell), key=f"looks-{shown.name}")

components.draw(attention.scale(), key="scale")
components.how_to_read(home.HOW_TO_READ)
home.draw_ways_on()
