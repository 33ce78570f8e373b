"""The figures of the Train page, in a real Chromium: `python tests/benchmarks/train_page.py` (some minutes).

A server and a browser of its own, on an empty data folder. What is printed: how soon the first point stands on the
screen, how many controls above it, how much is seen before 97 %, what the looks between epochs cost, how fresh the
newest point is, whether charts flicker, what watching costs, how fast other pages open meanwhile, how fast it stops.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import launch, serve

from tinyformer import TrainingConfig
from tinyformer.runs import Run, create_run, list_runs, looks, train_run

OBSERVE = """() => { window.seen = []; window.svgs = 0;
  new MutationObserver(changes => {
    for (const change of changes) for (const n of change.addedNodes)
      window.svgs += n.nodeName === 'svg' || !!n.querySelector?.('svg.marks');
    const steps = [...document.querySelectorAll('.tf-run .tf-note')]
      .map(n => Number((n.innerText.match(/step ([0-9,]+)/) || [0, '0'])[1].replaceAll(',', '')));
    const last = window.seen.at(-1);
    if (!last || last[1].join() !== steps.join()) window.seen.push([Date.now() / 1000, steps]);
  }).observe(document.querySelector('[data-testid=stMain]'), {childList: true, subtree: true, characterData: true});
}"""
FIRST_POINT = """() => [...document.querySelectorAll('[data-testid=stMain] .mark-line path')]
  .some(path => path.getAttribute('d')?.length > 8 && path.getBoundingClientRect().bottom <= innerHeight)"""
ON_THE_SCREEN = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].slice(0, 2)
  .every(chart => chart.getBoundingClientRect().top >= 0 && chart.getBoundingClientRect().bottom <= innerHeight)"""
CONTROLS = """() => { const top = document.querySelector('[data-testid=stVegaLiteChart]').getBoundingClientRect().top;
  const all = document.querySelectorAll('[data-testid=stMain] :is(button, input, textarea, summary, [role=slider])');
  return [...all].filter(one => one.checkVisibility() && one.getBoundingClientRect().height
    && one.getBoundingClientRect().bottom <= top).length }"""
GOAL = 0.97


class Clock(threading.Thread):
    """Notes when each step of a run reached the disk."""

    def __init__(self, run):
        super().__init__(daemon=True)
        self.run_, self.times, self.on = run, [], True
        self.start()

    def run(self):
        while self.on:
            now, step = time.time(), self.run_.log().step
            if step > len(self.times):
                self.times += [now] * (step - len(self.times))
            time.sleep(0.02)

    def rate(self):
        """Steps a second, from the first flush on."""
        begin = self.times.count(self.times[0])
        return (len(self.times) - begin) / (self.times[-1] - self.times[0])


def open_train(context, address, query):
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(f"{address}/train?{query}")
    page.get_by_role("button", name="Start training").wait_for()  # unfolded: there are no runs
    page.wait_for_timeout(2500)
    page.evaluate(OBSERVE)
    return page


def start(page):
    """Press the button → (seconds to the first point, the new runs)."""
    known = {run.id for run in list_runs()}
    pressed = time.monotonic()
    page.get_by_role("button", name="Start training").click()
    page.wait_for_function(FIRST_POINT, polling=20)
    return time.monotonic() - pressed, [run for run in list_runs() if run.id not in known]


def wait_until_ended(runs):
    while not all(run.status().state == "finished" for run in runs):
        time.sleep(0.05)


def freshness(page, clock, place=0):
    """Seconds from the disk to the page, of every step."""
    seen = [(at, steps[place]) for at, steps in page.evaluate("window.seen") if len(steps) > place]
    return [
        next((at for at, step in seen if step >= number), None) - written
        for number, written in enumerate(clock.times, start=1)
        if seen and number <= seen[-1][1]
    ]


def without_a_page(epochs, folder):
    """The same command without a page → steps a second."""
    run = create_run(TrainingConfig(epochs=epochs), f"{folder}/alone-{time.monotonic_ns()}")
    clock = Clock(run)
    command = [sys.executable, "-m", "tinyformer", "train", "--resume", str(run.path)]
    subprocess.run(
        command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, check=True, preexec_fn=lambda: os.nice(10)
    )
    clock.on = False
    return clock.rate()


def points_before_the_goal(run):
    """How many validation points are drawn before the first that reaches GOAL."""
    looked, log = run.looks(), run.log()
    points = dict(zip(looked.column("step"), looked.column("accuracy"), strict=True))
    points |= dict(zip(log.epoch_column("step"), log.epoch_column("accuracy"), strict=True))
    values = [points[step] for step in sorted(points)]
    return next((place for place, value in enumerate(values) if value >= GOAL), len(values))


def cost_of_looks(folder, turns=5):
    """The processor time that looks add to a default training, in alternating turns."""
    taken, plan = {True: [], False: []}, looks.plan
    for turn in range(2 * turns):
        looks.plan = plan if turn % 2 else lambda *_: (0, set())
        begun = time.process_time()
        train_run(create_run(TrainingConfig(), f"{folder}/cost-{turn}"))
        taken[bool(turn % 2)].append(time.process_time() - begun)
    looks.plan = plan
    return statistics.median(taken[True]) / statistics.median(taken[False]) - 1


def throughput(context, address, folder, epochs, turns=3):
    """Print the steps a second with the page watching and without, in alternating turns.

    Drawing the page for the first time takes the same from a short training as from a long one: tell the epochs.
    """
    rates = {"watched": [], "alone": []}
    for _ in range(turns):
        rates["alone"].append(without_a_page(epochs, folder))
        page = open_train(context, address, f"seeds=42&epochs={epochs}")
        _, (run,) = start(page)
        clock = Clock(run)
        wait_until_ended([run])
        clock.on = False
        rates["watched"].append(clock.rate())
        page.close()
        run.delete()
    watched, alone = (statistics.median(rates[name]) for name in ("watched", "alone"))
    print(f"steps/s over {epochs} epochs: {watched:.0f} watched, {alone:.0f} without a page: {watched / alone:.0%}")


def measure(context, address, folder):
    firsts, ages = [], []
    for _ in range(3):
        page = open_train(context, address, "seeds=42&epochs=3")
        first, (run,) = start(page)
        clock = Clock(run)
        firsts.append(first)
        page.wait_for_timeout(1000)
        svgs = page.evaluate("window.svgs")
        fits, controls = page.evaluate(ON_THE_SCREEN), page.evaluate(CONTROLS)
        wait_until_ended([run])
        clock.on = False
        flicker = page.evaluate("window.svgs") - svgs
        page.wait_for_timeout(800)
        ages += freshness(page, clock)
        points = points_before_the_goal(run)
        page.close()
        run.delete()
    print(f"Start → first point: {', '.join(f'{first:.2f}' for first in firsts)} s")
    print(f"both charts on a screen of 1280 × 720: {fits}; controls above them: {controls}")
    print(f"validation points before {GOAL:.0%}: {points}")
    print(f"record on the disk → on the page: median {statistics.median(ages):.2f} s over {len(ages):,} steps")
    print(f"SVGs inserted while it trains, after the first second: {flicker}")
    for epochs in (3, TrainingConfig().epochs):
        throughput(context, address, folder, epochs)

    page = open_train(context, address, "seeds=42,123,7&epochs=20")
    begun = time.monotonic()
    _, runs = start(page)
    clicks = []
    for title in ("Home", "Train", "Layer Lab", "Train", "Home", "Train", "Home", "Train"):
        page.wait_for_timeout(700)
        pressed = time.monotonic()
        page.get_by_test_id("stSidebarNav").get_by_text(title, exact=True).click()
        heading = "The transformer you can watch think" if title == "Home" else title
        page.get_by_role("heading", name=heading, exact=True).wait_for()
        clicks.append(time.monotonic() - pressed)
    wait_until_ended(runs)
    print(f"three seeds, medium, 20 epochs: {time.monotonic() - begun:.1f} s, held out "
          + ", ".join(f"{run.status().test_correct} of {run.status().test_total}" for run in runs))  # fmt: skip
    for run in runs:
        run.delete()
    print(f"click on another page while three train: median {statistics.median(clicks) * 1e3:.0f} ms")
    page.close()

    page = open_train(context, address, "seeds=9&epochs=20")
    _, (run,) = start(page)
    page.wait_for_timeout(2000)
    pressed = time.monotonic()
    page.get_by_role("button", name="Stop training").click()
    while Run(run.path).status().state == "running":
        time.sleep(0.01)
    print(f"Stop training → worker gone: {time.monotonic() - pressed:.2f} s, then {run.status().state}, "
          f"{run.status().test_correct} of {run.status().test_total} right")  # fmt: skip


def main():
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ["TINYFORMER_DATA"] = folder
        with serve(folder) as address:
            browser = launch(playwright)
            print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            measure(browser.new_context(viewport={"width": 1280, "height": 720}), address, folder)
            browser.close()
        print(f"cost of the looks between epochs: {cost_of_looks(folder):+.1%}")
        time.sleep(2)  # its workers write their state


if __name__ == "__main__":
    main()
