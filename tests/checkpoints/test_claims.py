"""What a checkpoint says of itself: lies are refused with their reason, and any table at all gives no other error."""

import json

import numpy as np
import pytest
from small import TOKENS, small_model
from test_checkpoint import change_metadata, npy, refusal, rewrite

from tinyformer import CheckpointError, MetricsTracker, Transformer, TransformerConfig, load_checkpoint, save_checkpoint
from tinyformer.checkpoints import claims
from tinyformer.configuration import TrainingConfig
from tinyformer.training import StepRecord

BEYOND = 10**400  # any float


@pytest.fixture
def path(tmp_path):
    model = Transformer(seed=3, embed_dim=8, num_heads=2, num_layers=1, ffn_dim=8)
    test = {"correct": 3, "total": 4, "accuracy": 0.75, "loss": 1.0}
    metadata = {"epoch": 1, "step": 5, "steps_trained": 9, "seconds": 1.5, "test": test}
    return save_checkpoint(tmp_path / "m.npz", model, training=TrainingConfig(model=model.config), metadata=metadata)


@pytest.mark.parametrize(
    "name", ["learning_rate", "momentum", "weight_decay", "clip_norm", "num_examples", "epochs", "seed", "warmup_steps"]
)
@pytest.mark.parametrize("value", [BEYOND, -BEYOND, float("nan"), float("inf"), True, "1", [1], {}], ids=str)
def test_a_setting_that_is_no_number_is_refused_by_name(path, name, value):
    change_metadata(path, lambda m: m["training"].update({name: value}))
    assert f"{name} must be a" in refusal(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: m["config"].update(dropout=BEYOND), "dropout must be a number in [0, 1)"),
        (lambda m: m["config"].update(scale_attention=1), "scale_attention must be True or False, got 1"),
        (lambda m: m["config"].update(max_seq_len=312_000), "max_seq_len must be a whole number from 1 to 10000"),
        (lambda m: m.update(config=[1]), "the settings of TransformerConfig are a table, got [1]"),
        (lambda m: m["training"].update(num_args=None), "num_args must be a whole number or a range"),
        (lambda m: m["training"].update(shares=[0.5, 0.5, BEYOND]), "shares must be three positive numbers"),
        (lambda m: m["training"].update(shares="abc"), "shares must be three positive numbers"),
        (lambda m: m["training"].update(model=7), "the settings of TransformerConfig are a table, got 7"),
        (lambda m: m["training"].update(model={"ffn_dim": 10**6, "embed_dim": 600}), "the limit is 20,000,000"),
        (lambda m: m.update(version=BEYOND), "it has version 1000"),
        (lambda m: m.update(optimizer=[1]), "its optimizer keeps [1] arrays"),
        (lambda m: m["metadata"].update(step=1.5), "its step is 1.5, expected a whole number"),
        (lambda m: m["metadata"].update(seconds=-1), "its seconds is -1, expected a number from 0"),
        (lambda m: m["metadata"].update(seconds=BEYOND), "its seconds is 1000"),
        (lambda m: m["metadata"]["test"].update(accuracy=7), "its accuracy is 7, expected a number from 0 to 1"),
        (lambda m: m["metadata"]["test"].update(correct=9), "it says that 9 of 4 were right"),
        (lambda m: m["metadata"]["test"].update(correct=-1, total=0), "its correct is -1"),
        (lambda m: m["metadata"]["test"].update(correct=0, total=0), "it says that 0 of 0 were right"),
        (lambda m: m["metadata"]["test"].update(total=True), "its total is True"),
    ],
)
def test_a_lie_is_refused_with_its_reason(path, change, reason):
    change_metadata(path, change)
    assert reason in refusal(path)


@pytest.mark.parametrize("rows", [np.full((2, 6), -3.0), np.full((2, 6), 1e300), np.full((2, 6), 1.5)])
def test_a_history_that_no_training_has_is_refused(path, rows):
    rewrite(path, {"history.steps.npy": npy(rows)})
    assert "its history.steps has values that no training measures" in refusal(path)


def test_a_long_history_is_thinned_when_written_and_refused_when_read(path, monkeypatch):
    tracker = MetricsTracker()
    for step in range(1, 8):
        tracker.record(StepRecord(step, 1, 1.0, 0.5, 1.0, 1e-3, 0.01))
    model = load_checkpoint(path).model
    monkeypatch.setattr(claims, "MOST_ROWS", 3)
    assert load_checkpoint(save_checkpoint(path, model, history=tracker)).history.steps["step"] == [1, 4, 7]
    monkeypatch.setattr(claims, "MOST_ROWS", 2)
    with pytest.raises(CheckpointError, match="has 3 rows, the limit is 2"):
        load_checkpoint(path)


@pytest.mark.parametrize("scale", [1e20, 1e35])
def test_weights_that_cannot_be_computed_with_are_neither_read_nor_written(path, scale):
    model = load_checkpoint(path).model
    rewrite(path, {"parameters.npy": npy(model.vector * np.float32(scale))})
    assert "its weights are too large to compute with" in refusal(path)
    model.vector *= np.float32(scale)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="too large to compute with"):
        save_checkpoint(path, model)
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", [0, 1e-40])
def test_weights_that_vanish_can_be_used(path, value):
    rewrite(path, {"parameters.npy": npy(np.full_like(load_checkpoint(path).model.vector, value))})
    assert np.allclose(load_checkpoint(path).model.predict([[15, 17, 7, 5, 11, 18]]), 1 / 20)


def test_a_fingerprint_is_of_the_model_and_of_nothing_else(path, tmp_path):
    loaded = load_checkpoint(path)
    again = load_checkpoint(save_checkpoint(tmp_path / "other.npz", loaded.model, metadata={"epoch": 7}))
    assert again.fingerprint == loaded.fingerprint == load_checkpoint(path).fingerprint
    assert len(loaded.fingerprint) == 12 and set(loaded.fingerprint) <= set("0123456789abcdef")
    others = [
        Transformer(seed=4, embed_dim=8, num_heads=2, num_layers=1, ffn_dim=8),
        Transformer(seed=3, embed_dim=8, num_heads=4, num_layers=1, ffn_dim=8),  # other heads, the same weights
        Transformer(seed=3, embed_dim=8, num_heads=2, num_layers=1, ffn_dim=8, dtype="float64"),
    ]
    assert len({claims.fingerprint(model) for model in [loaded.model, *others]}) == 4
    loaded.model.vector[0] = np.nextafter(loaded.model.vector[0], 9)
    assert loaded.fingerprint != again.fingerprint


def test_the_shipped_models_have_the_fingerprints_that_they_always_had():
    shipped = {"seed-42": "22d0794cc473", "seed-123": "fa5b0c2a8130", "seed-7": "566a9edcc28f"}
    assert {name: load_checkpoint(f"checkpoints/{name}.npz").fingerprint for name in shipped} == shipped


def test_answers_without_tapes_are_the_same_bits():
    model = small_model("float32")
    assert model.forward(TOKENS, keep_tapes=False)[0].tobytes() == model.forward(TOKENS)[0].tobytes()
    assert model.forward(TOKENS, keep_tapes=False)[1].blocks == ()


# Any table at all


def test_any_settings_are_a_configuration_or_a_value_error():
    hypothesis = pytest.importorskip("hypothesis")
    names = [*TrainingConfig().to_dict(), "surprise"]
    model_names = [*TransformerConfig().to_dict(), "surprise"]
    values = any_json(hypothesis)

    @hypothesis.settings(max_examples=100, deadline=None, database=None)
    @hypothesis.given(tables(hypothesis, names, values), tables(hypothesis, model_names, values) | values)
    def judge(settings, model):
        try:
            config = TrainingConfig.from_dict(settings | {"model": model})
        except ValueError as error:
            assert len(str(error)) < 300
        else:
            assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
            hash(config)

    judge()


def test_any_metadata_is_a_checkpoint_or_a_checkpoint_error(path):
    hypothesis = pytest.importorskip("hypothesis")
    values = any_json(hypothesis)
    parts = ["config", "training", "metadata", "optimizer", "parameters", "dtype", "version", "format"]
    fields = [*TrainingConfig().to_dict(), *TransformerConfig().to_dict(), "step", "epoch", "test", "seconds", "slots"]
    content = path.read_bytes()

    @hypothesis.settings(max_examples=100, deadline=None, database=None)
    @hypothesis.given(
        tables(hypothesis, parts, values | tables(hypothesis, fields, values)), hypothesis.strategies.booleans()
    )
    def judge(changes, inside):
        path.write_bytes(content)
        change_metadata(path, lambda m: m.update(_merged(m, changes) if inside else changes))
        try:
            load_checkpoint(path)
        except CheckpointError as error:
            assert "\n" not in str(error) and len(str(error)) < 500

    judge()


def _merged(metadata, changes):
    """The changes put into the tables that are there, so that the rest of a table stays as it should be."""
    both = {name: (metadata[name], value) for name, value in changes.items()}
    return {n: old | new if isinstance(old, dict) and isinstance(new, dict) else new for n, (old, new) in both.items()}


def any_json(hypothesis):
    st = hypothesis.strategies
    odd = st.sampled_from(
        [BEYOND, -BEYOND, 2**63, 10**308, 1e300, float("nan"), float("inf"), "x" * 5_000, True, -1, 0]
    )
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | odd
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner), max_leaves=4
    )


def tables(hypothesis, names, values):
    return hypothesis.strategies.dictionaries(hypothesis.strategies.sampled_from(names), values, max_size=3)


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-v"]))
