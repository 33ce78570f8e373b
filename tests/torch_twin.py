"""The same model in PyTorch, as its users would write it, with every intermediate value under its name.

The names are those of `tinyformer.interpret.trace`. Nothing here is shared with the engine but the weights.
"""

import math

import torch
from torch import nn
from torch.nn import functional


def tensor(array):
    return torch.from_numpy(array.copy())


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        D = config.embed_dim
        self.config = config
        self.qkv, self.output = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.expand, self.contract = nn.Linear(D, config.ffn_dim), nn.Linear(config.ffn_dim, D)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x, mask, note):
        pre = self.config.norm == "pre"
        note("resid_pre", x)
        attended = self.attend(self.normalize("ln1", self.attention_norm, x, note) if pre else x, mask, note)
        middle = x + note("attn.out", attended)
        if not pre:
            middle = self.normalize("ln1", self.attention_norm, middle, note)
        note("resid_mid", middle)
        fed = self.feed(self.normalize("ln2", self.feed_forward_norm, middle, note) if pre else middle, note)
        y = middle + note("mlp.out", fed)
        if not pre:
            y = self.normalize("ln2", self.feed_forward_norm, y, note)
        return note("resid_post", y)

    def attend(self, x, mask, note):
        B, T, D = x.shape
        H, K = self.config.num_heads, self.config.head_dim
        q, k, v = (
            note(f"attn.{name}", part.view(B, T, H, K).transpose(1, 2))
            for name, part in zip("qkv", self.qkv(x).chunk(3, dim=-1), strict=True)
        )
        scores = q @ k.transpose(-2, -1) / (math.sqrt(K) if self.config.scale_attention else 1)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, None, :], -math.inf)
        pattern = note("attn.pattern", functional.softmax(note("attn.scores", scores), dim=-1))
        z = note("attn.z", pattern @ v)
        return self.output(z.transpose(1, 2).reshape(B, T, D))

    def feed(self, x, note):
        return self.contract(note("mlp.post", functional.relu(note("mlp.pre", self.expand(x)))))

    @staticmethod
    def normalize(name, norm, x, note):
        variance = x.var(dim=-1, unbiased=False, keepdim=True)
        note(f"{name}.scale", (variance + norm.eps).sqrt())
        note(f"{name}.normalized", functional.layer_norm(x, x.shape[-1:], eps=norm.eps))
        return norm(x)


class Twin(nn.Module):
    """`Twin(model)` has the weights of a float64 tinyformer.Transformer. forward(tokens, mask) → logits; the rest is
    left in `values`, name → tensor with its gradient after backward."""

    def __init__(self, model):
        super().__init__()
        self.config = config = model.config
        D = config.embed_dim
        self.embedding = nn.Embedding(config.vocab_size, D)
        learned = config.positions == "learned"
        self.positions = nn.Parameter(torch.zeros(config.max_seq_len, D)) if learned else None
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.final_norm = nn.LayerNorm(D) if config.norm == "pre" else None
        self.read_out = nn.Linear(D, config.vocab_size)
        self.double()
        with torch.no_grad():
            for name, parameter in self.engine_parameters().items():
                parameter.copy_(tensor(model.named_parameters()[name]))

    def engine_parameters(self, gradients=False):
        """Name in the engine → the parameter, or its gradient, in the engine's orientation: PyTorch transposes."""
        found = {"embedding.weight": self.embedding.weight}
        if self.positions is not None:
            found["positions.weight"] = self.positions
        for i, block in enumerate(self.blocks):
            for layer in ("attention.qkv", "attention.output", "attention_norm"):
                found |= self.pair(f"blocks.{i}.{layer}", getattr(block, layer.removeprefix("attention.")))
            for layer in ("feed_forward.expand", "feed_forward.contract", "feed_forward_norm"):
                found |= self.pair(f"blocks.{i}.{layer}", getattr(block, layer.removeprefix("feed_forward.")))
        if self.final_norm is not None:
            found |= self.pair("final_norm", self.final_norm)
        found |= self.pair("read_out", self.read_out)
        linear = {id(layer.weight) for layer in self.modules() if isinstance(layer, nn.Linear)}
        return {
            name: (value := p.grad if gradients else p.data, value.T if id(p) in linear else value)[1]
            for name, p in found.items()
        }

    @staticmethod
    def pair(name, layer):
        names = ("gamma", "beta") if isinstance(layer, nn.LayerNorm) else ("weight", "bias")
        return {f"{name}.{names[0]}": layer.weight, f"{name}.{names[1]}": layer.bias}

    def forward(self, tokens, mask=None):
        self.values = {}

        def note(name, value):
            self.values[name] = value
            if value.requires_grad:
                value.retain_grad()
            return value

        x = note("embed", self.embedding(tokens))
        x = x + note("pos_embed", self.position_rows(x.shape[1]).expand_as(x))
        for i, block in enumerate(self.blocks):
            x = block(x, mask, lambda name, value, i=i: note(f"blocks.{i}.{name}", value))
        if self.final_norm is not None:
            x = Block.normalize("ln_final", self.final_norm, x, note)
        note("final", x)
        if self.config.pooling == "first":
            pooled = x[:, 0]
        elif mask is None:
            pooled = x.mean(dim=1)
        else:
            pooled = (x * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return note("logits", self.read_out(note("pooled", pooled)))

    def position_rows(self, length):
        """(T, D)."""
        D = self.config.embed_dim
        if self.positions is not None:
            return self.positions[:length]
        if self.config.positions == "none":
            return torch.zeros(length, D, dtype=torch.float64)
        rows = [
            [math.cos(t / 10_000 ** ((d - 1) / D)) if d % 2 else math.sin(t / 10_000 ** (d / D)) for d in range(D)]
            for t in range(length)
        ]
        return torch.tensor(rows, dtype=torch.float64)


def library_encoder(model):
    """PyTorch's own nn.TransformerEncoder with the weights of the blocks (and the final norm) of a float64 model."""
    config, named = model.config, model.named_parameters()
    layer = nn.TransformerEncoderLayer(
        config.embed_dim, config.num_heads, config.ffn_dim, dropout=0.0, activation="relu", batch_first=True,
        norm_first=config.norm == "pre", dtype=torch.float64,
    )  # fmt: skip
    norm = nn.LayerNorm(config.embed_dim, dtype=torch.float64) if config.norm == "pre" else None
    encoder = nn.TransformerEncoder(layer, config.num_layers, norm, enable_nested_tensor=False)
    places = {
        "self_attn.in_proj_weight": "attention.qkv.weight", "self_attn.in_proj_bias": "attention.qkv.bias",
        "self_attn.out_proj.weight": "attention.output.weight", "self_attn.out_proj.bias": "attention.output.bias",
        "linear1.weight": "feed_forward.expand.weight", "linear1.bias": "feed_forward.expand.bias",
        "linear2.weight": "feed_forward.contract.weight", "linear2.bias": "feed_forward.contract.bias",
        "norm1.weight": "attention_norm.gamma", "norm1.bias": "attention_norm.beta",
        "norm2.weight": "feed_forward_norm.gamma", "norm2.bias": "feed_forward_norm.beta",
    }  # fmt: skip
    state = {
        f"layers.{i}.{theirs}": tensor(named[f"blocks.{i}.{ours}"].T)
        for i in range(config.num_layers)
        for theirs, ours in places.items()
    }
    if norm is not None:
        state |= {"norm.weight": tensor(named["final_norm.gamma"]), "norm.bias": tensor(named["final_norm.beta"])}
    encoder.load_state_dict(state)
    return encoder
