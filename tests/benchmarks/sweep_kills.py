"""SIGKILL to a sweep, its workers, or both, at random moments: `python tests/benchmarks/sweep_kills.py [times]`.

Each time the same command is begun again until it ends. Its table must be that of a sweep that nobody disturbed, byte
for byte; no seed whose row was on the disk may be trained again; and nothing half-written may be left.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tinyformer.sweeps.summary import trained
from tinyformer.sweeps.table import SweepTableError, read_sweep

COMMAND = [sys.executable, "-m", "tinyformer", "sweep", "--workers", "2", *["--size", "small", "--epochs", "3"]]


def begin(path, seeds):
    """A sweep of these seeds in a process of its own."""
    command = [*COMMAND, "--seeds", f"1-{seeds}", "--output", str(path)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def on_disk(path):
    """The seeds whose row is in the table, whole; none if there is no table yet."""
    try:
        return {row["seed"] for row in trained(read_sweep(path))}
    except SweepTableError:
        assert not path.exists(), "there is a table, and it cannot be read"
        return set()


def trained_in(said):
    """The seeds that a sweep says it has trained."""
    lines = [line.split() for line in said.splitlines() if line.startswith("sweep seed ")]
    return {int(words[2].rstrip(":")) for words in lines}


def workers_of(process):
    """Threads begin them, so each thread of the sweep has children of its own."""
    try:
        tasks = os.listdir(f"/proc/{process.pid}/task")
    except OSError:
        return []
    lists = [Path(f"/proc/{process.pid}/task/{task}/children") for task in tasks]
    return [int(pid) for one in lists if one.exists() for pid in one.read_text().split()]


def disturbed(path, seeds, victim, seconds):
    """One sweep, killed after `seconds`, then begun again to its end → (rows at the kill, seeds trained twice)."""
    process = begin(path, seeds)
    time.sleep(seconds)
    if victim in ("worker", "both"):
        for pid in workers_of(process)[:1]:
            os.kill(pid, signal.SIGKILL)
    if victim in ("client", "both"):
        process.kill()
    process.communicate()
    first, twice = len(on_disk(path)), set()
    for _ in range(3):
        known, again = on_disk(path), begin(path, seeds)
        twice |= trained_in(again.communicate()[1]) & known
        if again.returncode == 0:
            return first, twice
    raise AssertionError(f"the sweep does not end: exit status {again.returncode}")


def main(times=20, seeds=10):
    chance, good = random.Random(0), 0
    with tempfile.TemporaryDirectory() as folder:
        undisturbed, began = Path(folder, "undisturbed.csv"), time.monotonic()
        begin(undisturbed, seeds).communicate()
        longest = time.monotonic() - began
        for i in range(times):
            path = Path(folder, f"{i}.csv")
            victim, seconds = ("client", "worker", "both")[i % 3], chance.uniform(0.1, longest)
            rows, twice = disturbed(path, seeds, victim, seconds)
            same = path.read_bytes() == undisturbed.read_bytes()
            good += same and not twice
            what = f"{'the same bytes' if same else 'ANOTHER TABLE'}, {len(twice)} rows trained twice"
            print(
                f"{i + 1:2}: {victim} killed after {seconds:.1f} s, {rows} of {seeds} rows on the disk; {what}",
                flush=True,
            )
        left = [name for name in os.listdir(folder) if name.endswith(".partial")]
    print(f"the table of an undisturbed sweep, and no row trained twice: {good} of {times}; half-written: {len(left)}")
    return good != times or bool(left)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
