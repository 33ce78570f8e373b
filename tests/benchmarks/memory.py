"""What the memory estimate says, beside what a process was measured to take.

    python tests/benchmarks/memory.py

Trainings of many shapes, one process each: the peak of the process against `tinyformer.memory.training_bytes`. Then the
evaluation of 1,024 expressions of 200 tokens in 4 blocks: the peak above what was there before.
"""

import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from tinyformer import Transformer, TransformerConfig, evaluate
from tinyformer.configuration import TrainingConfig
from tinyformer.memory import training_bytes
from tinyformer.task.training_data import Examples
from tinyformer.training import Trainer

CASES = {
    "default": {},
    "small": {"num_examples": 1_000},
    "wide": {"model": {"embed_dim": 512, "ffn_dim": 2048}, "batch_size": 64},
    "deep": {"model": {"num_layers": 16}, "batch_size": 256},
    "long": {"model": {"max_seq_len": 200}, "num_args": [150, 190], "num_examples": 400, "batch_size": 64},
    "many heads": {"model": {"num_heads": 32, "max_seq_len": 100}, "num_args": 90, "num_examples": 400},
    "large batch": {"batch_size": 4096, "num_args": [2, 8]},
    "wide feed-forward": {"model": {"ffn_dim": 16384, "num_layers": 1}, "batch_size": 1024, "num_args": 8},
    "pre, mean, dropout": {"model": {"norm": "pre", "pooling": "mean", "dropout": 0.1}, "batch_size": 2048},
    "many draws": {"num_examples": 300_000},
    "many long draws": {"num_examples": 50_000, "num_args": 40},
    "one block": {"model": {"num_layers": 1, "embed_dim": 128}, "batch_size": 2048},
    "what would fit": {
        "model": {"embed_dim": 8, "num_heads": 8, "num_layers": 7, "ffn_dim": 16384},
        "num_examples": 100_000,
        "num_args": [2, 8],
        "batch_size": 128,
    },
    "sgd": {"optimizer": "sgd", "model": {"embed_dim": 768, "ffn_dim": 768}},
}


def peak():
    """Bytes of this process at their most. What the system counts for it begins with the process that started it,
    where that is larger: what is counted for its own memory does not."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def train(settings):
    """Three steps and a validation: the rest takes no more."""
    trainer = Trainer(TrainingConfig.from_dict(settings))
    for record in trainer.records():
        if record.step == 3:
            break
    trainer.finish()
    return peak()


def evaluate_long(rows=1024, tokens=200, layers=4):
    model = Transformer(TransformerConfig(num_layers=layers, max_seq_len=tokens), seed=1)
    ids = np.random.default_rng(0).integers(2, 19, (rows, tokens))
    examples = Examples(ids, np.full(rows, 3), np.ones(ids.shape, bool))
    before = peak()
    evaluate(model, examples)
    return peak() - before


def in_process(*words):
    """The number that a process of its own prints."""
    return int(subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=True).stdout)


def main():
    print(f"{'training':<22}{'estimate':>10}{'measured':>10}{'ratio':>7}")
    for name, settings in CASES.items():
        estimate, measured = training_bytes(TrainingConfig.from_dict(settings)), in_process("train", name)
        print(f"{name:<22}{estimate / 2**20:>7,.0f} MB{measured / 2**20:>7,.0f} MB{estimate / measured:>7.2f}")
    print(f"evaluating 1,024 expressions of 200 tokens in 4 blocks: {in_process('evaluate') / 2**20:,.0f} MB more")


if __name__ == "__main__":
    jobs = {"train": lambda: train(CASES[sys.argv[2]]), "evaluate": evaluate_long}
    print(jobs[sys.argv[1]]()) if len(sys.argv) > 1 else main()
