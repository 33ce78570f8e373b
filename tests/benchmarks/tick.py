"""What a page costs that watches: `python tests/benchmarks/tick.py` (three minutes, Linux).

A server and a Chromium of their own. This process plays the workers: it holds the locks of fabricated runs, and appends
to their logs while the page looks. Then what a click costs where others have 10,000 runs.
"""

import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import launch, serve

from tinyformer import TrainingConfig
from tinyformer.metrics import EPOCH_COLUMNS, STEP_COLUMNS
from tinyformer.runs import RunStatus, create_run, lock
from tinyformer.runs.contents import EPOCHS as EPOCHS_FILE
from tinyformer.runs.contents import STEPS as STEPS_FILE
from tinyformer.runs.directory import LOCK
from tinyformer.runs.status import write_status

SECONDS, PAUSE = 12, 0.1  # of looking; between two flushes of a worker
FOREIGN = 10_000


class GrowingRun:
    """A run that seems to train: so many steps and epochs are there, and some more each time."""

    def __init__(self, folder, seed, steps, epochs):
        self.run = create_run(TrainingConfig(seed=seed, epochs=1000), Path(folder) / "runs" / f"seed{seed}-{steps}")
        write_status(self.run.path, RunStatus("running", total_steps=4 * steps, steps_per_epoch=steps // epochs))
        self.step, self.epoch = 0, 0
        self.append(steps, epochs)

    def append(self, steps, epochs=0):
        number = np.arange(self.step + 1.0, self.step + steps + 1)
        rows = np.random.default_rng(self.step).uniform(0.1, 0.9, (steps, len(STEP_COLUMNS)))
        rows[:, 0], rows[:, -1] = number, 0.002
        validation = np.full((epochs, len(EPOCH_COLUMNS)), 0.5)
        validation[:, 0] = np.arange(self.epoch + 1, self.epoch + epochs + 1)
        validation[:, 1] = self.step + np.arange(1, epochs + 1) * (steps // max(1, epochs))
        for name, table in ((STEPS_FILE, rows), (EPOCHS_FILE, validation)):
            with open(self.run.path / name, "ab") as file:
                file.write(table.tobytes())
        self.step, self.epoch = self.step + steps, self.epoch + epochs


def processor_seconds(pid):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_pid():
    """The one child of this process that runs Streamlit."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if path.joinpath("stat").read_text().rpartition(")")[2].split()[1] == str(os.getpid()) and (
                b"streamlit" in path.joinpath("cmdline").read_bytes()
            ):
                return int(path.name)
        except OSError:
            continue
    raise RuntimeError("no server")


def watch(context, address, runs, pid):
    """Look at the runs while they grow → (milliseconds of the server's processor a tick, KB sent a tick)."""
    page, received, ticks = context.new_page(), [], []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
    page.goto(f"{address}/train?" + "&".join(f"run={run.run.id}" for run in runs))
    page.locator(".tf-run").nth(len(runs) - 1).wait_for()
    page.wait_for_timeout(4000)
    page.evaluate("""() => { window.ticks = 0; let last = '';
      setInterval(() => { const now = document.querySelector('.tf-run .tf-note').innerText;
                          if (now !== last) { last = now; window.ticks += 1; } }, 20) }""")
    received.clear()
    before, until = processor_seconds(pid), time.monotonic() + SECONDS
    while time.monotonic() < until:
        for run in runs:
            run.append(30)
        page.wait_for_timeout(1000 * PAUSE)
    ticks = page.evaluate("window.ticks")
    used = processor_seconds(pid) - before
    page.close()
    return 1000 * used / ticks, sum(received) / 1000 / ticks, ticks


def measure_ticks(playwright, folder):
    with serve(folder) as address, ExitStack() as held:
        browser, pid = launch(playwright), server_pid()
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        cases = {f"1 run of {steps:,} steps": [(steps, 20)] for steps in (1_000, 10_000, 100_000, 1_000_000)}
        cases["8 runs of 1,000 epochs"] = [(100_000, 1_000)] * 8
        made = {}
        for number, (title, sizes) in enumerate(cases.items()):
            made[title] = [GrowingRun(folder, 10 * number + i, *size) for i, size in enumerate(sizes)]
            for run in made[title]:
                held.enter_context(lock.hold(run.run.path / LOCK))
        watch(context, address, made["1 run of 1,000 steps"], pid)  # to be warm
        found = {title: [] for title in cases}
        for _ in range(3):  # in turns: the machine has other things to do
            for title, runs in made.items():
                found[title].append(watch(context, address, runs, pid))
        for title, rounds in found.items():
            cost, sent, ticks = (statistics.median(column) for column in zip(*rounds, strict=True))
            print(f"{title}: {cost:.0f} ms of the server's processor, {sent:.0f} KB a tick ({ticks:.0f} ticks)")
        browser.close()


def measure_clicks(folder):
    """In this process: `my_runs` of one visitor beside the runs of others."""
    os.environ["TINYFORMER_RUNS"] = str(Path(folder) / "many")
    from dashboard import visitor_runs, visitors

    for number in range(FOREIGN + 3):
        create_run(TrainingConfig(), owner="others" if number < FOREIGN else "me")
    visitors.current = lambda: "me"

    def timed():
        begun = time.perf_counter()
        assert len(visitor_runs.my_runs()) >= 3
        return 1000 * (time.perf_counter() - begun)

    first = timed()
    time.sleep(2.5)
    timed()
    steady = statistics.median(timed() for _ in range(50))
    create_run(TrainingConfig(), owner="others")
    print(f"my runs beside {FOREIGN:,} of others: {steady:.2f} ms a click, {timed():.0f} ms when one has come, "
          f"{first:.0f} ms the first time")  # fmt: skip


def main():
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        measure_ticks(playwright, folder)
        measure_clicks(folder)


if __name__ == "__main__":
    main()
