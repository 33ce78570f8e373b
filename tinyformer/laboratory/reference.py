"""The forward pass once more, slowly and independently: one expression, one head, one position at a time.

Written from the papers with nothing but arithmetic on the named parameters, to compare the engine with. No layer of
the engine is used.
"""

import math

import numpy as np


def reference_forward(parameters, config, tokens):
    """One expression, tokens (T,) → logits (V,) and attention weights (L, H, T, T).

    `parameters` are `model.named_parameters()`. Without padding, dropout or a batch.
    """
    p = {name: np.asarray(value, np.float64) for name, value in parameters.items()}
    rows = [p["embedding.weight"][token] + _position(p, config, t) for t, token in enumerate(tokens)]
    patterns = []
    for i in range(config.num_layers):
        block = {
            name.removeprefix(f"blocks.{i}."): value for name, value in p.items() if name.startswith(f"blocks.{i}.")
        }
        pre = config.norm == "pre"
        attended, weights = _attend(block, config, [_norm(block, "attention_norm.", x) for x in rows] if pre else rows)
        rows = [x + a for x, a in zip(rows, attended, strict=True)]
        rows = rows if pre else [_norm(block, "attention_norm.", x) for x in rows]
        fed = [_feed(block, _norm(block, "feed_forward_norm.", x) if pre else x) for x in rows]
        rows = [x + f for x, f in zip(rows, fed, strict=True)]
        rows = rows if pre else [_norm(block, "feed_forward_norm.", x) for x in rows]
        patterns.append(weights)
    if config.norm == "pre":
        rows = [_norm(p, "final_norm.", x) for x in rows]
    pooled = rows[0] if config.pooling == "first" else sum(rows) / len(rows)
    return pooled @ p["read_out.weight"] + p["read_out.bias"], np.array(patterns)


def _position(p, config, t):
    """What is added at position t, (D,)."""
    if config.positions == "learned":
        return p["positions.weight"][t]
    D = config.embed_dim
    if config.positions == "none":
        return np.zeros(D)
    angles = [t / 10_000 ** (2 * (d // 2) / D) for d in range(D)]
    return np.array([math.cos(a) if d % 2 else math.sin(a) for d, a in enumerate(angles)])


def _attend(block, config, rows):
    """Multi-head attention: T rows (D,) → T rows (D,), and the weights (H, T, T)."""
    D, H, T = config.embed_dim, config.num_heads, len(rows)
    K = D // H
    projected = [x @ block["attention.qkv.weight"] + block["attention.qkv.bias"] for x in rows]
    divisor = math.sqrt(K) if config.scale_attention else 1.0
    weights, outputs = np.zeros((H, T, T)), [np.zeros(D) for _ in rows]
    for h in range(H):
        mine = slice(h * K, (h + 1) * K)
        q, k, v = ([row[part * D : (part + 1) * D][mine] for row in projected] for part in range(3))
        for t in range(T):
            scores = np.array([sum(q[t] * k[s]) / divisor for s in range(T)])
            powers = np.exp(scores - max(scores))
            weights[h, t] = powers / sum(powers)
            outputs[t][mine] = sum(weights[h, t, s] * v[s] for s in range(T))
    return [y @ block["attention.output.weight"] + block["attention.output.bias"] for y in outputs], weights


def _feed(block, x):
    hidden = np.maximum(x @ block["feed_forward.expand.weight"] + block["feed_forward.expand.bias"], 0)
    return hidden @ block["feed_forward.contract.weight"] + block["feed_forward.contract.bias"]


def _norm(p, prefix, x, epsilon=1e-5):
    return (x - x.mean()) / math.sqrt(x.var() + epsilon) * p[prefix + "gamma"] + p[prefix + "beta"]
