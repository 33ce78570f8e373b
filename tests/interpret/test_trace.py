"""A trace is the forward pass, looked at: same numbers, every name, edits that do what they say and no more."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinyformer import Transformer, create_batch, tokenize
from tinyformer.interpret import trace, trace_names

LONG, SHORT = tokenize("Max ( 5 3 9 2 )"), tokenize("Min ( 8 1 )")
TOKENS, _, MASK = create_batch([(LONG, 2), (SHORT, 2), (LONG, 2)])
KINDS = [
    {"norm": norm, "pooling": pooling, "positions": positions}
    for norm in ("post", "pre")
    for pooling in ("first", "mean")
    for positions in ("sinusoidal", "learned", "none")
]


def make(dtype="float64", **settings):
    model = Transformer(
        embed_dim=16, num_heads=2, num_layers=3, ffn_dim=24, max_seq_len=12, seed=5, dtype=dtype, **settings
    )
    rng = np.random.default_rng(1)  # norms and biases that are not their initial ones and zeros
    model.vector += (0.2 * rng.standard_normal(model.vector.shape)).astype(dtype)
    return model


@pytest.mark.parametrize("every_row", [True, False])
@pytest.mark.parametrize("settings", KINDS, ids=lambda kind: "-".join(kind.values()))
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_a_trace_ends_at_the_logits_of_forward(settings, dtype, tolerance, every_row):
    model = make(dtype, **settings)
    logits, _ = model.forward(TOKENS, MASK)
    np.testing.assert_allclose(
        trace(model, TOKENS, MASK, every_row=every_row)["logits"], logits, rtol=0, atol=tolerance
    )
    unmasked, _ = model.forward(TOKENS[:1])
    np.testing.assert_allclose(trace(model, TOKENS[0])["logits"], unmasked, rtol=0, atol=tolerance)


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_the_values_under_way_are_those_of_the_tapes(norm):
    model = make(norm=norm)
    values = trace(model, TOKENS, MASK)
    _, tape = model.forward(TOKENS, MASK, every_row=True)
    for layer, block in enumerate(tape.blocks):
        name = f"blocks.{layer}"
        for part in "qkv":
            np.testing.assert_allclose(values[f"{name}.attn.{part}"], getattr(block.attention.core, part), atol=1e-12)
        np.testing.assert_allclose(values[f"{name}.attn.pattern"], block.attention.weights, atol=1e-12)
        np.testing.assert_allclose(values[f"{name}.ln1.normalized"], block.attention_norm.normalized, atol=1e-12)
        np.testing.assert_allclose(values[f"{name}.ln2.normalized"], block.feed_forward_norm.normalized, atol=1e-12)
        np.testing.assert_allclose(values[f"{name}.mlp.post"], block.feed_forward.contract.x, atol=1e-12)
    assert all(value.dtype == np.float64 for value in values.values())


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_every_documented_name_is_there_and_no_other(norm):
    model = make(norm=norm)
    assert set(trace(model, TOKENS, MASK)) == set(trace_names(model.config))


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_an_edit_that_changes_nothing_changes_nothing(norm):
    """Not in one bit, for every name, with a function and with an array."""
    model = make(norm=norm)
    intact = trace(model, TOKENS, MASK)
    for name in trace_names(model.config):
        for edit in (lambda value: value, intact[name]):
            np.testing.assert_array_equal(trace(model, TOKENS, MASK, {name: edit})["logits"], intact["logits"])


@pytest.mark.parametrize("settings", KINDS[::3], ids=lambda kind: "-".join(kind.values()))
def test_every_name_lies_on_a_way_to_the_answer(settings):
    """Adding noise under any name changes the logits: nothing is computed beside its name."""
    model, rng = make(**settings), np.random.default_rng(2)
    intact = trace(model, TOKENS[:1])["logits"]
    for name in trace_names(model.config):
        edited = trace(model, TOKENS[:1], edits={name: lambda value: value + rng.standard_normal(value.shape)})
        assert not np.allclose(edited["logits"], intact), name


def test_a_function_sees_each_value_once():
    model, calls = make(), []
    for name in trace_names(model.config):
        trace(model, TOKENS, MASK, {name: lambda value, name=name: calls.append(name) or value})
    assert calls == trace_names(model.config)


def test_an_edit_reaches_what_follows_and_nothing_before():
    model = make()
    intact = trace(model, TOKENS, MASK)
    edited = trace(model, TOKENS, MASK, {"blocks.1.attn.pattern": 1 / TOKENS.shape[1]})
    names = trace_names(model.config)
    after = names.index("blocks.1.attn.pattern")
    for name in names[:after]:
        np.testing.assert_array_equal(edited[name], intact[name])
    np.testing.assert_allclose(
        edited["blocks.1.attn.z"], intact["blocks.1.attn.v"].mean(axis=2, keepdims=True) + 0 * edited["blocks.1.attn.z"]
    )
    assert not np.allclose(edited["logits"], intact["logits"])


def test_a_wrong_name_and_a_wrong_shape_are_named():
    model = make()
    with pytest.raises(
        ValueError, match=r"nothing is named 'blocks.0.attn.patern'.*did you mean 'blocks.0.attn.pattern'"
    ):
        trace(model, TOKENS, MASK, {"blocks.0.attn.patern": 0})
    with pytest.raises(ValueError, match=r"blocks.0.mlp.out has shape \(3, 7, 16\), its edit \(5,\)"):
        trace(model, TOKENS, MASK, {"blocks.0.mlp.out": np.zeros(5)})


def test_traces_with_edits_in_four_threads_leave_the_model_and_each_other_alone():
    model = make("float32")
    before = copy.deepcopy(model).vector
    scales = [0.0, 0.5, 1.0, 2.0]
    edits = [{"blocks.0.attn.z": lambda z, scale=scale: scale * z} for scale in scales]
    alone = [trace(model, TOKENS, MASK, edit)["logits"] for edit in edits]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: trace(model, TOKENS, MASK, edits[i % 4])["logits"], range(200)))
    for i, logits in enumerate(together):
        np.testing.assert_array_equal(logits, alone[i % 4])
    np.testing.assert_array_equal(model.vector, before)
    assert not model.gradient.any()
