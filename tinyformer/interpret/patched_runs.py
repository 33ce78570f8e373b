"""Runs of a model in which every edge carries what its sender writes in this run, or in the corrupted one (`paths`)."""

import numpy as np

from tinyformer.interpret.paths import ANSWER_NODE, PORTS, Contrasts, senders
from tinyformer.interpret.trace import score_scale, trace
from tinyformer.layers import Softmax

MOST_BYTES = 100_000_000  # of the values of parts that are remembered between runs


class PatchedRuns:
    """Runs of a model on Contrasts in which only some edges are kept; what two runs share is computed once.

    Pairs that it does not answer right on both sides are left out; ValueError where none is left.
    """

    def __init__(self, model, pairs):
        self.model, self.config = model, model.config
        clean, corrupted, right = _both_runs(model, pairs)
        if not right.any():
            raise ValueError("it answers none of the pairs right on both sides: there is no answer whose way to follow")
        self.rows = np.flatnonzero(right)  # of the pairs that are answered right on both sides; the others are left out
        self.pairs = Contrasts(*(part[right] for part in pairs[:-1]), pairs.names)
        self.clean, self.reference = ([value[right] for value in run[0]] for run in (clean, corrupted))
        self.before, self.after = (self._difference(run[1][right]) for run in (corrupted, clean))
        self.names, self._kept, self._count, self._bytes = senders(self.config), {}, 0, 0

    def difference(self, kept):
        """A collection of Edge → (B,): logit of the clean answer minus that of the corrupted one."""
        incoming = {}
        for edge in kept:
            incoming.setdefault(edge.receiver, set()).add(edge.sender)
        return self._difference(self._logits({name: frozenset(some) for name, some in incoming.items()}))

    def faithfulness(self, kept):
        """(1 + O,): the share of the logit difference that these edges carry, over all pairs and by operation."""
        return self.shares(self.difference(kept))

    def shares(self, difference):
        """(B,) → (1 + O,): 1 as in the clean run, 0 as in the corrupted one; nan for an operation without pairs."""
        groups = [slice(None), *(self.pairs.operations == index for index in range(len(self.pairs.names)))]
        gap = self.after - self.before
        return np.array([
            (difference - self.before)[rows].sum() / gap[rows].sum() if len(gap[rows]) else np.nan for rows in groups
        ])  # fmt: skip

    def _difference(self, logits):
        rows = np.arange(len(logits))
        answers = self.pairs.answers
        return (logits[rows, answers[:, 0]] - logits[rows, answers[:, 1]]).astype(np.float64)

    def _logits(self, incoming):
        """incoming: {receiver: the senders whose edges are kept}."""
        H, done = self.config.num_heads, {}  # sender → (number of its value, its value in this run)
        for number, name in enumerate(self.names[:2]):
            done[name] = (-1 - number, self.clean[number])
        for layer, block in enumerate(self.model.blocks):
            heads, forward = self.names[2 + layer * (H + 1) :][:H], self.names[2 + layer * (H + 1) + H]
            for head, name in enumerate(heads):
                ports = [self._port(block, layer, head, f"{name} {port}", incoming, done) for port in PORTS]
                key = (name, *(number for number, _ in ports))
                done[name] = self._once(key, lambda: self._head(block, head, *(port for _, port in ports)))  # noqa: B023
            key, read = self._stream(forward, incoming, done, layer, behind_attention=True)
            done[forward] = self._once(key, lambda: self._fed(block, read()))  # noqa: B023
        key, read = self._stream(ANSWER_NODE, incoming, done, self.config.num_layers, behind_attention=False)
        return self._once(key, lambda: self._read_out(read()))[1]

    def _port(self, block, layer, head, name, incoming, done):
        part, K, D = PORTS.index(name[-1]), self.config.head_dim, self.config.embed_dim
        key, read = self._stream(name, incoming, done, layer, behind_attention=False)

        def projected():
            x = block.attention_norm.forward(read())[0] if block.norm_first else read()
            start = part * D + head * K
            return block.attention.qkv.forward(x, slice(start, start + K))[0]

        return self._once(key, projected)

    def _head(self, block, head, q, k, v):
        weights = Softmax().forward(q @ k.swapaxes(-1, -2) * q.dtype.type(score_scale(self.config)))[0]
        return (weights @ v) @ head_writes(block, head)

    def _fed(self, block, x):
        return block.feed_forward.forward(block.feed_forward_norm.forward(x)[0] if block.norm_first else x)[0]

    def _read_out(self, x):
        x = self.model.final_norm.forward(x)[0] if self.model.final_norm else x
        return self.model.read_out.forward(np.vecmat(self.model.pooling_weights(x, None), x))[0]

    def _stream(self, receiver, incoming, done, layer, behind_attention):
        """What a receiver reads → a key that says from which values, and a function that computes it."""
        kept = incoming.get(receiver, frozenset())
        key = (receiver, *((name, done[name][0]) for name in self.names if name in kept))
        values = [done[name][1] if name in kept else self.reference[i] for i, name in enumerate(self.names)
                  if name in done]  # fmt: skip
        return key, lambda: streamed(self.model, values, layer, behind_attention)

    def _once(self, key, compute):
        """(number, value): computed if it is not remembered. Equal numbers mean equal values."""
        if key not in self._kept:
            value = compute()
            if self._bytes + value.nbytes > MOST_BYTES:
                self._kept, self._bytes = {}, 0
            self._count, self._bytes = self._count + 1, self._bytes + value.nbytes
            self._kept[key] = (self._count, value)
        return self._kept[key]


def answered_pairs(model, pairs):
    """How many of Contrasts a model answers right on both sides."""
    return int(_both_runs(model, pairs)[2].sum())


def _both_runs(model, pairs):
    """→ the two results of `run_of_senders`, and which pairs are answered right on both sides, (B,)."""
    runs = run_of_senders(model, pairs.clean), run_of_senders(model, pairs.corrupted, pairs.order)
    answered = np.stack([logits.argmax(axis=1) for _, logits in runs], axis=1)
    return *runs, (answered == pairs.answers).all(axis=1)


def streamed(model, values, layer, behind_attention):
    """The stream that block `layer` reads, or its feed-forward layer, from what the senders wrote: [(B, T, D), …]."""
    H = model.config.num_heads
    x = values[0] + values[1]
    for number, block in enumerate(model.blocks[: layer + behind_attention]):
        start = 2 + number * (H + 1)
        x = x + sum(values[start : start + H]) + block.attention.output.bias.value
        x = x if block.norm_first else block.attention_norm.forward(x)[0]
        if number < layer:
            x = x + values[start + H]
            x = x if block.norm_first else block.feed_forward_norm.forward(x)[0]
    return x


def head_writes(block, head):
    """(K, D): from what a head gathers to what it adds to the stream."""
    K = block.attention.output.weight.value.shape[0] // block.attention.num_heads
    return block.attention.output.weight.value[head * K : (head + 1) * K]


def run_of_senders(model, tokens, order=None):
    """tokens (B, T), positions in their order or in `order` → [what each sender wrote (B, T, D)], logits (B, V)."""
    edits = {}
    if order is not None:
        edits["pos_embed"] = lambda value: np.take_along_axis(value, order[..., None], axis=1)
    values = trace(model, tokens, edits=edits)
    found = [values["embed"], np.array(values["pos_embed"])]
    for layer, block in enumerate(model.blocks):
        z = values[f"blocks.{layer}.attn.z"]
        found += [z[:, head] @ head_writes(block, head) for head in range(model.config.num_heads)]
        found.append(values[f"blocks.{layer}.mlp.out"])
    return found, values["logits"]
