"""PyTorch agrees on path patching and on QK and OV: written anew, an edge at a time, nothing remembered."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; see the extra 'torch' of pyproject.toml")

from test_paths import PAIRS, every_pair, kinds, make  # noqa: E402
from torch_twin import Twin, tensor  # noqa: E402

from tinyformer.interpret.head_circuits import head_circuits  # noqa: E402
from tinyformer.interpret.paths import edges_of, senders  # noqa: E402

pytestmark = pytest.mark.torch
TOLERANCE = 1e-5


class Paths:
    """A Twin whose every receiver reads a stream of its own, made of one run's outputs and another's."""

    def __init__(self, model):
        self.twin, self.config = Twin(model).requires_grad_(False), model.config
        self.names = senders(model.config)

    def inputs(self, tokens, order=None):
        positions = self.twin.position_rows(tokens.shape[1])
        places = np.tile(np.arange(tokens.shape[1]), (len(tokens), 1)) if order is None else order
        return [self.twin.embedding(tensor(tokens)), positions[tensor(places)]]

    def run(self, inputs, kept=None, other=None):
        """kept: edges, None for all; other: {sender: output} in place of what is not kept → outputs, logits."""
        outputs = dict(zip(self.names, inputs, strict=False))

        def read(receiver, layer, behind_attention):
            wrote = {name: value if kept is None or (name, receiver) in kept else other[name]
                     for name, value in outputs.items()}  # fmt: skip
            x = wrote["tokens"] + wrote["positions"]
            for number, block in enumerate(self.twin.blocks):
                if number > layer or (number == layer and not behind_attention):
                    break
                heads = [wrote[f"head {number + 1}.{head + 1}"] for head in range(self.config.num_heads)]
                x = x + torch.stack(heads).sum(dim=0) + block.output.bias
                x = x if self.config.norm == "pre" else block.attention_norm(x)
                if number < layer:
                    x = x + wrote[f"feed-forward {number + 1}"]
                    x = x if self.config.norm == "pre" else block.feed_forward_norm(x)
            return x

        for layer, block in enumerate(self.twin.blocks):
            new, K, pre = {}, self.config.head_dim, self.config.norm == "pre"
            for head in range(self.config.num_heads):
                name, parts = f"head {layer + 1}.{head + 1}", []
                for port, weight, bias in zip("qkv", block.qkv.weight.chunk(3), block.qkv.bias.chunk(3), strict=True):
                    x = read(f"{name} {port}", layer, False)
                    x = block.attention_norm(x) if pre else x
                    rows = slice(head * K, (head + 1) * K)
                    parts.append(x @ weight[rows].T + bias[rows])
                q, k, v = parts
                z = torch.softmax(torch.einsum("bqk,btk->bqt", q, k) / K**0.5, dim=-1) @ v
                new[name] = z @ block.output.weight[:, head * K : (head + 1) * K].T
            outputs |= new
            x = read(f"feed-forward {layer + 1}", layer, True)
            x = block.feed_forward_norm(x) if pre else x
            outputs[f"feed-forward {layer + 1}"] = block.contract(torch.relu(block.expand(x)))
        x = read("answer", len(self.twin.blocks), False)
        x = x if self.twin.final_norm is None else self.twin.final_norm(x)
        return outputs, self.twin.read_out(x[:, 0] if self.config.pooling == "first" else x.mean(dim=1)).numpy()


@kinds
def test_path_patching_of_drawn_sets_of_edges(settings):
    model = make(**settings)
    runs, paths, edges = every_pair(model), Paths(model), edges_of(model.config)
    clean, corrupted = paths.inputs(PAIRS.clean), paths.inputs(PAIRS.corrupted, PAIRS.order)
    other, logits = paths.run(corrupted)
    rows, answers = np.arange(len(PAIRS.clean)), runs.pairs.answers
    np.testing.assert_allclose(logits[rows, answers[:, 0]] - logits[rows, answers[:, 1]], runs.before, atol=TOLERANCE)
    rng = np.random.default_rng(0)
    sets = [edges, *([edge for edge in edges if edge != one] for one in edges[::9])]
    sets += [[edge for edge in edges if rng.random() < share] for share in (0.3, 0.6, 0.9)]
    for kept in sets:
        _, logits = paths.run(clean, set(kept), other)
        expected = logits[rows, answers[:, 0]] - logits[rows, answers[:, 1]]
        np.testing.assert_allclose(runs.difference(kept), expected, atol=TOLERANCE)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_qk_and_ov_of_every_head(norm):
    model = make(norm=norm, positions="learned")
    twin = Twin(model).requires_grad_(False)

    def without_division(x, norm):
        return (x - x.mean(dim=-1, keepdim=True)) * norm.weight

    for layer, block in enumerate(twin.blocks):
        for head in range(2):
            rows, x, first = slice(head * 8, head * 8 + 8), twin.embedding.weight, twin.positions[:1]
            for earlier in twin.blocks[:layer] if norm == "post" else ():
                x, first = (without_division(without_division(one, earlier.attention_norm), earlier.feed_forward_norm)
                            for one in (x, first))  # fmt: skip
            x, first = (without_division(one, block.attention_norm) if norm == "pre" else one for one in (x, first))
            (q, k, v), (bias, _, _) = block.qkv.weight.chunk(3), block.qkv.bias.chunk(3)
            scores = ((x + first) @ q[rows].T + bias[rows]) @ (x @ k[rows].T).T / 8**0.5
            written = x @ v[rows].T @ block.output.weight[:, rows].T
            for later in twin.blocks[layer:] if norm == "post" else ():
                written = without_division(without_division(written, later.attention_norm), later.feed_forward_norm)
            written = without_division(written, twin.final_norm) if norm == "pre" else written
            found = head_circuits(model, layer, head)
            np.testing.assert_allclose(found.qk, scores.numpy(), atol=TOLERANCE)
            np.testing.assert_allclose(found.ov, (written @ twin.read_out.weight.T).numpy(), atol=TOLERANCE)
            assert found.exact == (norm == "post" and layer == 0)
