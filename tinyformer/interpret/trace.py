"""Every intermediate value of a forward pass under its name, and the forward pass again with some of them replaced.

The names are those of TransformerLens, without its "hook_" (R: the rows that are computed, T or 1):

    embed, pos_embed                 (B, T, D)      blocks.0.resid_pre     (B, T, D)  what the block reads
    blocks.0.attn.q                  (B, H, R, K)   blocks.0.resid_mid     (B, R, D)  after the attention sublayer
    blocks.0.attn.k, .v              (B, H, T, K)   blocks.0.resid_post    (B, R, D)  after the feed-forward sublayer
    blocks.0.attn.scores, .pattern   (B, H, R, T)   blocks.0.mlp.pre, .post (B, R, F) around the ReLU
    blocks.0.attn.z                  (B, H, R, K)   blocks.0.ln1.scale     (B, R, 1)  √(var + ε), of ln2 likewise
    blocks.0.attn.out, .mlp.out      (B, R, D)      blocks.0.ln1.normalized (B, R, D) before γ and β
    final (B, R, D), pooled (B, D), logits (B, V); in pre-norm also ln_final.scale and .normalized

Scores are scaled and masked. In a post-norm model (the default) the norms stand *behind* the sums: resid_mid =
norm₁(resid_pre + attn.out) is what the feed-forward layer reads, and resid_post = norm₂(resid_mid + mlp.out). In a
pre-norm model the two are the bare sums, and ln1 and ln2 stand before the sublayers. docs/interpret.md has more.
"""

import difflib

import numpy as np

from tinyformer.layers import Softmax

BLOCK_NAMES = (
    *("resid_pre", "attn.q", "attn.k", "attn.v", "attn.scores", "attn.pattern", "attn.z", "attn.out"),
    *("ln1.scale", "ln1.normalized", "resid_mid", "mlp.pre", "mlp.post", "mlp.out"),
    *("ln2.scale", "ln2.normalized", "resid_post"),
)


def trace_names(config):
    """All names that `trace` gives for a TransformerConfig."""
    blocks = [f"blocks.{layer}.{name}" for layer in range(config.num_layers) for name in BLOCK_NAMES]
    final = ["ln_final.scale", "ln_final.normalized"] if config.norm == "pre" else []
    return ["embed", "pos_embed", *blocks, *final, "final", "pooled", "logits"]


def trace(model, tokens, mask=None, edits=None, every_row=True):
    """tokens (B, T), mask (B, T), True = a token → {name: array}, of dropout-free inference.

    `edits` maps names to what stands in their place: an array that broadcasts to the shape of the value, or a function
    of the value that returns one. What follows is computed from the replacement. Nothing is written to the model.
    `every_row=False` computes the first row only in the last block where only that is pooled, as `forward` does.
    ValueError for a name that does not exist, and for a replacement that does not fit.
    """
    tokens = np.atleast_2d(tokens)
    values = {}
    at = editor(edits or {}, model.config, values)
    x = embedded(model, tokens, at)
    mask = model.useful_mask(x, None if mask is None else np.atleast_2d(mask))
    for layer in range(model.config.num_layers):
        x = at(f"blocks.{layer}.resid_pre", x)
        z = attention_heads(model, layer, x, mask, at, every_row)
        x = rest_of_block(model, layer, x, z, at)
    read_out(model, x, mask, at)
    return values


def editor(edits, config, values=None):
    """A function at(name, value) → value: it replaces what `edits` names, and notes all that passes in `values`."""
    for name in set(edits) - set(trace_names(config)):
        near = difflib.get_close_matches(name, trace_names(config), n=1)
        raise ValueError(f"nothing is named {name!r} in this model" + (f"; did you mean {near[0]!r}?" if near else ""))

    def at(name, value):
        if name in edits:
            edit = edits[name]
            new = np.asarray(edit(value) if callable(edit) else edit, value.dtype)
            try:
                value = np.broadcast_to(new, value.shape)
            except ValueError:
                raise ValueError(f"{name} has shape {value.shape}, its edit {new.shape}") from None
        if values is not None:
            values[name] = value
        return value

    return at


# The forward pass, restated in four pieces. The arithmetic of the layers is their own; tests pin the sum to `forward`.


def embedded(model, tokens, at):
    """tokens (B, T) → what the first block reads (B, T, D)."""
    x, _ = model.embedding.forward(tokens)
    x = at("embed", x)
    positions, _ = model.positions.forward(np.zeros((1, *x.shape[1:]), x.dtype))
    return x + at("pos_embed", np.broadcast_to(positions, x.shape))


def attention_heads(model, layer, x, mask, at, every_row=True):
    """x (B, T, D) → what each head has gathered, z (B, H, R, K)."""
    block, name, D = model.blocks[layer], f"blocks.{layer}", model.config.embed_dim
    attention = block.attention
    last = layer == model.config.num_layers - 1
    rows = 1 if last and model.config.pooling == "first" and not every_row else None
    read = _normalize(block.attention_norm, x, f"{name}.ln1", at) if block.norm_first else x
    parts = {"q": (read[:, :rows], slice(D)), "k": (read, slice(D, 2 * D)), "v": (read, slice(2 * D, None))}
    q, k, v = (
        at(f"{name}.attn.{part}", attention.split_heads(attention.qkv.forward(rows_read, columns)[0]))
        for part, (rows_read, columns) in parts.items()
    )
    scores = q @ k.swapaxes(-1, -2)  # (B, H, R, T)
    scores *= scores.dtype.type(score_scale(model.config))
    if mask is not None:
        scores[np.broadcast_to(~mask[:, None, None, :], scores.shape)] = -np.inf
    scores = at(f"{name}.attn.scores", scores)
    pattern = at(f"{name}.attn.pattern", Softmax().forward(scores)[0])
    return pattern @ v


def rest_of_block(model, layer, x, z, at):
    """The block's input x (B, T, D) and z (B, H, R, K) → its output (B, R, D)."""
    block, name = model.blocks[layer], f"blocks.{layer}"
    attention, feed_forward = block.attention, block.feed_forward
    z = at(f"{name}.attn.z", z)
    out = at(f"{name}.attn.out", attention.output.forward(attention.merge_heads(z))[0])
    middle = x[:, : out.shape[1]] + out
    if not block.norm_first:
        middle = _normalize(block.attention_norm, middle, f"{name}.ln1", at)
    middle = at(f"{name}.resid_mid", middle)
    read = _normalize(block.feed_forward_norm, middle, f"{name}.ln2", at) if block.norm_first else middle
    hidden = at(f"{name}.mlp.pre", feed_forward.expand.forward(read)[0])
    hidden = at(f"{name}.mlp.post", feed_forward.relu.forward(hidden)[0])
    y = middle + at(f"{name}.mlp.out", feed_forward.contract.forward(hidden)[0])
    if not block.norm_first:
        y = _normalize(block.feed_forward_norm, y, f"{name}.ln2", at)
    return at(f"{name}.resid_post", y)


def read_out(model, x, mask, at):
    """The last block's output x (B, R, D) → logits (B, V)."""
    x = at("final", _normalize(model.final_norm, x, "ln_final", at) if model.final_norm else x)
    pooled = at("pooled", np.vecmat(model.pooling_weights(x, mask), x))
    return at("logits", model.read_out.forward(pooled)[0])


def score_scale(config):
    """What q·k is multiplied with: 1/√K, or 1."""
    return config.head_dim**-0.5 if config.scale_attention else 1.0


def _normalize(norm, x, name, at):
    """LayerNorm. What it divides by has a name, so that it can be held fixed."""
    centered = x - x.mean(axis=-1, keepdims=True)
    variance = np.vecdot(centered, centered)[..., None] / x.shape[-1]
    scale = at(f"{name}.scale", np.sqrt(variance + norm.epsilon))
    normalized = at(f"{name}.normalized", centered / scale)
    return normalized * norm.gamma.value + norm.beta.value
