"""Bench: from text to whole numbers and back."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import lab_matrix
from dashboard.lab.bench import Bench
from tinyformer.task.vocabulary import detokenize, tokenize


def experiment(stage):
    """Each token with its id, and where it stands among all."""
    tokens, vocabulary = stage.expression.tokens, stage.vocabulary
    one_hot = np.eye(len(vocabulary))[tokens]
    words = [f"{word}  →  {token}" for word, token in zip(stage.words, tokens, strict=True)]
    st.markdown(f"**{stage.expression}** becomes `{tokens}`. Change the expression in the sidebar.")
    figure = lab_matrix.matrix(one_hot, words, vocabulary, "One row per token, a 1 at its id", weights=True)
    components.draw(figure, key="tokenizer-one-hot")
    st.caption(
        f"All {len(vocabulary)}, each with its id: " + " · ".join(f"`{word}` {i}" for i, word in enumerate(vocabulary))
    )


def there_and_back(stage):
    text = str(stage.expression)
    same = detokenize(tokenize(text, stage.vocabulary), stage.vocabulary) == text
    says = f"`detokenize(tokenize(text))` gives {'the same text' if same else 'another text'} back: nothing is lost."
    return same, f"**No gradient here, another proof.** {says}"


BENCH = Bench(
    key="tokenizer",
    title="Tokenizer",
    paragraph=(
        "A network calculates with numbers, so the text is cut into tokens and each token gets the number that stands "
        "for it. The vocabulary is closed: twenty tokens, each with a fixed id, and behind them the names of further "
        "operations, where a model was trained on such. The id is a name, not a quantity: that `Max` is 15 and `Min` "
        "is 16 does not make them similar. What they have to do with each other, the embedding has to learn."
    ),
    forward=r"\text{text} \;\longrightarrow\; (t_1, \dots, t_T), \qquad t_i \in \{0, \dots, V-1\}",
    backward=r"\text{none: a whole number cannot be moved a little}",
    source=(tokenize, detokenize),
    experiment=experiment,
    controls=(),
    check=there_and_back,
    recipe=(
        "from tinyformer import detokenize, tokenize\n"
        'text = "{expression}"\n'
        "tokens = tokenize(text)\n"
        "print(tokens)\n"
        "assert detokenize(tokens) == text"
    ),
)
