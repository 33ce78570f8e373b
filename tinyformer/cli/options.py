"""Every setting of a training as an option of the command line, and back: one table for both ways.

Defaults and limits are those of TrainingConfig and TransformerConfig; nothing is stated twice.
"""

import argparse
import difflib
import os
import re
from dataclasses import fields, replace

from tinyformer import SIZES, TrainingConfig, TransformerConfig, memory
from tinyformer.checkpoints.checkpoint import require_usable
from tinyformer.cli import operations
from tinyformer.cli.terminal import UsageError, say
from tinyformer.settings_without_effect import settings_without_effect
from tinyformer.sweeps.seeds import parse_seeds


def whole(text):
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}")
    return int(text)


def number(text):
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None


def number_or_none(text):
    return None if text == "none" else number(text)


def three_numbers(text):
    return tuple(map(number, text.split(",")))


def whole_or_range(text):
    """ "3" → 3, "2-6" → (2, 6)."""
    if not re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})?", text):
        raise argparse.ArgumentTypeError(f"must be a number such as 3 or a range such as 2-6, got {text!r}")
    ends = tuple(map(int, text.split("-")))
    return ends if ends[1:] else ends[0]


def one_of(choices, text):
    """`text`, if it is among the choices. argparse would complain of them in a way of its own."""
    if text not in choices:
        close = difflib.get_close_matches(text, choices, 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise argparse.ArgumentTypeError(f"must be {', '.join(choices)}, got {text!r}{hint}")
    return text


# Of each option: flag, field, how its text is read, what stands for its value in a help, and the help.
TRAINING = (
    ("--epochs", "epochs", whole, "N", "times through the training set"),
    ("--batch-size", "batch_size", whole, "N", "expressions per step"),
    ("--lr", "learning_rate", number, "X", "learning rate"),
    ("--data-seed", "data_seed", whole, "N", "decides the draws, and which expressions are held out"),
)
MODEL = (
    ("--width", "embed_dim", whole, "N", "width of the model"),
    ("--heads", "num_heads", whole, "N", "attention heads"),
    ("--layers", "num_layers", whole, "N", "blocks"),
    ("--ffn-dim", "ffn_dim", whole, "N", "width of the feed-forward networks"),
    ("--norm", "norm", str, "post|pre", "normalize after or before each sublayer"),
    ("--pooling", "pooling", str, "first|mean", "read the answer from the first token, or from the mean of all"),
    ("--positions", "positions", str, "sinusoidal|learned|none", "positional encoding"),
    ("--dropout", "dropout", number, "X", "share of values dropped in training"),
    ("--max-length", "max_seq_len", whole, "N", "tokens that fit in"),
)
ADVANCED = (
    ("--optimizer", "optimizer", str, "adam|sgd", "how the weights are moved"),
    ("--momentum", "momentum", number, "X", "of sgd"),
    ("--weight-decay", "weight_decay", number, "X", "of adam: how much it shrinks weights at each step"),
    ("--decay-of", "decay_of", str, "matrices|all", "embeddings included; all: gains and biases too"),
    ("--clip-norm", "clip_norm", number_or_none, "X|none", "longest gradient that is not shortened"),
    ("--schedule", "schedule", str, "cosine|constant", "of the learning rate"),
    ("--warmup", "warmup_steps", whole, "N", "steps to the full learning rate, of cosine"),
    ("--num-args", "num_args", whole_or_range, "N|N-M", "numbers per expression, or fewest and most"),
    ("--max-value", "max_value", whole, "N", "the largest number that is drawn"),
    ("--shares", "shares", three_numbers, "X,X,X", "parts for training, validation and test"),
    ("--split-by", "split_by", str, "expression|draw", "draw: a leak, the same expression on both sides"),
    ("--train-limit", "train_limit", whole, "N", "train on this many distinct expressions only"),
)
GROUPS = {"training": TRAINING, "model": MODEL, "more on training and data": ADVANCED}
FLAGS = {field: flag for group in GROUPS.values() for flag, field, *_ in group}
FLAGS |= {"seed": "--seed", "num_examples": "--examples", "scale_attention": "--no-scale"}
_MODEL_FIELDS = {field.name for field in fields(TransformerConfig)}


def add_config_options(parser):
    """All settings but the seed. What is not given is not among the parsed arguments: the dataclasses have defaults."""
    defaults = vars(TrainingConfig()) | vars(TransformerConfig())
    operations.add_arguments(parser)

    def add(part, flag, field, text, **how):
        part.add_argument(flag, dest=field, default=argparse.SUPPRESS, help=text, **how)

    for title, group in GROUPS.items():
        part = parser.add_argument_group(title)
        if group is TRAINING:
            draws = part.add_mutually_exclusive_group()
            named = ", ".join(f"{name} {count:,}" for name, count in SIZES.items())
            size = {"type": lambda text: SIZES[one_of(SIZES, text)], "metavar": "|".join(SIZES)}
            add(draws, "--size", "num_examples", f"draws: {named}", **size)
            add(draws, "--examples", "num_examples", "draws, as a number", type=whole, metavar="N")
        for flag, field, read, metavar, text in group:
            add(part, flag, field, f"{text} ({_written(defaults[field])})", type=read, metavar=metavar)
        if group is MODEL:
            text = "do not divide the attention scores by the root of the head width"
            add(part, "--no-scale", "scale_attention", text, action="store_const", const=False)
    text = "train also what takes more than half of this machine's memory"
    part.add_argument("--allow-memory", action="store_true", help=text)


def training_config(args, **settings):
    """Parsed arguments (and `settings` that win over them) → TrainingConfig. UsageError, in terms of the options."""
    given = {field: getattr(args, field) for field in FLAGS if hasattr(args, field)}
    given = operations.settings(args, given.get("max_seq_len", TransformerConfig().max_seq_len)) | given | settings
    model = {field: given.pop(field) for field in list(given) if field in _MODEL_FIELDS}
    try:
        config = TrainingConfig(**given, model=TransformerConfig(**model))
        require_usable(config.model, config.task)
    except ValueError as error:
        raise UsageError(in_flags(error)) from None
    _require_memory(args, config)
    return config


def _require_memory(args, config):
    """UsageError where a training takes more than its part of half of this machine, unless that is allowed: then, a
    word of it. On a cluster, the memory is that of others."""
    machine = memory.machine_bytes()
    if machine is None or getattr(args, "scheduler", None) is not None:
        return
    side_by_side = max(1, getattr(args, "workers", 1) or os.cpu_count() or 1)  # of a sweep: None is one per core
    complaint = memory.complaint(config, machine // 2 // side_by_side)
    if complaint and not args.allow_memory:
        part = "half of this machine" + (f" for {side_by_side} side by side" if side_by_side > 1 else "")
        raise UsageError(f"{complaint} (the limit is {part}; --allow-memory goes on all the same)")
    if complaint:
        say(complaint)


def training_configs(args, seeds):
    """Parsed arguments → a TrainingConfig for each of a list of seeds such as "1-8", or for the one that they have.

    An option that was given in vain is told in a line to standard error.
    """
    config = training_config(args)
    for sentence in settings_without_effect(config, [field for field in FLAGS if hasattr(args, field)]):
        say(f"note: {in_flags(sentence)}")
    try:
        return [config] if seeds is None else [replace(config, seed=seed) for seed in parse_seeds(seeds)]
    except ValueError as error:
        raise UsageError(f"--seeds: {error}") from None


def command_words(config, seed=True):
    """A TrainingConfig → the options that make it, as a list of words: those that differ from the defaults."""
    values, defaults = (vars(c) | vars(c.model) for c in (config, TrainingConfig()))
    names = {count: name for name, count in SIZES.items()}
    words = []
    for field, flag in FLAGS.items():
        value = values[field]
        if field == "num_examples" and value in names:
            flag, value = "--size", names[value]
        if values[field] != defaults[field] and (seed or field != "seed"):
            words += [flag] if field == "scale_attention" else [flag, _written(value)]
    return words + operations.command_words(config)


def in_flags(error):
    """A message about fields as one about options: "embed_dim must …" → "--width must …"."""
    return re.sub(r"\b[a-z_]+\b", lambda word: FLAGS.get(word[0], word[0]), str(error))


def _written(value):
    """A value as one types it."""
    if isinstance(value, tuple):
        return ("-" if all(isinstance(v, int) for v in value) else ",").join(map(str, value))
    return "none" if value is None else str(value)
