"""`evaluate`: the figures of one or more models, side by side, or as JSON."""

import json

from tinyformer.cli import tables, terminal
from tinyformer.cli.choice import chosen_models
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import duration, interval, or_dash, percent
from tinyformer.cli.terminal import paint
from tinyformer.evaluation.best import best_of
from tinyformer.evaluation.page_figures import page_figures
from tinyformer.evaluation.report import report, whole_space

HELP = "measure models on every expression of three digits that they were trained on, side by side"
USAGE = "[CHECKPOINT ...] [--json]"
EXAMPLES = (
    ("", "all models that ship"),
    ("seed-42 my-model.npz", "these two"),
    ("--json", "everything, in full precision"),
)
NOTES = """\
A model is asked what it was trained on: of three digits, each operation has 1,000 expressions, a table those that are
in it. "Held out" are those that no weight was learned from and no choice was made by. Intervals are of Wilson, 95 %.
The calibration error is the distance between how sure a model is and how often it is right. --json prints a list with
one report for each model; its "details" are the sections of the Evaluate page: confusion, calibration, every mistake,
longer expressions, embeddings."""
BASELINES = ("most frequent answer", "copy the first")


def add_arguments(parser):
    text = "a file, or the name of a model such as seed-42 (default: all that ship)"
    parser.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT", help=text)
    parser.add_argument("--json", action="store_true", help="for programs, with all figures in full precision")


def run(args):
    checkpoints = chosen_models(args.checkpoints, all_that_ship=True)
    reports, wholes = [], []
    with Progress(len(checkpoints), "evaluating") as progress:
        for number, checkpoint in enumerate(checkpoints):
            progress.update(number, checkpoint.name)
            evaluation, sides = whole_space(checkpoint)
            reports.append(report(checkpoint, evaluation))
            wholes.append((evaluation, sides))
            if args.json:
                reports[-1]["details"] = page_figures(checkpoint, evaluation, sides)
    if args.json:
        print(json.dumps(reports, indent=1, allow_nan=False))
    else:
        show(reports, best_of(checkpoints, wholes))
    return 0


def show(reports, first):
    """Print a column for each report. `first`: the place of the best one, or None."""
    tests, everything = ([one["sides"][side] for one in reports] for side in ("test", "all"))
    operations = dict.fromkeys(row["operation"] for test in tests for row in test["operations"])
    totals = {asked["total"] for asked in everything}
    sides = {"training side": "train", "validation side": "validation"}
    sides[f"all {totals.pop():,}" if len(totals) == 1 else "all there are"] = "all"
    accuracies = [
        paint(f"* {percent(test['accuracy'])}", "bold") if place == first else percent(test["accuracy"])
        for place, test in enumerate(tests)
    ]
    rows = [
        ("held out", None),
        ("  right", [f"{test['correct']} of {test['total']}" for test in tests]),
        ("  accuracy", accuracies),
        ("  95 % interval", [interval(test["low"], test["high"]) for test in tests]),
        ("  loss", [or_dash(test["loss"], ".2g") for test in tests]),
        ("  calibration error", [or_dash(test["calibration_error"], ".2g") for test in tests]),
        ("held out, per operation", None),
        *((f"  {name}", [_operation(test, name) for test in tests]) for name in operations),
        ("held out, without a model", None),
        *((f"  {name}", [_baseline(test, name) for test in tests]) for name in BASELINES),
        ("everything", None),
        *((f"  {label}", [percent(one["sides"][side]["accuracy"], 2) for one in reports])
          for label, side in sides.items()),
        ("  wrong of all", [str(asked["total"] - asked["correct"]) for asked in everything]),
        ("the model", None),
        ("  parameters", [f"{one['parameters']:,}" for one in reports]),
        ("  seed", [or_dash(one["seed"]) for one in reports]),
        ("  data seed", [or_dash(one["data_seed"]) for one in reports]),
        ("  training time", [duration(one["training_seconds"]) for one in reports]),
    ]  # fmt: skip
    tables.side_by_side([terminal.one_line(one["name"], 20) for one in reports], rows)
    if first is not None:
        print(paint("\n  * more right than every other one, beyond chance (sign tests, 5 % for all together)", "dim"))
    if leaking := ", ".join(one["name"] for one in reports if one["leaks"]):
        print(f"\n  {leaking}: trained on draws split at random, so on some of what is called held out here.")


def _operation(test, name):
    row = next((row for row in test["operations"] if row["operation"] == name), {"total": 0})
    return f"{percent(row['accuracy'])}  {interval(row['low'], row['high'])[:-2]}" if row["total"] else "–"


def _baseline(test, name):
    return percent(test["baselines"][name]["accuracy"]) if name in test["baselines"] else "–"
