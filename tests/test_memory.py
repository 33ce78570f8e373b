"""Memory is reckoned before it is taken: against processes measured here, and as a word that is true."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small import MASK, TOKENS, mostly_slow, small_model

from tinyformer import TrainingConfig, TransformerConfig, memory
from tinyformer import transformer as transformer_module

MB, GB = 1 << 20, 1 << 30
SCRIPT = Path(__file__).parent / "benchmarks" / "memory.py"


def measured(*words):
    """The peak that a process of its own prints, in bytes."""
    pytest.importorskip("resource", reason="this system does not say what a process took")
    return int(subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("name", mostly_slow(["long", "large batch", "many heads"], "long"))
def test_a_training_takes_what_was_reckoned(name):
    sys.path.insert(0, str(SCRIPT.parent))
    try:
        from memory import CASES
    finally:
        sys.path.remove(str(SCRIPT.parent))
    estimate = memory.training_bytes(TrainingConfig.from_dict(CASES[name]))
    assert 0.7 < estimate / measured("train", name) < 1.5


@pytest.mark.slow
def test_an_evaluation_of_a_thousand_long_expressions_takes_no_more_than_400_mb():
    assert measured("evaluate") < 400 * MB


def test_the_training_that_took_31_gb_is_refused_with_a_batch_that_fits():
    giant = TransformerConfig(embed_dim=8, num_heads=8, num_layers=7, ffn_dim=16_384)
    config = TrainingConfig(num_examples=100_000, num_args=(2, 8), batch_size=4096, model=giant)
    assert memory.training_bytes(config) > 20 * GB
    text = memory.complaint(config, GB)
    assert "the limit is 1.0 GB; with a batch of 128 it takes" in text
    assert (
        memory.training_bytes(replace(config, batch_size=128))
        <= GB
        < memory.training_bytes(replace(config, batch_size=256))
    )
    assert memory.complaint(replace(config, batch_size=128), GB) == ""


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"num_examples": 10_000_000, "num_args": 20}, " draws it takes "),
        ({"model": TransformerConfig(num_layers=1_000, ffn_dim=2_000)}, " and a batch of 1 it takes "),
        ({"model": TransformerConfig(embed_dim=8_192)}, ": make the model smaller"),
    ],
)
def test_what_would_fit_is_what_helps(settings, what):
    assert what in memory.complaint(TrainingConfig(**settings), GB)


def test_a_prediction_in_parts_is_that_of_each_part(monkeypatch):
    model = small_model("float32")
    whole = model.predict(TOKENS, MASK)
    monkeypatch.setattr(transformer_module, "PREDICTION", 1)  # one expression at a time
    alone = [model.predict(TOKENS[i : i + 1], MASK[i : i + 1])[0] for i in range(len(TOKENS))]
    assert np.array_equal(model.predict(TOKENS, MASK), alone)
    np.testing.assert_allclose(alone, whole, rtol=1e-5)
    with pytest.raises(ValueError, match="expression 2 of the batch has no token"):
        model.predict(TOKENS, MASK & (np.arange(3) < 2)[:, None])


def test_short_expressions_are_asked_all_at_once():
    """5,000 of them in one product: what is printed of the shipped models does not depend on the bound."""
    most = memory.PREDICTION // memory.forward_bytes(TransformerConfig(), 6)
    assert most >= 5_000


def test_sizes_are_read_as_people_write_them():
    assert [memory.in_words(n) for n in (84 * MB, 1023 * MB, GB, 31 * GB)] == ["84 MB", "1,023 MB", "1.0 GB", "31.0 GB"]
