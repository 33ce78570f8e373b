"""SIGKILL to a worker, its server, or both, at random moments: `python tests/benchmarks/kill_anything.py [times]`.

Each time a server (the dashboard's `Workers`, in a process of its own) trains a run, somebody is killed, and the run is
resumed to its end. Its weights must be those of a training that nobody interrupted, bit for bit.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from tinyformer import Trainer, TrainingConfig, load_checkpoint
from tinyformer.runs import create_run, train_run

CONFIG = TrainingConfig(num_examples=2_000, epochs=40)  # long enough to be killed in, on a fast machine too
SERVER = """
import sys, time
from dashboard.workers import Workers
from tinyformer.runs import find_run
workers = Workers().watch()
workers.submit(find_run(sys.argv[1]))
print(*(process.pid for process in workers._processes.values()), flush=True)
time.sleep(600)
"""


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def interrupt(run, victim, chance):
    """Train under a server, kill at a random moment → (steps done, seconds until the worker was gone)."""
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(run.path)], stdout=subprocess.PIPE, text=True)
    worker = int(server.stdout.readline())
    while run.log().step == 0 and is_alive(worker):
        time.sleep(0.01)
    time.sleep(chance.uniform(0, 2.0))
    if victim in ("worker", "both"):
        os.kill(worker, signal.SIGKILL)
    if victim in ("server", "both"):
        server.kill()
    killed = time.monotonic()
    while is_alive(worker):
        time.sleep(0.01)
    gone = time.monotonic() - killed
    server.kill()
    server.wait()
    server.stdout.close()
    return run.log().step, gone


def main(times=20):
    chance = random.Random(0)
    trainer = Trainer(CONFIG)
    for _ in trainer.records():
        pass
    same = 0
    with tempfile.TemporaryDirectory() as folder:
        for i in range(times):
            run = create_run(CONFIG, f"{folder}/{i}")
            victim = ("worker", "server", "both")[i % 3]
            step, gone = interrupt(run, victim, chance)
            if run.status().state != "finished":
                train_run(run)
            equal = bool((load_checkpoint(run.model_path).model.vector == trainer.best_vector).all())
            equal = equal and run.log().step == trainer.total_steps
            same += equal
            print(f"{i + 1:2}: {victim} killed at step {step} of {trainer.total_steps}, no worker after {gone:.2f} s, "
                  f"resumed to {'the same bits' if equal else 'OTHER WEIGHTS'}", flush=True)  # fmt: skip
    print(f"bit-identical: {same} of {times}")
    return same != times


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
