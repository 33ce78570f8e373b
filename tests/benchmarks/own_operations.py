"""What operations beyond the five cost and reach: `python tests/benchmarks/own_operations.py [--sum | --five]`.

A formula's 50,000 answers, the draws of large trainings, and held-out accuracy of models of other operations.
"""

import itertools
import sys
import time

from tinyformer import Trainer, TrainingConfig, accuracy_per_operation
from tinyformer.task import formula
from tinyformer.task.training_data import prepare_data

RULES = ("sum(x) % 10", "max(x) - min(x)", "x[x[0] % n]", "sorted(x)[n // 2]", "x[0] if x[0] > x[1] else x[1]")
FIVE = ("Median", "Range", "Pick", "Product", "Max")
SEEDS = (42, 123, 7)


def rules():
    rows = list(itertools.product(range(10), repeat=4)) * 5
    for rule in RULES:
        started = time.perf_counter()
        formula.answers("Own", rule, rows)
        print(f"{rule:32} {len(rows):,} answers in {time.perf_counter() - started:.2f} s", flush=True)


def draws():
    for count in (10_000, 100_000, 1_000_000):
        started = time.perf_counter()
        data = prepare_data(TrainingConfig(num_examples=count))
        kept = sum(array.nbytes for part in data for array in part[:3]) / 1e6
        print(f"{count:,} draws: {time.perf_counter() - started:.2f} s, {kept:.1f} MB", flush=True)


def train(operations, epochs, **settings):
    accuracies = []
    for seed in SEEDS:
        trainer = Trainer(TrainingConfig(operations=operations, epochs=epochs, seed=seed, **settings))
        for _ in trainer.records():
            pass
        test = trainer.finish()
        accuracies.append(test.accuracy)
        each = ", ".join(f"{row.operation} {row.correct} of {row.total}" for row in accuracy_per_operation(test))
        print(f"seed {seed}, {epochs} epochs: {test.accuracy:.2%} of the test side ({each})", flush=True)
    print(f"mean {sum(accuracies) / len(accuracies):.2%}", flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["--rules", "--draws", "--five", "--sum"]
    if "--rules" in wanted:
        rules()
    if "--draws" in wanted:
        draws()
    if "--five" in wanted:
        train(FIVE, 20)
    if "--sum" in wanted:
        # Of three numbers there are only 1,000 sums, and 800 to learn from: too few (93 to 96 % of the others).
        train(("Sum",), 25, num_args=(2, 4), num_examples=30_000)
