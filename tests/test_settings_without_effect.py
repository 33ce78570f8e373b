"""Settings that do nothing are said: for all pairs of settings, what is said is what a training shows."""

from dataclasses import fields, replace
from functools import cache
from itertools import permutations

import pytest
from small import mostly_slow

from tinyformer import Trainer, TrainingConfig, TransformerConfig
from tinyformer.settings_without_effect import settings_without_effect

MODEL = TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8, num_layers=1)
BASE = TrainingConfig(num_examples=80, epochs=2, batch_size=16, warmup_steps=2, model=MODEL)
SETTINGS = (
    ("num_examples", 100), ("num_args", (2, 4)), ("max_value", 5), ("epochs", 3), ("batch_size", 32),
    ("learning_rate", 0.01), ("optimizer", "sgd"), ("momentum", 0.5), ("weight_decay", 0.5), ("decay_of", "all"),
    ("clip_norm", 0.05), ("schedule", "constant"), ("warmup_steps", 5), ("seed", 9), ("data_seed", 5),
    ("shares", (0.5, 0.25, 0.25)), ("split_by", "draw"), ("train_limit", 20), ("train_limit", 5_000),
    ("embed_dim", 16), ("num_heads", 8), ("num_layers", 2), ("ffn_dim", 12), ("norm", "pre"), ("pooling", "mean"),
    ("positions", "learned"), ("dropout", 0.3), ("scale_attention", False),
)  # fmt: skip
UNSEEN = {"vocab_size", "max_seq_len", "operations"}  # no option; or they decide what can be asked, not what is learned


def config_with(*settings):
    model = {name: value for name, value in settings if hasattr(MODEL, name)}
    others = {name: value for name, value in settings if not hasattr(MODEL, name)}
    return replace(BASE, **others, model=replace(MODEL, **model))


@cache
def outcome(config):
    """All that a training leaves behind, as bytes."""
    trainer = Trainer(config)
    for _ in trainer.records():
        pass
    return trainer.model.vector.tobytes(), *(side.tokens.tobytes() for side in trainer.data)


def said_to_do_nothing(config, *names):
    return {text.split()[0] for text in settings_without_effect(config, names) if " has no effect: " in text}


def test_every_setting_is_tried():
    known = {field.name for cls in (TrainingConfig, TransformerConfig) for field in fields(cls)} - {"model"}
    assert known - {name for name, _ in SETTINGS} == UNSEEN


@pytest.mark.parametrize("every", mostly_slow([5, 1], 5))
def test_of_every_pair_what_has_no_effect_is_said_and_nothing_else(every):
    wrong, without = [], 0
    for setting, other in [*permutations(SETTINGS, 2)][::every]:
        if setting[0] == other[0]:
            continue
        both = config_with(setting, other)
        nothing = outcome(both) == outcome(config_with(other))
        without += nothing
        if nothing is not (setting[0] in said_to_do_nothing(both, setting[0], other[0])):
            wrong.append((setting, other, nothing))
    assert wrong == []
    assert without > 50 / every


def test_defaults_and_what_has_its_effect_are_not_mentioned():
    assert (
        settings_without_effect(config_with(("optimizer", "sgd"), ("momentum", 0.5)), ["optimizer", "momentum"]) == []
    )
    assert settings_without_effect(config_with(("optimizer", "sgd"), ("weight_decay", 0.5)), ["optimizer"]) == []
    every = [field.name for cls in (TrainingConfig, TransformerConfig) for field in fields(cls)]
    spoken_of = {text.split()[0] for text in settings_without_effect(TrainingConfig(), every)}
    assert spoken_of == {"momentum", "decay_of"}  # of the defaults as if they were given: adam, without decay


def test_what_is_surprising_is_said():
    trainer = Trainer(BASE)
    steps, size = trainer.total_steps, len(trainer.data.train.targets)
    for given in ("warmup_steps", "learning_rate"):
        (said,) = settings_without_effect(replace(BASE, warmup_steps=steps), [given])
        assert said.endswith(f"warmup_steps is {steps}, and the training has {steps} steps")
        assert settings_without_effect(replace(BASE, warmup_steps=steps - 1), [given]) == []
    (said,) = settings_without_effect(replace(BASE, batch_size=size + 1), ["batch_size"])
    assert said.endswith(f"every step takes all of its {size} expressions")
    assert settings_without_effect(replace(BASE, batch_size=size), ["batch_size"]) == []


def test_a_training_without_data_is_refused_elsewhere():
    empty = replace(BASE, num_examples=10, shares=(0.01, 0.01, 0.98), train_limit=3, warmup_steps=1000)
    assert settings_without_effect(empty, ["train_limit", "batch_size", "warmup_steps"]) == []
