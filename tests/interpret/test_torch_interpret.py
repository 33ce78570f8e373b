"""PyTorch agrees: ablation, patching and attribution, computed anew by another library's forward and backward."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; see the extra 'torch' of pyproject.toml")

from scipy import stats  # noqa: E402
from torch_twin import Twin, tensor  # noqa: E402

from tinyformer import Transformer, expression_space, parse_expression  # noqa: E402
from tinyformer.interpret import (  # noqa: E402
    Component,
    ablate,
    association,
    gradient_times_input,
    heads_of,
    integrated_gradients,
    patch,
    random_sample,
    removal_effects,
)

pytestmark = pytest.mark.torch
TOLERANCE = 1e-5
EXPRESSION, OTHER = parse_expression("Max ( 5 3 9 )"), parse_expression("Max ( 5 3 1 )")
KINDS = [{"norm": norm, "pooling": pooling} for norm in ("post", "pre") for pooling in ("first", "mean")]
kinds = pytest.mark.parametrize("settings", KINDS, ids=lambda kind: "-".join(kind.values()))
SOME = random_sample(expression_space(), 60)


def make(**settings):
    shape = {"embed_dim": 16, "num_heads": 2, "num_layers": 2, "ffn_dim": 12, "dtype": "float64"}
    model = Transformer(seed=4, **shape | settings)
    model.vector += 0.2 * np.random.default_rng(2).standard_normal(model.vector.shape)
    return model


class Edited(Twin):
    """A twin in which the values of some names are replaced on the way."""

    edits = {}  # noqa: RUF012

    def forward(self, tokens, mask=None):
        for number, block in enumerate(self.blocks):
            plain = type(block).forward

            def edited(x, mask, note, block=block, number=number, plain=plain):
                def replaced(name, value):
                    edit = self.edits.get(f"blocks.{number}.{name}")
                    return note(name, value if edit is None else edit(value))

                return plain(block, x, mask, replaced)

            block.forward = edited
        return super().forward(tokens, mask)


def run(model, tokens, edits=None):
    twin = Edited(model)
    twin.edits = edits or {}
    with torch.no_grad():
        twin.requires_grad_(False)
        logits = twin(tensor(np.atleast_2d(tokens)))
    return logits.numpy(), {name: value.numpy() for name, value in twin.values.items()}


def head_replaced(head, by):
    def edit(z):
        z = z.clone()
        z[:, head] = tensor(np.asarray(by))
        return z

    return edit


@kinds
def test_mean_ablation_of_every_head(settings):
    model = make(**settings)
    _, values = run(model, SOME.tokens)
    result = ablate(model, SOME, [[head] for head in heads_of(model.config)])
    for place, part in enumerate(heads_of(model.config), start=1):
        name = f"blocks.{part.layer}.attn.z"
        logits, _ = run(model, SOME.tokens, {name: head_replaced(part.head, values[name][:, part.head].mean(axis=0))})
        log_probability = torch.log_softmax(tensor(logits), -1).numpy()[range(60), SOME.targets]
        np.testing.assert_allclose(result.values["log-probability"][place], log_probability, atol=TOLERANCE)


@kinds
def test_patching_of_every_head_and_of_the_embedded_tokens(settings):
    model = make(**settings)
    a, b = EXPRESSION.answer_token, OTHER.answer_token
    found = patch(model, EXPRESSION.tokens, OTHER.tokens, a, b)
    clean, values = run(model, EXPRESSION.tokens)
    before = run(model, OTHER.tokens)[0]
    gap = (clean - before)[0, a] - (clean - before)[0, b]
    for layer, head in np.ndindex(2, 2):
        name = f"blocks.{layer}.attn.z"
        patched = run(model, OTHER.tokens, {name: head_replaced(head, values[name][0, head])})[0] - before
        assert found.heads[layer, head] == pytest.approx((patched[0, a] - patched[0, b]) / gap, abs=TOLERANCE)
    assert found.residual[0, 4] == pytest.approx(1, abs=TOLERANCE)  # the token that differs


def difference_at(model, shares, answer, other):
    """Logit difference at each share of the embedded tokens, and its gradient, by PyTorch."""
    twin = Twin(model)
    embedded = tensor(model.embedding.forward([EXPRESSION.tokens])[0])
    x = (tensor(shares)[:, None, None] * embedded).requires_grad_()
    twin.embedding.forward = lambda tokens: x
    logits = twin(tensor(np.tile(EXPRESSION.tokens, (len(shares), 1))))
    (logits[:, answer] - logits[:, other]).sum().backward()
    return x.grad.numpy(), embedded.numpy()


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_gradient_times_input_and_integrated_gradients(norm):
    """The integral by another rule: midpoints, so many that they have settled."""
    model, answer, other = make(norm=norm, embed_dim=8, ffn_dim=6), EXPRESSION.answer_token, 3
    gradient, x = difference_at(model, np.ones(1), answer, other)
    np.testing.assert_allclose(
        gradient_times_input(model, EXPRESSION.tokens, answer, other), (gradient * x).sum(axis=-1)[0], atol=TOLERANCE
    )
    steps, total = 2**15, 0
    for part in np.array_split((np.arange(steps) + 0.5) / steps, 8):
        total = total + difference_at(model, part, answer, other)[0].sum(axis=0)
    found = integrated_gradients(model, EXPRESSION.tokens, answer, other, tolerance=1e-6)
    np.testing.assert_allclose(found.tokens, (total / steps * x[0]).sum(axis=-1), atol=TOLERANCE)


def test_what_is_lost_without_a_part():
    model, answer, other = make(), EXPRESSION.answer_token, 3
    means = {name: value.mean(axis=0) for name, value in run(model, SOME.tokens)[1].items()}
    for layer in range(2):  # the product computes one row of the last layer only
        for part in ("attn.z", "mlp.out"):
            name = f"blocks.{layer}.{part}"
            means[name] = means[name][..., :1, :] if layer else means[name]
    lost = removal_effects(model, EXPRESSION.tokens, answer, other, means)
    intact = run(model, EXPRESSION.tokens)[0][0]
    edit = {"blocks.0.mlp.out": lambda value: tensor(means["blocks.0.mlp.out"])[None]}
    without = run(model, EXPRESSION.tokens, edit)[0][0]
    expected = (intact - without)[answer] - (intact - without)[other]
    assert lost["blocks.0.mlp"] == pytest.approx(expected, abs=TOLERANCE)
    assert str(Component(0, "feed-forward")) == "feed-forward 1"


def test_rank_correlation_and_its_p_agree_with_scipy():
    x, y = np.random.default_rng(8).random((2, 9)).round(1)  # with ties
    found = association([(x, y)])
    assert found.rho == pytest.approx(stats.spearmanr(x, y).statistic, abs=TOLERANCE)
    exact = stats.permutation_test(
        (x,), lambda order: stats.spearmanr(order, y).statistic, permutation_type="pairings", n_resamples=500,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    assert found.p == pytest.approx(exact.pvalue, abs=0.06)
