"""How long Explore Attention takes: `python tests/benchmarks/explore_page.py`. Chromium is needed for the first figure.

From the key press that commits another expression to the frame in which the heatmaps of three models show it; then, of
each shipped model, the ablation of every head alone and of all subsets, on all 5,000 expressions.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import launch, serve

from tinyformer import expression_space, load_checkpoint
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.interpret import (
    ablate,
    drain,
    heads_of,
    integrated_gradients,
    null_steps,
    over_pairs,
    random_pairs,
    space_patterns,
    subset_steps,
)

MODELS = ("seed-42", "seed-123", "seed-7")
# Painted: two frames after the axes of the first three charts name the new operation.
PAINTED = """operation => new Promise(done => {
  let pressed = NaN;
  const press = event => { if (event.key === 'Enter') pressed = performance.now(); };
  addEventListener('keydown', press, {capture: true, once: true});
  const deadline = performance.now() + 20000, frame = requestAnimationFrame;
  const shown = () => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')].slice(0, 3)
    .every(chart => [...chart.querySelectorAll('svg text')].some(text => text.textContent === operation));
  const look = () => {
    if (shown()) frame(() => frame(() => done(performance.now() - pressed)));
    else if (performance.now() > deadline) done(NaN);
    else frame(look);
  };
  look();
})"""


def repaint_times(repetitions):
    """Milliseconds from the key press to the painted heatmaps, for each of many changes of the expression."""
    from playwright.sync_api import sync_playwright

    with serve() as address, sync_playwright() as p:
        page = launch(p).new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{address}/explore-attention")
        page.wait_for_function("document.querySelectorAll('[data-testid=stVegaLiteChart] svg.marks').length >= 3")
        return [_change(page, number) for number in range(repetitions)][2:]  # the first two warm up


def _change(page, number):
    operation, digits = ("Min", "Max")[number % 2], [(number * step) % 10 for step in (3, 7, 9)]
    field = page.get_by_label("Expression", exact=True)
    field.fill(f"{operation} ( {' '.join(map(str, digits))} )")
    page.evaluate(f"window.painted = ({PAINTED})({operation!r}); null")
    field.press("Enter")
    milliseconds = page.evaluate("window.painted")  # a promise: waited for
    page.wait_for_timeout(700)
    return milliseconds


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=22)
    parser.add_argument("--browser-only", action="store_true", help="the first figure alone")
    parser.add_argument("--no-browser", action="store_true", help="leave out Chromium")
    options = parser.parse_args()
    space = expression_space()
    for name in () if options.browser_only else MODELS:
        model = load_checkpoint(shipped_folder() / f"{name}.npz").model
        heads = [[head] for head in heads_of(model.config)]
        print(f"{name}: patterns {timed(lambda m=model: space_patterns(m, space)):.2f} s", end=", ")
        print(f"every head alone {timed(lambda m=model, h=heads: ablate(m, space, h)):.2f} s (≤ 4)", end=", ")
        print(f"untrained models {timed(lambda m=model: drain(null_steps(m.config, space))):.2f} s", end=", ")
        pairs = random_pairs(3, space.names)
        print(f"{len(pairs.clean)} pairs {timed(lambda m=model, p=pairs: drain(over_pairs(m, p))):.2f} s", end=", ")
        tokens = space.tokens[3539]
        print(
            f"integrated gradients {timed(lambda m=model, t=tokens: integrated_gradients(m, t, 11, 7)):.2f} s", end=", "
        )
        print(f"all subsets {timed(lambda m=model: drain(subset_steps(m, space))):.1f} s (≤ 120)", flush=True)
    if not options.no_browser:
        times = repaint_times(options.repetitions)
        print(
            f"expression → heatmaps of three models painted: median {statistics.median(times):.0f} ms (≤ 200), "
            f"{min(times):.0f} to {max(times):.0f} ms in {len(times)} changes"
        )


if __name__ == "__main__":
    main()
