"""What one visitor may start, said before and not after. Pure functions, no Streamlit."""

import re

from dashboard import workers
from tinyformer import memory
from tinyformer.cli.options import FLAGS

MOST_SEEDS = 8
MOST_PARAMETERS = 2_000_000
MOST_STEPS = 200_000
MOST_EXAMPLES = 200_000
WORDS = {  # of the settings, as the page calls them
    "embed_dim": "Width",
    "num_heads": "Heads",
    "num_layers": "Layers",
    "ffn_dim": "Feed-forward width",
    "max_seq_len": "Longest expression",
    "norm": "Norm",
    "pooling": "Pooling",
    "positions": "Positions",
    "dropout": "Dropout",
    "optimizer": "Optimizer",
    "schedule": "Schedule",
    "batch_size": "Batch size",
    "learning_rate": "Learning rate",
    "num_examples": "Examples",
    "num_args": "Numbers per expression",
    "epochs": "Epochs",
    "clip_norm": "Clip at norm",
    "weight_decay": "Weight decay",
    "scale_attention": "Divide scores by √d",
    "momentum": "Momentum",
    "warmup_steps": "Warm-up steps",
    "train_limit": "Distinct training expressions",
}


def in_words(error):
    """A message about fields as one about what is written on the page."""
    text = re.sub(r"\b[a-z_]+\b", lambda word: WORDS.get(word[0], word[0]) if word[0] in FLAGS else word[0], str(error))
    return text[:1].upper() + text[1:]


def statement(config, side_by_side, cores, most):
    """The limits in words. config: the TrainingConfig that is set up; most: runs of one visitor that train or wait."""
    needed, limit = memory.in_words(memory.training_bytes(config)), memory.in_words(workers.most_memory())
    return (
        f"{config.model.num_parameters:,} of at most {MOST_PARAMETERS:,} parameters, about {needed} of at most {limit} "
        f"of memory. At most {MOST_STEPS:,} steps and {MOST_SEEDS} seeds; {side_by_side} train side by side on {cores} "
        f"core{'s' if cores > 1 else ''}, others queue ({most} of one visitor, "
        f"{workers.MOST_ON_SERVER} of all)."
    )


def check(config, num_seeds):
    """ValueError that says which limit a TrainingConfig breaks, and by how much."""
    if num_seeds > MOST_SEEDS:
        raise ValueError(f"{num_seeds} seeds are too many at once: at most {MOST_SEEDS}")
    if config.model.num_parameters > MOST_PARAMETERS:
        raise ValueError(
            f"this model has {config.model.num_parameters:,} parameters, the limit is {MOST_PARAMETERS:,}: "
            "make it narrower, or give it fewer layers"
        )
    if complaint := memory.complaint(config, workers.most_memory()):
        raise ValueError(complaint)
    if config.num_examples > MOST_EXAMPLES:
        raise ValueError(f"{config.num_examples:,} examples are too many: at most {MOST_EXAMPLES:,}")
    steps = config.epochs * config.num_examples * config.shares[0] / config.batch_size
    if steps > MOST_STEPS:
        raise ValueError(f"about {steps:,.0f} steps are too many: at most {MOST_STEPS:,}; choose fewer epochs")
