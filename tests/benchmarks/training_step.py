"""One training step against PyTorch eager, torch.compile and JAX jit: `python tests/benchmarks/training_step.py`.

Each library runs in a process of its own for each thread count and takes turns with the others, a few steps at a time,
so that whatever else the machine does hits all alike. The first steps of a turn find the caches full of another's data,
and are not timed. Printed: the median time of a step, the middle half of the times, and how many times as long as
tinyformer's it is. A peer counts with its best thread count.
Options: --quick (fewer turns, default size only), --no-compile. Peers that are not installed are left out, by name.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
SIZES = {  # name → (settings of the model, batch size)
    "default, batch 32": ({}, 32),
    "default, batch 128": ({}, 128),
    "width 128, 4 blocks, batch 32": ({"embed_dim": 128, "ffn_dim": 512, "num_layers": 4}, 32),
}
WARM_UP, AGAIN, STEPS = 20, 5, 20  # untimed at first, untimed in each turn, timed in each turn


def work(peer, size, shortcut, threads):
    """The child process: build, warm up, then time STEPS steps for each line on standard input."""
    sys.path.insert(0, str(FOLDER))
    import peers

    if peer.startswith("torch"):
        import torch

        torch.set_num_threads(threads)
    from tinyformer import TransformerConfig

    settings, batch_size = SIZES[size]
    step = peers.MAKERS[peer](TransformerConfig(**settings), batch_size, shortcut)
    losses = [step(i) for i in range(WARM_UP)]
    print(json.dumps({"first": losses[0], "last": losses[-1]}), flush=True)
    for turn, _ in enumerate(sys.stdin):
        indices = [(turn * STEPS + i) % peers.NUM_BATCHES for i in range(AGAIN + STEPS)]
        for i in indices[:AGAIN]:
            step(i)
        started = time.perf_counter()
        for i in indices[AGAIN:]:
            step(i)
        print((time.perf_counter() - started) / STEPS, flush=True)


class Contestant:
    def __init__(self, peer, size, shortcut, threads):
        self.peer, self.shortcut, self.threads, self.times = peer, shortcut, threads, []
        environment = os.environ | {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        if peer == "jax jit" and threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        command = [sys.executable, __file__, "--work", peer, size, str(int(shortcut)), str(threads)]
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ready(self):
        """Whether it could be built."""
        return bool(self.process.stdout.readline())

    def turn(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()) * 1e3)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(size, peers, turns):
    """Run all contestants of one size in turns; print the table."""
    cores = os.cpu_count() or 1
    entries = [("tinyformer", True, 1)]
    entries += [(p, s, t) for p in peers for s in (False, True) for t in sorted({1, cores})]
    contestants = [Contestant(p, size, s, t) for p, s, t in entries]
    running = [c for c in contestants if c.ready()]
    absent = sorted({c.peer for c in contestants} - {c.peer for c in running})
    for _ in range(turns):
        for contestant in running:
            contestant.turn()
    for contestant in running:
        contestant.close()
    ours = running[0]
    assert ours.peer == "tinyformer", "tinyformer itself could not be run"
    print(f"\n{size}: {turns} turns of {STEPS} steps" + (f"; not installed: {', '.join(absent)}" if absent else ""))
    print(f"  {'':34}{'threads':>8}{'median ms':>11}{'middle half':>16}{'× ours':>8}")
    for peer in dict.fromkeys(c.peer for c in running):
        for shortcut in (False, True):
            tried = [c for c in running if (c.peer, c.shortcut) == (peer, shortcut)]
            if not tried:
                continue
            best = min(tried, key=lambda c: np.median(c.times))
            low, median, high = np.quantile(best.times, (0.25, 0.5, 0.75))
            # Turn by turn: both halves of a ratio were measured within a second of each other.
            ratio = np.median(np.array(best.times) / np.array(ours.times))
            name = (
                peer if peer == "tinyformer" else f"{peer}, {'our shortcut' if shortcut else 'as its users write it'}"
            )
            print(f"  {name:34}{best.threads:>8}{median:>11.2f}{f'{low:.2f}–{high:.2f}':>16}{ratio:>8.2f}", flush=True)


def main():
    if sys.argv[1:2] == ["--work"]:
        peer, size, shortcut, threads = sys.argv[2:]
        return work(peer, size, bool(int(shortcut)), int(threads))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the default size only, fewer turns")
    parser.add_argument(
        "--no-compile", action="store_true", help="without torch.compile, which takes a minute to build"
    )
    options = parser.parse_args()
    peers = ["torch eager", "torch.compile", "jax jit"]
    if options.no_compile:
        peers.remove("torch.compile")
    for size in list(SIZES)[: 1 if options.quick else None]:
        compare(size, peers, turns=10 if options.quick else 25)


if __name__ == "__main__":
    main()
