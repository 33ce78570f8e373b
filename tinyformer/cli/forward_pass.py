"""One expression on its way through a model, with the numbers that flow there."""

import math

import numpy as np

from tinyformer import VOCABULARY, Expression, parse_expression
from tinyformer.cli import answers
from tinyformer.cli.terminal import explain, paint, width
from tinyformer.task.vocabulary import DIGITS

COLUMN = 7


def show(model, expression: Expression):
    """Print the forward pass of `expression`: from ids to the loss, following the first token."""
    tokens = np.array(expression.tokens)
    vocabulary = expression.task.vocabulary
    words = expression.words
    logits, tape = model.forward(tokens[None], every_row=True)
    _line("token", words)
    _line("id", tokens, f"(T,) = ({len(tokens)},)")

    embedded, _ = model.embedding.forward(tokens[None])
    placed, _ = model.positions.forward(embedded)
    shape = f"(T, D) = {embedded.shape[1:]}"
    print()
    explain(f'The embedding makes {model.config.embed_dim} numbers of each token. Of "{words[0]}", the first of them:')
    _numbers("embedding", embedded[0, 0], shape)
    _numbers("+ position 0", placed[0, 0] - embedded[0, 0])
    _numbers("= input", placed[0, 0])

    core = tape.blocks[0].attention.core
    q, k = core.q[0, 0, 0], core.k[0, 0]
    print()
    explain(f'Block 1, head 1: the query of "{words[0]}" ({len(q)} numbers) meets the key of each token.')
    _line("", words)
    _line("q·k", [f"{x:.2f}" for x in k @ q], "(T,)")
    if core.scale != 1:
        _line(f"/ √{len(q)}", [f"{x:.2f}" for x in k @ q * core.scale])
    row = core.weights[0, 0, 0]
    _line("softmax", [f"{x:.3f}" for x in row], f"sums to {row.sum():.3f}")

    where = "After" if model.config.norm == "post" else "Inside"
    print()
    explain(f'{where} each block, layer norm has given the {model.config.embed_dim} numbers of "{words[0]}"')
    for number, block in enumerate(tape.blocks, 1):
        x = block.feed_forward_norm.normalized[0, 0]
        print(f"    block {number}: mean {abs(x.mean()):.2f}, standard deviation {x.std():.2f}")

    pooled = "them" if model.config.pooling == "first" else "the mean over all tokens"
    p = answers.probabilities(model, expression)
    right = expression.answer_token
    print()
    explain(f"The read-out makes {len(vocabulary)} logits of {pooled}, one for each token; of the ten digits:")
    _line("digit", [VOCABULARY[d] for d in DIGITS], column=6)
    _line("logit", [f"{x:.2f}" for x in logits[0, list(DIGITS)]], column=6)
    print("\n  Softmax again makes them probabilities. The five largest:")
    answers.top_five(p, vocabulary, right)
    loss = -math.log(max(float(p[right]), 1e-38))
    even = math.log(len(vocabulary))
    print(f"\n  Loss: -ln {p[right]:.4f} = {loss:.2f}. An even guess among {len(vocabulary)} tokens costs {even:.2f}.")


def held_out_example(data):
    """An expression of the test set, Max if there is one: the model never learns from it."""
    is_max = data.test.tokens[:, 0] == VOCABULARY.index("Max")
    distinct = np.array([len(set(row)) for row in data.test.tokens.tolist()])
    place = int(np.argmax(is_max * 100 + distinct))
    tokens = data.test.tokens[place][data.test.mask[place]]
    return parse_expression(data.test.task.detokenize(tokens), len(tokens), data.test.task)


def _line(label, cells, note="", column=COLUMN):
    """A label, as many cells as fit, and a note."""
    room = (width() - 14 - (len(note) + 2 if note else 0)) // column
    cells = [str(cell) for cell in cells]
    shown = cells if len(cells) <= room else [*cells[: room - 1], "…"]
    print(f"  {label:<12}" + "".join(cell.rjust(column) for cell in shown) + paint(f"  {note}" if note else "", "dim"))


def _numbers(label, values, note=""):
    """The beginning of a vector (D,)."""
    _line(label, [*(f"{x:+.2f}" for x in values[:5]), "…"], note)
