"""The whole model: its function against plain arithmetic, its gradients against differences, what must not matter."""

import copy
import itertools
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from small import MASK, SETTINGS, TARGETS, TOKENS, Reseeded, arrays_in, mostly_slow, small_model, snapshot

from tinyformer import CrossEntropyLoss, Transformer, TransformerConfig, check_model, gradient_check
from tinyformer.laboratory.reference import reference_forward
from tinyformer.layers import Linear

NORMS, POOLINGS, POSITIONS = ("post", "pre"), ("first", "mean"), ("sinusoidal", "learned", "none")
KINDS = [
    {"norm": norm, "pooling": pooling, "positions": positions, "scale_attention": scaled}
    for norm, pooling, positions, scaled in itertools.product(NORMS, POOLINGS, POSITIONS, (True, False))
]
MAIN_KINDS = [kind for kind in KINDS if kind["positions"] == "sinusoidal" and kind["scale_attention"]]


def name_of(kind):
    return " ".join(str(value) for value in kind.values()) if isinstance(kind, dict) else str(kind)


def gradients_of(model, tokens, mask=None, targets=TARGETS, every_row=False):
    """The gradient of the mean loss, at all parameters and at the embedded tokens."""
    loss_fn = CrossEntropyLoss()
    model.zero_grad()
    logits, tape = model.forward(tokens, mask, every_row=every_row)
    dx = model.backward(loss_fn.backward(loss_fn.forward(logits, targets)[1]), tape)
    return model.gradient.copy(), dx


# Shapes and sizes


def test_the_default_model_has_102_548_parameters():
    model = Transformer()
    assert model.config.num_parameters == model.vector.size == 102_548
    assert sum(value.size for value, _ in model.get_parameters()) == 102_548


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_the_number_of_parameters_is_known_beforehand(kind):
    for settings in ({}, {"embed_dim": 10, "num_heads": 2, "num_layers": 3, "vocab_size": 23}):
        config = TransformerConfig(**SETTINGS | settings | kind)
        assert config.num_parameters == Transformer(config).vector.size


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_tokens_become_probabilities(kind):
    model = small_model("float32", **kind)
    probabilities = model.predict(TOKENS, MASK)
    assert probabilities.shape == (3, 20)
    assert (probabilities > 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    logits, _ = model.forward(TOKENS, MASK)
    assert np.array_equal(probabilities.argmax(axis=1), logits.argmax(axis=1))


@pytest.mark.parametrize("settings", [{"num_layers": 1}, {"num_layers": 4}, {"num_heads": 1}, {"num_heads": 6}])
def test_any_depth_and_number_of_heads_works(settings):
    model = small_model(**settings)
    logits, tape = model.forward(TOKENS, MASK, every_row=True)
    assert logits.shape == (3, 20)
    assert len(tape.blocks) == model.config.num_layers
    assert tape.blocks[0].attention.weights.shape == (3, model.config.num_heads, 7, 7)
    report = check_model(model, TOKENS, MASK, sample=4)
    assert report.passed, report


def test_names_tell_where_a_parameter_is():
    model = small_model(positions="learned", norm="pre")
    names = list(model.named_parameters())
    assert names[:2] == ["embedding.weight", "positions.weight"]
    assert "blocks.1.attention.qkv.weight" in names
    assert names[-4:] == ["final_norm.gamma", "final_norm.beta", "read_out.weight", "read_out.bias"]
    assert list(model.named_gradients()) == names


# The function


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_the_logits_are_those_of_plain_arithmetic(kind):
    model = small_model(**kind)
    logits, tape = model.forward(TOKENS, MASK, every_row=True)
    for row, (tokens, mask) in enumerate(zip(TOKENS, MASK, strict=True)):
        expected, patterns = reference_forward(model.named_parameters(), model.config, tokens[mask])
        np.testing.assert_allclose(logits[row], expected, rtol=1e-10, atol=1e-12)
        T = mask.sum()
        for block, pattern in zip(tape.blocks, patterns, strict=True):
            np.testing.assert_allclose(block.attention.weights[row, :, :T, :T], pattern, rtol=1e-9, atol=1e-13)


# The gradients


@pytest.mark.parametrize("kind", MAIN_KINDS, ids=name_of)
def test_every_gradient_is_exact(kind):
    model = small_model(**kind)
    report = check_model(model, TOKENS, MASK)
    assert report.passed, report
    assert report.checked + report.kinks == model.vector.size + TOKENS.size * model.config.embed_dim


# Above every coordinate, of the four main kinds. Here a few of each array, of all 24.
@pytest.mark.parametrize("kind", mostly_slow(KINDS, *MAIN_KINDS[::3]), ids=name_of)
def test_gradients_are_exact_with_all_positions_masked_and_not_scaled_and_not(kind):
    for mask, sample in ((MASK, 3), (None, 2)):
        report = check_model(small_model(**kind), TOKENS, mask, sample=sample)
        assert report.passed, report


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_are_exact_under_dropout(norm):
    model = small_model(norm=norm, dropout=0.3)
    report = gradient_check(Reseeded(model), TOKENS, mask=MASK, sample=15)
    assert report.passed, report
    dropped = [scale for path, scale in arrays_in(model.forward(TOKENS, MASK, np.random.default_rng(5))[1])
               if path.endswith("scale")]  # fmt: skip
    assert len(dropped) == 1 + 2 * 2  # after the embedding, and twice in each block
    assert all((scale == 0).any() for scale in dropped)


def test_a_wrong_backward_inside_the_model_is_found():
    class HalfTheBias(Linear):
        def backward(self, dy, tape):
            before = self.bias.gradient.copy()
            dx = super().backward(dy, tape)
            self.bias.gradient[:] = before + (self.bias.gradient - before) / 2
            return dx

    model = small_model()
    model.blocks[1].feed_forward.contract.__class__ = HalfTheBias
    report = check_model(model, TOKENS, MASK, sample=6)
    assert (report.passed, report.name) == (False, "blocks.1.feed_forward.contract.bias")
    assert report.error == pytest.approx(0.5, rel=1e-3)
    assert {name for name, error in report.errors.items() if error > 1e-6} == {report.name}


# What must not matter


@pytest.mark.parametrize("kind", MAIN_KINDS, ids=name_of)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_a_padded_batch_answers_as_its_expressions_do_alone(kind, dtype, tolerance):
    model = Transformer(**kind, dtype=dtype)  # at its real width
    together, _ = model.forward(TOKENS, MASK)
    for row, (tokens, mask) in enumerate(zip(TOKENS, MASK, strict=True)):
        alone, _ = model.forward(tokens[None, mask])
        np.testing.assert_allclose(together[row], alone[0], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("kind", MAIN_KINDS, ids=name_of)
def test_a_padded_batch_has_the_mean_gradient_of_its_expressions(kind):
    model = small_model(**kind)
    together, _ = gradients_of(model, TOKENS, MASK)
    alone = [
        gradients_of(model, t[None, m], targets=[target])[0] for t, m, target in zip(TOKENS, MASK, TARGETS, strict=True)
    ]
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", MAIN_KINDS, ids=name_of)
def test_what_stands_in_the_padding_changes_nothing(kind):
    model = small_model(**kind)
    other = np.where(MASK, TOKENS, 15)
    assert np.array_equal(model.forward(other, MASK)[0], model.forward(TOKENS, MASK)[0])
    gradient, dx = gradients_of(model, other, MASK)
    assert not dx[~MASK].any()
    assert np.array_equal(gradient, gradients_of(model, TOKENS, MASK)[0])


@pytest.mark.parametrize("kind", [kind for kind in MAIN_KINDS if kind["pooling"] == "first"], ids=name_of)
@pytest.mark.parametrize("mask", [None, MASK], ids=["unmasked", "masked"])
def test_computing_the_first_row_only_gives_the_same_numbers(kind, mask):
    model = small_model(**kind)
    short, tape = model.forward(TOKENS, mask)
    whole, whole_tape = model.forward(TOKENS, mask, every_row=True)
    assert tape.blocks[-1].attention.weights.shape[2] == 1
    assert whole_tape.blocks[-1].attention.weights.shape[2] == TOKENS.shape[1]
    np.testing.assert_allclose(short, whole, rtol=1e-12, atol=1e-14)
    for one, other in zip(
        gradients_of(model, TOKENS, mask), gradients_of(model, TOKENS, mask, every_row=True), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)


def test_an_expression_is_answered_without_regard_to_its_neighbors():
    model, order = small_model(), [2, 0, 1]
    np.testing.assert_allclose(
        model.forward(TOKENS[order], MASK[order])[0], model.forward(TOKENS, MASK)[0][order], rtol=1e-12
    )


def test_a_mask_without_padding_is_no_mask():
    model = small_model()
    assert np.array_equal(model.forward(TOKENS, np.ones_like(MASK))[0], model.forward(TOKENS)[0])


@pytest.mark.parametrize("norm", NORMS)
def test_without_positions_the_order_of_the_numbers_cannot_be_told(norm):
    # First ( 5 3 9 ) and First ( 9 5 3 ) have different answers: a model without positions gives the same to both.
    tokens, permuted = np.array([[12, 17, 7, 5, 11, 18]]), np.array([[12, 17, 11, 7, 5, 18]])
    for pooling in POOLINGS:
        blind = small_model(norm=norm, pooling=pooling, positions="none")
        np.testing.assert_allclose(blind.forward(permuted)[0], blind.forward(tokens)[0], rtol=1e-11, atol=1e-12)
        for positions in ("sinusoidal", "learned"):
            seeing = small_model(norm=norm, pooling=pooling, positions=positions)
            assert np.abs(seeing.forward(permuted)[0] - seeing.forward(tokens)[0]).max() > 1e-3


def test_without_positions_the_mean_does_not_even_know_the_first_token():
    tokens = np.array([[12, 17, 7, 5, 11, 18]])
    blind = small_model(positions="none", pooling="mean")
    np.testing.assert_allclose(blind.forward(tokens[:, ::-1])[0], blind.forward(tokens)[0], rtol=1e-11, atol=1e-12)


# float32, float64


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_nothing_upcasts(kind):
    model = small_model("float32", dropout=0.2, **kind)
    logits, tape = model.forward(TOKENS, MASK, np.random.default_rng(0))
    loss, loss_tape = CrossEntropyLoss().forward(logits, TARGETS)
    d_logits = CrossEntropyLoss().backward(loss_tape)
    dx = model.backward(d_logits, tape)
    assert isinstance(loss, float)
    arrays = dict(arrays_in((tape, loss_tape, logits, d_logits, dx, model.vector, model.gradient)))
    arrays |= model.named_gradients() | {"probabilities": model.predict(TOKENS, MASK)}
    assert len(arrays) > 40
    assert {path: a.dtype for path, a in arrays.items() if a.dtype.kind == "f" and a.dtype != np.float32} == {}


def test_float32_agrees_with_float64_to_its_precision():
    model = small_model("float32")
    exact = small_model("float64")
    exact.vector[:] = model.vector
    np.testing.assert_allclose(model.forward(TOKENS, MASK)[0], exact.forward(TOKENS, MASK)[0], rtol=1e-4, atol=1e-5)


# Sharing, copying


@pytest.mark.parametrize("kind", MAIN_KINDS, ids=name_of)
def test_forward_writes_nothing_to_the_model(kind):
    model = small_model("float32", dropout=0.2, **kind)
    before = snapshot(model)
    model.forward(TOKENS, MASK, np.random.default_rng(0))
    model.forward(TOKENS[:1], every_row=True)
    model.predict(TOKENS, MASK)
    assert snapshot(model) == before


def test_eight_threads_share_a_model():
    """2,000 answers of one model, and 200 backward passes on copies of it, all at once: none is wrong."""
    model = small_model("float32")
    rng = np.random.default_rng(0)
    questions = [(rng.integers(0, 20, (rng.integers(1, 4), rng.integers(2, 9))), None) for _ in range(20)]
    questions += [(TOKENS, MASK), (TOKENS[:1], MASK[:1])]
    answers = [model.forward(tokens, mask)[0] for tokens, mask in questions]
    gradient, _ = gradients_of(copy.deepcopy(model), TOKENS, MASK)

    def wrong(job):
        if job % 11 == 0:
            return not np.array_equal(gradients_of(copy.deepcopy(model), TOKENS, MASK)[0], gradient)
        which = job % len(questions)
        return not np.array_equal(model.forward(*questions[which])[0], answers[which])

    jobs = range(2200)
    assert sum(job % 11 == 0 for job in jobs) == 200
    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-5)  # change threads as often as possible
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(wrong, jobs)) == 0
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_copy_is_equal_and_whole_and_its_own(copied, dtype):
    model = small_model(dtype, positions="learned", norm="pre")
    twin = copied(model)
    assert (twin.config, twin.dtype) == (model.config, model.dtype)
    assert twin.vector.tobytes() == model.vector.tobytes()
    logits = model.forward(TOKENS, MASK)[0]
    assert np.array_equal(twin.forward(TOKENS, MASK)[0], logits)
    twin.vector[:] = 0  # still what the layers compute with,
    assert not any(value.any() for value in twin.named_parameters().values())
    assert not twin.forward(TOKENS, MASK)[0].any()
    assert np.array_equal(model.forward(TOKENS, MASK)[0], logits)  # and nothing of it is the original's
    gradients_of(twin, TOKENS, MASK)
    assert np.array_equal(twin.gradient, np.concatenate([g.ravel() for g in twin.named_gradients().values()]))


def test_one_seed_is_one_model():
    assert Transformer(seed=5).vector.tobytes() == Transformer(seed=5).vector.tobytes()
    assert Transformer(seed=5).vector.tobytes() != Transformer(seed=6).vector.tobytes()


def test_dropout_follows_its_generator_and_is_off_without():
    model = small_model(dropout=0.5)
    one, other, again = (model.forward(TOKENS, MASK, np.random.default_rng(seed))[0] for seed in (1, 2, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    plain = small_model(dropout=0.0)
    assert np.array_equal(model.forward(TOKENS, MASK)[0], plain.forward(TOKENS, MASK)[0])


# Refusals


@pytest.mark.parametrize(
    ("tokens", "mask", "message"),
    [
        (TOKENS[0], None, r"must be \(B, T\), at least one expression of one token, got shape \(7,\)"),
        (TOKENS[:0], None, r"got shape \(0, 7\)"),
        (TOKENS[:, :0], None, r"got shape \(3, 0\)"),
        (TOKENS * 1.0, None, "whole numbers, got float64"),
        (TOKENS + 5, None, "must lie in 0…19, got 5…23"),
        (TOKENS - 1, None, "must lie in 0…19, got -1…17"),
        (np.ones((1, 10), int), None, "10 tokens do not fit into max_seq_len = 9"),
        (TOKENS, MASK[0], r"must be bool \(3, 7\), the shape of the tokens, True = a token; got bool \(7,\)"),
        (TOKENS, MASK.astype(int), r"got int64 \(3, 7\)"),
        (TOKENS, ~MASK, "expression 0 of the batch has no token at its first position"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(tokens, mask, message):
    with pytest.raises(ValueError, match=message):
        small_model().forward(tokens, mask)


def test_embedded_tokens_of_another_precision_are_refused():
    with pytest.raises(ValueError, match="computes in float32, got float64"):
        small_model("float32").forward_embedded(np.zeros((1, 3, 6)))


@pytest.mark.parametrize("dtype", ["float16", "int32"])
def test_a_model_is_float32_or_float64(dtype):
    with pytest.raises(ValueError, match=f"'float32' or 'float64', got '{dtype}'"):
        Transformer(dtype=dtype)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embed_dim": 64, "num_heads": 5}, "multiple of num_heads, got 64 and 5: try num_heads=4"),
        ({"num_layers": 0}, "num_layers must be a whole number from 1"),
        ({"ffn_dim": 2.5}, "ffn_dim must be a whole number"),
        ({"norm": "both"}, "norm must be 'post' or 'pre', got 'both'"),
        ({"pooling": "last"}, "pooling must be 'first' or 'mean'"),
        ({"positions": "rotary"}, "positions must be 'sinusoidal' or 'learned' or 'none'"),
        ({"dropout": 1.0}, r"dropout must be a number in \[0, 1\), got 1.0"),
        ({"dropout": float("nan")}, "dropout must be a number"),
    ],
)
def test_a_configuration_says_what_to_change(settings, message):
    with pytest.raises(ValueError, match=message):
        Transformer(**settings)


def test_a_configuration_and_other_settings_contradict_each_other():
    with pytest.raises(ValueError, match="not both"):
        Transformer(TransformerConfig(), embed_dim=32)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
