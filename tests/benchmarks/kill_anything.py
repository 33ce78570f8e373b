"""SIGKILL at any moment: `python tests/benchmarks/kill_anything.py [processes | operations] [times]`.

processes: a server (the dashboard's `Workers`, in a process of its own) trains a run, and a worker, its server, or both
are killed at random moments. operations: a process that creates, trains, finishes and deletes runs kills itself at its
n-th file operation, before it or in the middle of it; whoever resumes it is killed too, most of the time.

Then the run is resumed to its end. Its weights must be those of a training that nobody interrupted, bit for bit; after
operations, its log must be vouched for to the last step, and nothing half-written may be left in any folder.
"""

import io
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from tinyformer import Trainer, TrainingConfig, TransformerConfig, load_checkpoint
from tinyformer.runs import Run, create_run, train_run, training

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


def processes(times=20):
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


# --- at file operations

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
SHORT = TrainingConfig(num_examples=400, epochs=3, model=TINY)
OPERATIONS = ("open", "write", "fsync", "replace", "unlink", "rmdir", "mkdir", "chmod", "truncate", "ftruncate")


def trained_without_interruption():
    trainer = Trainer(SHORT)
    for _ in trainer.records():
        pass
    return trainer


class Countdown:
    """Kills this process at the n-th file operation from now on. What is written is then half written."""

    def __init__(self, n):
        self.n, self.done = n, 0
        for name in OPERATIONS:
            setattr(os, name, self.counted(getattr(os, name)))
        fdopen, countdown = os.fdopen, self

        class File(io.BufferedWriter):
            def write(self, data):
                if countdown.is_over():
                    super().write(bytes(data)[: len(data) // 2])
                    self.flush()
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().write(data)

        os.fdopen = lambda handle, mode: File(io.FileIO(handle, mode)) if mode == "wb" else fdopen(handle, mode)

    def is_over(self):
        self.done += 1
        return self.done == self.n

    def counted(self, operation):
        def counted(*args, **options):
            if self.is_over():
                if operation.__name__ == "write" and len(args[1]) > 1:
                    operation(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*args, **options)

        return counted


def in_a_process(work, killed_at=None):
    """Do it in a process of its own → (whether it was killed, the number of its file operations)."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            training.STATE_SECONDS = training.FLUSH_SECONDS = 0.0  # a state after each step: most is written
            countdown = Countdown(killed_at)
            work()
            done = countdown.done
            countdown.n = None
            os.write(writing, str(done).encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as answer:
        done = int(answer.read() or 0)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in (0, -signal.SIGKILL), "it failed by itself"
    return ended != 0, done


def create_and_train(path):
    run = Run(path) if path.is_dir() else create_run(SHORT, path)
    if run.status().state != "finished":
        train_run(run)


def killed_at_operations(times, chance, folder, say=lambda line: None):
    """→ (kills, how many of the runs ended as they should). Each is killed once or twice, and while it is deleted."""
    wanted, kills, right = trained_without_interruption(), 0, 0
    _, operations = in_a_process(lambda: create_and_train(Path(folder, "uninterrupted")))
    for i in range(times):
        path = Path(folder, str(i))
        killed, before = True, kills
        while killed:
            last = kills > before + 1 or (kills > before and chance.random() < 0.3)
            killed, _ = in_a_process(partial(create_and_train, path), None if last else chance.randint(1, operations))
            kills += killed
        run, left = Run(path), [*Path(folder).rglob("*.partial"), *Path(folder).glob(".*")]
        same = bool((load_checkpoint(run.model_path).model.vector == wanted.best_vector).all())
        log = run.log()
        same = same and log.confirmed == log.step == wanted.total_steps and not log.problem
        killed, _ = in_a_process(run.delete, chance.randint(1, 60))
        kills += killed
        create_run(SHORT, Path(folder, "next")).delete()  # whoever next does something there
        left += [*Path(folder).rglob("*.partial"), *Path(folder).glob(".*")]
        right += same and not left
        say(f"{i + 1:3}: killed {kills - before} times of {operations} operations, "
            f"resumed to {'the same bits' if same else 'SOMETHING ELSE'}, left behind: {len(left)}")  # fmt: skip
    return kills, right


def operations(times=100):
    with tempfile.TemporaryDirectory() as folder:
        kills, right = killed_at_operations(times, random.Random(1), folder, lambda line: print(line, flush=True))
    print(f"bit-identical, vouched for, and nothing half-written left: {right} of {times}, after {kills} kills")
    return right != times


def main(kind="processes", times=None):
    which = {"processes": processes, "operations": operations}[kind]
    return which(int(times)) if times else which()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
