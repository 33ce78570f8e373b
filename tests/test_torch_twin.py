"""PyTorch agrees: logits, every named intermediate value, every gradient, and 50 steps of each optimizer."""

import itertools

import numpy as np
import pytest
from small import MASK, TARGETS, TOKENS, small_model

if __name__ == "__main__":  # first, so that it is skipped rather than broken where there is no PyTorch
    raise SystemExit(pytest.main([__file__, "-v"]))

torch = pytest.importorskip("torch", reason="PyTorch is not installed; see the extra 'torch' of pyproject.toml")

from torch.nn import functional  # noqa: E402
from torch_twin import Twin, library_encoder, tensor  # noqa: E402

from tinyformer import SGD, Adam, CrossEntropyLoss, train_step  # noqa: E402
from tinyformer.interpret.trace import trace, trace_names  # noqa: E402

pytestmark = pytest.mark.torch

TOLERANCE = 1e-9
KINDS = [
    {"norm": norm, "pooling": pooling, "positions": positions}
    for norm, pooling, positions in itertools.product(
        ("post", "pre"), ("first", "mean"), ("sinusoidal", "learned", "none")
    )
]
UNSCALED = [{"norm": norm, "scale_attention": False} for norm in ("post", "pre")]


def name_of(kind):
    return " ".join(str(value) for value in kind.values())


def assert_close(ours, theirs, name):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    assert ours.shape == theirs.shape, name
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


@pytest.fixture(params=KINDS + UNSCALED, ids=name_of)
def model(request):
    return small_model(**request.param)


@pytest.fixture(params=[None, MASK], ids=["unmasked", "masked"])
def mask(request):
    return request.param


def run_both(model, mask, every_row=True):
    """Forward and backward pass of the mean loss in each: (the engine's tape, its gradient at the input, the twin)."""
    twin, loss_fn = Twin(model), CrossEntropyLoss()
    logits = twin(tensor(TOKENS), None if mask is None else tensor(mask))
    loss = functional.cross_entropy(logits, tensor(TARGETS))
    loss.backward()

    ours, tape = model.forward(TOKENS, mask, every_row=every_row)
    assert_close(ours, logits, "logits")
    our_loss, loss_tape = loss_fn.forward(ours, TARGETS)
    assert our_loss == pytest.approx(loss.item(), abs=TOLERANCE)
    model.zero_grad()
    dx = model.backward(loss_fn.backward(loss_tape), tape)
    return tape, dx, twin


def test_every_named_value_is_the_same(model, mask):
    values, (tape, _, twin) = trace(model, TOKENS, mask), run_both(model, mask)
    assert set(values) == set(trace_names(model.config))
    assert set(twin.values) == set(values)
    for name in values:
        assert_close(values[name], twin.values[name], name)

    # and the same once more from the tape, which is what backward and the dashboard use
    for i, block in enumerate(tape.blocks):
        here, core = f"blocks.{i}", block.attention.core
        for name in ("q", "k", "v"):
            assert_close(getattr(core, name), twin.values[f"{here}.attn.{name}"], name)
        assert_close(core.weights, twin.values[f"{here}.attn.pattern"], "weights")
        layers = model.blocks[i]
        for norm, layer, their_norm in (
            (block.attention_norm, layers.attention_norm, "ln1"),
            (block.feed_forward_norm, layers.feed_forward_norm, "ln2"),
        ):
            assert_close(norm.normalized, twin.values[f"{here}.{their_norm}.normalized"], their_norm)
            assert_close(1 / norm.inverse_std, twin.values[f"{here}.{their_norm}.scale"], their_norm)
            if model.config.norm == "post":
                out = norm.normalized * layer.gamma.value + layer.beta.value
                assert_close(out, twin.values[f"{here}.{'resid_mid' if their_norm == 'ln1' else 'resid_post'}"], here)
        assert_close(block.feed_forward.contract.x, twin.values[f"{here}.mlp.post"], "hidden")
        assert np.array_equal(block.feed_forward.relu.active, twin.values[f"{here}.mlp.pre"].detach().numpy() > 0)


def test_every_gradient_is_the_same(model, mask):
    for every_row in (True, False):  # the shortcut of the last block as well
        _, dx, twin = run_both(model, mask, every_row)
        gradients = twin.engine_parameters(gradients=True)
        assert list(gradients) == list(model.named_gradients())
        for name, ours in model.named_gradients().items():
            assert_close(ours, gradients[name], name)
            assert np.abs(ours).max() > 1e-4 or name.endswith("positions.weight"), name  # there is something to compare
        assert_close(dx, twin.values["embed"].grad, "input")


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("pooling", ["first", "mean"])
def test_the_transformer_that_pytorch_brings_is_the_same(norm, pooling, mask):
    model = small_model(norm=norm, pooling=pooling)
    encoder = library_encoder(model).train()
    x = tensor(model.embedding.forward(TOKENS)[0]).requires_grad_()
    rows = encoder(
        x + tensor(model.positions.table[: TOKENS.shape[1]]),
        src_key_padding_mask=None if mask is None else tensor(~mask),
    )
    keep = np.ones_like(MASK) if mask is None else mask
    pooled = (
        rows[:, 0] if pooling == "first" else (rows * tensor(keep)[..., None]).sum(1) / tensor(keep).sum(1)[:, None]
    )
    named = model.named_parameters()
    logits = pooled @ tensor(named["read_out.weight"]) + tensor(named["read_out.bias"])
    functional.cross_entropy(logits, tensor(TARGETS)).backward()

    ours, tape = model.forward(TOKENS, mask)
    loss_fn = CrossEntropyLoss()
    dx = model.backward(loss_fn.backward(loss_fn.forward(ours, TARGETS)[1]), tape)
    assert_close(ours, logits, "logits")
    assert_close(dx, x.grad, "input")
    gradients = model.named_gradients()
    for i, layer in enumerate(encoder.layers):
        assert_close(gradients[f"blocks.{i}.attention.qkv.weight"], layer.self_attn.in_proj_weight.grad.T, "qkv")
        assert_close(gradients[f"blocks.{i}.feed_forward.expand.weight"], layer.linear1.weight.grad.T, "expand")
        assert_close(gradients[f"blocks.{i}.attention_norm.gamma"], layer.norm1.weight.grad, "gamma")


def groups(parameters):
    """Two groups, as nanoGPT's configure_optimizers has them: what has two axes decays, gains and biases do not."""
    parameters = list(parameters)
    matrices, vectors = ([p for p in parameters if (p.dim() > 1) is wanted] for wanted in (True, False))
    return [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]


OPTIMIZERS = {
    "adam": (lambda p: Adam(p, 3e-3), lambda p: torch.optim.Adam(p, 3e-3)),
    "adam, decay": (
        lambda p: Adam(p, 3e-3, weight_decay=0.05),
        lambda p: torch.optim.AdamW(groups(p), 3e-3, weight_decay=0.05),
    ),
    "adam, decay of all": (
        lambda p: Adam(p, 3e-3, weight_decay=0.05, decay_of="all"),
        lambda p: torch.optim.AdamW(p, 3e-3, weight_decay=0.05),
    ),
    "adam, other constants": (
        lambda p: Adam(p, 3e-3, beta1=0.8, beta2=0.99, epsilon=1e-6),
        lambda p: torch.optim.Adam(p, 3e-3, betas=(0.8, 0.99), eps=1e-6),
    ),
    "sgd": (lambda p: SGD(p, 0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "sgd, momentum": (lambda p: SGD(p, 0.02, momentum=0.9), lambda p: torch.optim.SGD(p, 0.02, momentum=0.9)),
}


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_lead_to_the_same_place(name, norm):
    make_ours, make_theirs = OPTIMIZERS[name]
    model = small_model(norm=norm)
    twin, start = Twin(model), model.vector.copy()
    ours, theirs = make_ours(model.get_parameters), make_theirs(twin.parameters())
    rng, loss_fn = np.random.default_rng(0), CrossEntropyLoss()
    for _ in range(50):
        rows = rng.permutation(3)[:2]
        loss, _ = train_step(model, TOKENS[rows], TARGETS[rows], loss_fn, ours, MASK[rows])
        theirs.zero_grad()
        their_loss = functional.cross_entropy(twin(tensor(TOKENS[rows]), tensor(MASK[rows])), tensor(TARGETS[rows]))
        their_loss.backward()
        theirs.step()
        assert loss == pytest.approx(their_loss.item(), abs=1e-8)
    for parameter, value in twin.engine_parameters().items():
        np.testing.assert_allclose(model.named_parameters()[parameter], value, rtol=1e-8, atol=1e-8, err_msg=parameter)
    assert np.abs(model.vector - start).max() > 0.05  # it went somewhere


def test_the_twin_would_notice():
    """A relative change of 1e-6 in one weight of the engine is seen in the logits."""
    model = small_model()
    twin = Twin(model)
    model.named_parameters()["blocks.0.attention.qkv.weight"][2, 3] *= 1 + 1e-6
    theirs = twin(tensor(TOKENS), tensor(MASK)).detach().numpy()
    assert np.abs(model.forward(TOKENS, MASK)[0] - theirs).max() > 1e-9
