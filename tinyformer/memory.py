"""How much memory a model, a forward pass and a training take: reckoned from the configuration, before it is taken.

What is counted is what is alive at the worst moment: the arrays that the tapes hold, and the temporaries of the block
that is being computed. `tests/benchmarks/memory.py` holds it against what processes were measured to take.

Shapes as everywhere: B expressions, T tokens, D width, H heads, F feed-forward width, V vocabulary, L blocks.
"""

import os
from dataclasses import replace
from pathlib import Path

PREDICTION = 192 << 20  # bytes that the activations of one forward pass may take where nothing is trained
PROCESS = 40 << 20  # bytes of Python, NumPy and this package, before anything was computed
DRAW = 80  # bytes that a draw of three numbers takes while it is drawn and split; each number more, NUMBER
NUMBER = 10


def forward_bytes(config, num_tokens, itemsize=4):
    """Bytes that one expression takes in a forward pass without tapes: a TransformerConfig, T, bytes of a number."""
    kept, forward, _ = _block(config, num_tokens, num_tokens)
    return itemsize * (kept + forward + 2 * num_tokens * config.embed_dim)


def training_step_bytes(config, num_tokens, itemsize=4):
    """Bytes that one expression of a batch takes in a training step: all tapes, and the temporaries of one block."""
    T, D = num_tokens, config.embed_dim
    whole = config.num_layers - (config.pooling == "first")  # blocks that compute every row
    blocks = [_block(config, T, T)] * min(1, whole) + [_block(config, T, 1)] * (config.num_layers - whole)
    kept = whole * blocks[0][0] + (blocks[-1][0] if len(blocks) > 1 or not whole else 0)
    temporary = max(max(forward, backward) for _, forward, backward in blocks)
    embedded = (3 if config.dropout else 2) * T * D + T * config.vocab_size
    return itemsize * (kept + temporary + embedded)


def _block(config, T, R):
    """(numbers kept on the tape, temporary numbers of the forward pass, of the backward pass): one expression, one
    block that computes R of T rows."""
    D, H, F = config.embed_dim, config.num_heads, config.ffn_dim
    kept = 3 * T * D + 5 * R * D + H * R * T + R * F * 5 // 4  # 5 / 4: where ReLU is active is a byte each
    kept += T * D if config.norm == "pre" else 0
    kept += 2 * R * D if config.dropout else 0
    forward = max(H * R * T + R * D, R * F)  # scores beside weights; the hidden layer before ReLU
    backward = max(2 * H * R * T + 5 * T * D, 2 * R * F + 2 * R * D) + T * D
    return kept, forward, backward


def training_bytes(config, itemsize=4):
    """Peak bytes of the process that trains a TrainingConfig, evaluation of validation and test side included."""
    model, most = config.model, config.num_args_range[1]
    T = most + 3
    vectors = 5 if config.optimizer == "sgd" else 6  # weights, gradients, moments, scratch, the best weights
    largest = max(model.embed_dim * model.ffn_dim, 3 * model.embed_dim**2)  # the gradient of one matrix, before adding
    parameters = itemsize * (vectors * model.num_parameters + largest)
    draws = config.num_examples * (DRAW + NUMBER * (most - 3))
    step = min(config.batch_size, config.num_examples) * training_step_bytes(model, T, itemsize)
    rows = min(1024, int(max(5_000, config.num_examples) * max(config.shares[1:])) + 1)
    held_out = min(PREDICTION, rows * forward_bytes(model, T, itemsize))
    return PROCESS + parameters + draws + max(step, held_out)


def in_words(num_bytes):
    """Bytes as one reads them: "84 MB", "1.2 GB"."""
    return f"{num_bytes / 2**30:,.1f} GB" if num_bytes >= 2**30 else f"{num_bytes / 2**20:,.0f} MB"


def machine_bytes():
    """Memory of this machine, or of the container; None where the system does not say."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        return min(total, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return total


def complaint(config, limit):
    """What is said of a TrainingConfig that takes more than `limit` bytes, and what would fit; "" if it takes less."""
    needed = training_bytes(config)
    if needed <= limit:
        return ""
    text = f"this training would take {in_words(needed)} of memory, the limit is {in_words(limit)}"
    for words, smaller in _smaller(config):
        if (needed := training_bytes(smaller)) <= limit:
            return f"{text}; with {words} it takes {in_words(needed)}"
    return f"{text}: make the model smaller"


def _smaller(config):
    """Yield (in words, a TrainingConfig that takes less), what changes least first."""
    batch, examples, layers = config.batch_size, config.num_examples, config.model.num_layers
    while batch > 1:
        batch = 1 << (batch - 1).bit_length() - 1  # the next smaller power of two
        yield f"a batch of {batch}", replace(config, batch_size=batch)
    while examples >= 2_000:
        examples //= 2
        yield f"{examples:,} draws", replace(config, num_examples=examples)
    while layers > 1:
        layers //= 2
        model, plural = replace(config.model, num_layers=layers), "s" if layers > 1 else ""
        yield f"{layers} layer{plural} and a batch of 1", replace(config, model=model, batch_size=1)
