"""Writing the weights of a Transformer by hand: named features in the residual stream, and heads that ask for them.

A row of the stream holds F = 50 features: one-hot token (17), one-hot position (12), the answer's digit (10), a digit
on its way (10), and ballast. They are stored twice, once negated, so that every row has mean 0; the ballast is the
same everywhere and large, so that a norm divides every row by nearly the same number (to 0.4 %), which its γ undoes.
"""

import numpy as np

from tinyformer.configuration import TransformerConfig
from tinyformer.task.vocabulary import CLOSE, DIGITS, OPEN, VOCABULARY
from tinyformer.transformer import Transformer

OPERATIONS = ("First", "Second", "Last", "Max", "Min")  # that these weights are written for
PLACES = OPERATIONS[:3]  # of these the answer is the number at a place, of the others the digit tells
TOKENS = (*DIGITS, *map(VOCABULARY.index, OPERATIONS), OPEN, CLOSE)
LONGEST = 12  # tokens
FEATURES, HEADS, UNITS = 50, 5, 40
POSITION, ANSWER, ON_ITS_WAY, BALLAST = 17, 29, 39, 49  # where these features begin
WEIGHT = 20.0  # of the ballast
LOUD = 30.0  # by how much the score of the best key exceeds that of the next
MUCH = 20 * LOUD
VALUE, IS_DIGIT, IS_FIRST, IS_SECOND, PLACE, IS_BRACKET = range(6)  # what a key says of itself


class Writer:
    """A model of zeros but for embeddings, norms and read-out, and what `head` and `feed_forward` write into it.

    order: for each layer which head is number 0, 1, …
    """

    def __init__(self, num_layers, order, dtype="float32"):
        D = 2 * FEATURES
        config = TransformerConfig(
            embed_dim=D, num_heads=HEADS, num_layers=num_layers, ffn_dim=UNITS, max_seq_len=LONGEST, positions="learned"
        )
        self.model, self.order = Transformer(config, dtype=dtype), order
        self.model.vector[:] = 0
        self.weights = weights = self.model.named_parameters()
        for name, value in weights.items():
            if name.endswith("gamma"):
                value[:] = WEIGHT * np.sqrt(2 / D)
        tokens, positions = np.zeros((len(VOCABULARY), FEATURES)), np.zeros((LONGEST, FEATURES))
        tokens[list(TOKENS), range(len(TOKENS))] = 1
        tokens[:, BALLAST] = WEIGHT
        positions[range(LONGEST), POSITION + np.arange(LONGEST)] = 1
        weights["embedding.weight"][:], weights["positions.weight"][:] = written(tokens), written(positions)
        answers = np.zeros((FEATURES, len(VOCABULARY)))
        answers[ANSWER + np.arange(10), list(DIGITS)] = 10
        weights["read_out.weight"][:] = read(answers)

    def head(self, layer, number, asks, keys, values, writes):
        """asks, keys (F, k): what each feature adds to query and key; values (F, m), writes (m, F). → its name."""
        head, D = self.order[layer][number], 2 * FEATURES
        K, name = D // HEADS, f"blocks.{layer}.attention"
        for part, matrix in enumerate((asks * np.sqrt(K), keys, values)):
            start = part * D + head * K
            self.weights[f"{name}.qkv.weight"][:, start : start + matrix.shape[1]] = read(matrix)
        self.weights[f"{name}.output.weight"][head * K : head * K + len(writes)] = written(writes)
        return f"head {layer + 1}.{head + 1}"

    def feed_forward(self, layer, units, biases, writes):
        """units (F, n): what each hidden unit reads, biases (n,), writes (n, F). → its name."""
        name, n = f"blocks.{layer}.feed_forward", units.shape[1]
        self.weights[f"{name}.expand.weight"][:, :n], self.weights[f"{name}.expand.bias"][:n] = read(units), biases
        self.weights[f"{name}.contract.weight"][:n] = written(writes)
        return f"feed-forward {layer + 1}"


def read(matrix):
    """(F, n) on features → (D, n) on the stream that holds them twice."""
    return np.concatenate([matrix, -matrix]) / 2


def written(rows):
    """(n, F) of features → (n, D)."""
    return np.concatenate([rows, -rows], axis=1)


def of_operation(name):
    """The feature that the token of an operation has."""
    return TOKENS.index(VOCABULARY.index(name))


def chooses(operations, digits=0):
    """→ asks, keys (F, 6): attention to the answer in these operations, to the first bracket in others.

    digits: the features that say which digit stands somewhere, from this one on.
    """
    asks, keys = np.zeros((FEATURES, 6)), np.zeros((FEATURES, 6))
    keys[digits + np.arange(10), VALUE], keys[digits + np.arange(10), IS_DIGIT] = np.arange(10), 1
    after = 0 if digits == 0 else 1  # a digit that was carried on stands one place further
    keys[POSITION + 2 + after, IS_FIRST] = keys[POSITION + 3 + after, IS_SECOND] = keys[POSITION + 1, IS_BRACKET] = 1
    keys[POSITION + np.arange(LONGEST), PLACE] = np.arange(LONGEST)
    wanted = {
        "First": {IS_FIRST: LOUD}, "Second": {IS_SECOND: LOUD}, "Last": {PLACE: LOUD, IS_DIGIT: MUCH},
        "Max": {VALUE: LOUD, IS_DIGIT: MUCH}, "Min": {VALUE: -LOUD, IS_DIGIT: MUCH},
    }  # fmt: skip
    for name in OPERATIONS:
        for what, strength in (wanted[name] if name in operations else {IS_BRACKET: LOUD}).items():
            asks[of_operation(name), what] = strength
    return asks, keys


def copies(source=0, target=ANSWER, strength=1.0):
    """→ values (F, 10), writes (10, F): a digit from these features into those."""
    values, writes = np.zeros((FEATURES, 10)), np.zeros((10, FEATURES))
    values[source + np.arange(10), range(10)], writes[range(10), target + np.arange(10)] = 1, strength
    return values, writes


def rotated(model, rng):
    """In place: the stream in another basis, and queries, keys and values too. The function stays the same."""
    config, weights = model.config, model.named_parameters()
    D, H, K = config.embed_dim, config.num_heads, config.head_dim
    basis, _ = np.linalg.qr(np.column_stack([np.ones(D), rng.standard_normal((D, D - 1))]))
    turn = np.eye(D)
    turn[1:, 1:] = _orthogonal(D - 1, rng)
    turn = basis @ turn @ basis.T  # it leaves (1, …, 1) where it is, so that means stay means
    for name, value in weights.items():
        if name.endswith(("embedding.weight", "positions.weight", "output.weight", "contract.weight")):
            value[:] = value @ turn
        elif name.endswith(("qkv.weight", "expand.weight", "read_out.weight")):
            value[:] = turn.T @ value
    for block in model.blocks:
        inside = block.attention.qkv.weight.value.reshape(D, 3, H, K)
        out = block.attention.output.weight.value.reshape(H, K, D)
        for head in range(H):
            asking, telling = _orthogonal(K, rng), _orthogonal(K, rng)
            for part, within in enumerate((asking, asking, telling)):
                inside[:, part, head] = inside[:, part, head] @ within
            out[head] = telling.T @ out[head]


def _orthogonal(n, rng):
    return np.linalg.qr(rng.standard_normal((n, n)))[0]
