"""How soon the Layer Lab answers: `python tests/benchmarks/lab_page.py` (a minute or two).

Of every bench with a slider: from a key on its first slider to the last change that it makes in any chart, in Chromium.
Without a browser: the gradient check of each bench on the shipped model, and of the whole default model.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
from serving import launch, serve

from dashboard.lab import inputs
from dashboard.lab.bench import Stage
from dashboard.lab.benches import BENCHES
from tinyformer import CrossEntropyLoss, load_checkpoint, parse_expression
from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.laboratory.anatomy import as_float64, dissect
from tinyformer.laboratory.model_checks import check_gradients
from tinyformer.laboratory.trials import softened

SLIDERS = ("softmax", "linear", "layer_norm", "dropout", "positional_encoding", "residual", "relu", "cross_entropy")
OBSERVE = """() => {
  const chart = '[data-testid=stVegaLiteChart]';
  new MutationObserver(changes => {
    if (changes.some(({target, addedNodes}) => target.parentElement?.closest(chart)
        || [...addedNodes].some(node => node.querySelector?.(chart)))) window.drawn = performance.now();
  }).observe(document.querySelector('[data-testid=stMain]'), {subtree: true, childList: true, attributes: true});
  addEventListener('keydown', () => { window.pressed = performance.now(); }, {capture: true});
}"""


def slider_times(page, moves=15):
    """Milliseconds from a key on the first slider to the last change that it makes in any chart."""
    page.evaluate(OBSERVE)
    page.locator("[data-testid=stSlider] input[type=range]").first.focus()
    times = []
    for move in range(moves):
        page.evaluate("window.drawn = 0")
        page.keyboard.press("ArrowRight" if move < 8 else "ArrowLeft")  # some sliders have a dozen places
        page.wait_for_function("window.drawn > 0")
        page.wait_for_timeout(600)
        times.append(page.evaluate("window.drawn - window.pressed"))
    return times[2:]  # the first ones warm up


def check_times():
    """Print how long the gradient check of each bench takes, and that of the whole model, in its first run."""
    model, expression = load_checkpoint(shipped_folder() / "seed-42.npz").model, parse_expression("Max ( 5 3 9 )")
    stage = Stage(dissect(model, expression), expression, 1, "seed-42", "", ())
    seconds = {}
    for key, bench in BENCHES.items():
        trials = [inputs.hand_trial(bench)] if bench.hand else []
        if bench.trial or bench.place:
            trials.append(bench.trial(stage) if bench.trial else stage.anatomy.trial(bench.place.format(block=1)))
        for trial in trials:
            begun = time.perf_counter()
            (softened(trial)[0] if bench.softened else trial).check()
            seconds[key] = max(seconds.get(key, 0), time.perf_counter() - begun)
    slowest = max(seconds, key=seconds.get)
    print(f"gradient checks of {len(seconds)} benches: slowest {slowest}, {seconds[slowest]:.2f} s (≤ 1)")
    begun = time.perf_counter()
    result = check_gradients(as_float64(model), CrossEntropyLoss())
    print(f"of the whole model, all tensors: {time.perf_counter() - begun:.2f} s (≤ 3), worst error {result.error:.1e}")


def main():
    check_times()
    from playwright.sync_api import sync_playwright

    with serve() as address, sync_playwright() as playwright:
        browser = launch(playwright)
        for bench in SLIDERS:
            page = browser.new_page(viewport={"width": 1280, "height": 1400})
            page.goto(f"{address}/layer-lab?bench={bench}")
            page.wait_for_selector("[data-testid=stSlider] input[type=range]")
            page.wait_for_timeout(2500)
            times = slider_times(page)
            print(f"slider of {bench:20} → new picture: median {statistics.median(times):4.0f} ms (≤ 150), "
                  f"{min(times):.0f} to {max(times):.0f}", flush=True)  # fmt: skip
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
