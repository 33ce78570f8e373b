"""The share of a training step that is spent inside matrix products: `python tests/benchmarks/matmul_share.py`.

The parameters and the inputs are seen through an array type that times each `@` between matrices where it happens, with
caches as they are then (products with a vector, which stand for sums, are not counted). The whole step is timed without
it, in turns, so that the clock of the one does not run in the other.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import peers

from tinyformer import Adam, CrossEntropyLoss, Transformer, TransformerConfig, train_step


class TimedArray(np.ndarray):
    """An array whose matrix products add their time to `seconds`; results are timed arrays again."""

    seconds = 0.0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        inputs = [x.view(np.ndarray) if isinstance(x, TimedArray) else x for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(x.view(np.ndarray) if isinstance(x, TimedArray) else x for x in out)
        matrices = ufunc is np.matmul and all(np.ndim(x) >= 2 for x in inputs)
        started = time.perf_counter()
        result = getattr(ufunc, method)(*inputs, **kwargs)
        if matrices:
            TimedArray.seconds += time.perf_counter() - started
        if out is not None:
            return out[0] if len(out) == 1 else out
        return result.view(TimedArray) if isinstance(result, np.ndarray) else result


def main(turns=40, steps=16):
    tokens, targets = peers.batches(TransformerConfig(), 32)
    plain, timed = Transformer(seed=0), Transformer(seed=0)
    for _, parameter in timed.parameters():
        parameter.value = parameter.value.view(TimedArray)
    loss_fn = CrossEntropyLoss()
    optimizers = [Adam(model.get_parameters) for model in (plain, timed)]
    whole, inside = [], []
    for _ in range(turns):
        started = time.perf_counter()
        for i in range(steps):
            train_step(plain, tokens[i], targets[i], loss_fn, optimizers[0])
        whole.append((time.perf_counter() - started) / steps * 1e3)
        TimedArray.seconds = 0.0
        for i in range(steps):
            train_step(timed, tokens[i], targets[i], loss_fn, optimizers[1])
        inside.append(TimedArray.seconds / steps * 1e3)
    share = np.median(np.array(inside) / np.array(whole))
    print(f"step {np.median(whole):.2f} ms, matrix products {np.median(inside):.2f} ms: {share:.0%} of the step")
    print(f"at its fastest: step {min(whole):.2f} ms, matrix products {min(inside):.2f} ms")


if __name__ == "__main__":
    main()
