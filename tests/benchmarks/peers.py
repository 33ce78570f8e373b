"""The same training step, written for each library: `make(config, batch_size, shortcut) -> step(i)`.

`shortcut=False` is what a user of the library would write. `shortcut=True` takes the one shortcut that tinyformer
takes: the last block computes queries and feed-forward for the first token only. The batches are the same for all.
"""

import numpy as np

NUM_BATCHES = 64


def batches(config, batch_size, length=6):
    """(NUM_BATCHES, B, T) tokens and (NUM_BATCHES, B) targets of a learnable task: the answer is the third token."""
    tokens = np.random.default_rng(0).integers(2, 12, (NUM_BATCHES, batch_size, length))
    return tokens, tokens[:, :, 2].copy()


def tinyformer(config, batch_size, shortcut=True):
    from tinyformer import Adam, CrossEntropyLoss, Transformer, train_step

    model = Transformer(config, seed=0)
    optimizer, loss_fn = Adam(model.get_parameters, 1e-3), CrossEntropyLoss()
    tokens, targets = batches(config, batch_size)
    return lambda i: train_step(model, tokens[i], targets[i], loss_fn, optimizer)[0]


def torch_model(config, shortcut):
    import torch
    from torch import nn

    D, H = config.embed_dim, config.num_heads

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(config.vocab_size, D)
            layer = nn.TransformerEncoderLayer(D, H, config.ffn_dim, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, config.num_layers, enable_nested_tensor=False)
            self.read_out = nn.Linear(D, config.vocab_size)
            self.register_buffer("positions", torch.randn(config.max_seq_len, D))

        def forward(self, tokens):
            x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
            return self.read_out(self.encoder(x)[:, 0])

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.output = nn.Linear(D, 3 * D), nn.Linear(D, D)
            self.expand, self.contract = nn.Linear(D, config.ffn_dim), nn.Linear(config.ffn_dim, D)
            self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)

        def forward(self, x, rows):
            B, T, _ = x.shape
            if rows == T:
                q, k, v = self.qkv(x).split(D, dim=-1)
            else:
                q = nn.functional.linear(x[:, :rows], self.qkv.weight[:D], self.qkv.bias[:D])
                k, v = nn.functional.linear(x, self.qkv.weight[D:], self.qkv.bias[D:]).split(D, dim=-1)
            q, k, v = (part.view(B, -1, H, D // H).transpose(1, 2) for part in (q, k, v))
            heads = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, rows, D)
            x = self.norm1(x[:, :rows] + self.output(heads))
            return self.norm2(x + self.contract(torch.relu(self.expand(x))))

    class Shortcut(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(config.vocab_size, D)
            self.blocks = nn.ModuleList(Block() for _ in range(config.num_layers))
            self.read_out = nn.Linear(D, config.vocab_size)
            self.register_buffer("positions", torch.randn(config.max_seq_len, D))

        def forward(self, tokens):
            x = self.embedding(tokens) + self.positions[: tokens.shape[1]]
            for block in self.blocks[:-1]:
                x = block(x, tokens.shape[1])
            return self.read_out(self.blocks[-1](x, 1)[:, 0])

    return Shortcut() if shortcut else Plain()


def torch_eager(config, batch_size, shortcut, compiled=False):
    import torch

    torch.manual_seed(0)
    model = torch_model(config, shortcut)
    # `fused` is the fastest Adam that PyTorch has on a CPU; a user who looks for speed finds it.
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    tokens, targets = map(torch.from_numpy, batches(config, batch_size))

    def loss_of(x, y):
        return torch.nn.functional.cross_entropy(model(x), y)

    loss_of = torch.compile(loss_of) if compiled else loss_of

    def step(i):
        optimizer.zero_grad()
        loss = loss_of(tokens[i], targets[i])
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_compile(config, batch_size, shortcut):
    return torch_eager(config, batch_size, shortcut, compiled=True)


def jax_jit(config, batch_size, shortcut):
    import jax
    import jax.numpy as jnp

    D, H, F, L = config.embed_dim, config.num_heads, config.ffn_dim, config.num_layers
    rng = np.random.default_rng(0)

    def weight(*shape):
        return jnp.asarray(rng.standard_normal(shape) / np.sqrt(shape[0]), jnp.float32)

    def linear(a, b):
        return {"w": weight(a, b), "b": jnp.zeros(b)}

    def norm():
        return {"g": jnp.ones(D), "b": jnp.zeros(D)}

    blocks = [
        {
            "qkv": linear(D, 3 * D),
            "out": linear(D, D),
            "up": linear(D, F),
            "down": linear(F, D),
            "n1": norm(),
            "n2": norm(),
        }
        for _ in range(L)
    ]
    parameters = {"embedding": weight(config.vocab_size, D), "blocks": blocks, "read": linear(D, config.vocab_size)}
    positions = weight(config.max_seq_len, D)

    def apply(layer, x):
        return x @ layer["w"] + layer["b"]

    def normalize(layer, x):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * layer["g"] + layer["b"]

    def block_forward(p, x, rows):
        B, T, _ = x.shape
        if rows == T:
            q, k, v = jnp.split(apply(p["qkv"], x), 3, axis=-1)
        else:
            q = x[:, :rows] @ p["qkv"]["w"][:, :D] + p["qkv"]["b"][:D]
            k, v = jnp.split(x @ p["qkv"]["w"][:, D:] + p["qkv"]["b"][D:], 2, axis=-1)
        q, k, v = (part.reshape(B, -1, H, D // H).transpose(0, 2, 1, 3) for part in (q, k, v))
        weights = jax.nn.softmax(q @ k.swapaxes(-1, -2) / np.sqrt(D // H))
        heads = (weights @ v).transpose(0, 2, 1, 3).reshape(B, rows, D)
        x = normalize(p["n1"], x[:, :rows] + apply(p["out"], heads))
        return normalize(p["n2"], x + apply(p["down"], jax.nn.relu(apply(p["up"], x))))

    def loss_of(parameters, tokens, targets):
        T = tokens.shape[1]
        x = parameters["embedding"][tokens] + positions[:T]
        for p in parameters["blocks"][:-1]:
            x = block_forward(p, x, T)
        x = block_forward(parameters["blocks"][-1], x, 1 if shortcut else T)
        logits = apply(parameters["read"], x[:, 0])
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), targets[:, None], axis=1).mean()

    def adam(parameters, m, v, count, tokens, targets):
        loss, gradient = jax.value_and_grad(loss_of)(parameters, tokens, targets)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradient)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradient)
        c1, c2 = 1 - 0.9**count, 1 - 0.999**count
        parameters = jax.tree.map(lambda p, m, v: p - 1e-3 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8), parameters, m, v)
        return parameters, m, v, count + 1, loss

    jitted = jax.jit(adam, donate_argnums=(0, 1, 2, 3))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = [parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.float32(1)]
    tokens, targets = map(jnp.asarray, batches(config, batch_size))
    tokens, targets = list(tokens), list(targets)  # slicing them would be timed otherwise

    def step(i):
        *state[:], loss = jitted(*state, tokens[i], targets[i])
        return float(loss)  # waits for the step

    return step


MAKERS = {"tinyformer": tinyformer, "torch eager": torch_eager, "torch.compile": torch_compile, "jax jit": jax_jit}
