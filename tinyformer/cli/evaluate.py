"""`evaluate`: the figures of one or more models, side by side, or as JSON."""

import json

from tinyformer.cli import tables, terminal
from tinyformer.cli.choice import chosen_models
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import duration, interval, percent
from tinyformer.cli.terminal import paint
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


def add_arguments(parser):
    text = "a file, or the name of a model such as seed-42 (default: all that ship)"
    parser.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT", help=text)
    parser.add_argument("--json", action="store_true", help="for programs, with all figures in full precision")


def run(args):
    checkpoints = chosen_models(args.checkpoints, all_that_ship=True)
    reports = []
    with Progress(len(checkpoints), "evaluating") as progress:
        for number, checkpoint in enumerate(checkpoints):
            progress.update(number, checkpoint.name)
            reports.append(_everything(checkpoint) if args.json else report(checkpoint))
    if args.json:
        print(json.dumps(reports, indent=1, allow_nan=False))
    else:
        show(reports)
    return 0


def _everything(checkpoint):
    """The report of a model with all that the sections of the Evaluate page show of it."""
    evaluation, sides = whole_space(checkpoint)
    return report(checkpoint, evaluation) | {"details": page_figures(checkpoint, evaluation, sides)}


def show(reports):
    """Print a column for each report."""
    tests = [one["sides"]["test"] for one in reports]
    rows = [
        ("held out", None),
        ("  right", [f"{test['correct']} of {test['total']}" for test in tests]),
        ("  accuracy", _best_marked(reports, [percent(test["accuracy"]) for test in tests])),
        ("  95 % interval", [interval(test["low"], test["high"]) for test in tests]),
        ("  loss", [_short(test["loss"]) for test in tests]),
        ("  calibration error", [_short(test["calibration_error"]) for test in tests]),
        ("held out, per operation", None),
        *((f"  {name}", [_operation(test, name) for test in tests]) for name in _operations(tests)),
        ("held out, without a model", None),
        *(
            (f"  {name}", [_baseline(test, name) for test in tests])
            for name in ("most frequent answer", "copy the first")
        ),
        ("everything", None),
        *(
            (f"  {label}", [percent(one["sides"][side]["accuracy"], 2) for one in reports])
            for label, side in _sides(reports).items()
        ),
        ("  wrong of all", [_wrong(one) for one in reports]),
        ("the model", None),
        ("  parameters", [f"{one['parameters']:,}" for one in reports]),
        ("  seed", [_or_dash(one["seed"]) for one in reports]),
        ("  data seed", [_or_dash(one["data_seed"]) for one in reports]),
        ("  training time", [duration(one["training_seconds"]) for one in reports]),
    ]
    tables.side_by_side([terminal.one_line(one["name"], 20) for one in reports], rows)
    if _are_comparable(reports):
        print(paint("\n  * the best: most right, of equals the one with the lowest loss", "dim"))
    leaking = [one["name"] for one in reports if one["leaks"]]
    if leaking:
        print(
            f"\n  {', '.join(leaking)}: trained on draws split at random, so on some of what is called held out here."
        )


def _sides(reports):
    """What stands before a row → the side it is of."""
    totals = {one["sides"]["all"]["total"] for one in reports}
    everything = f"all {totals.pop():,}" if len(totals) == 1 else "all there are"
    return {"training side": "train", "validation side": "validation", everything: "all"}


def _best_marked(reports, cells):
    """The best of several in bold with a star: by accuracy, of equals by loss."""
    tests = [one["sides"]["test"] for one in reports]
    scores = [(test["accuracy"] or 0, -(test["loss"] or 0)) for test in tests]
    if not _are_comparable(reports):
        return cells
    return [
        paint(f"* {cell}", "bold") if score == max(scores) else cell for cell, score in zip(cells, scores, strict=True)
    ]


def _are_comparable(reports):
    """Several models that were asked the same."""
    return len(reports) > 1 and all(one["operations"] == reports[0]["operations"] for one in reports)


def _operations(tests):
    """The names of the operations of all models."""
    return list(dict.fromkeys(row["operation"] for test in tests for row in test["operations"]))


def _operation(test, name):
    row = next((row for row in test["operations"] if row["operation"] == name), None)
    if row is None or not row["total"]:
        return "–"
    return f"{percent(row['accuracy'])}  {interval(row['low'], row['high'])[:-2]}"


def _baseline(test, name):
    return percent(test["baselines"][name]["accuracy"]) if name in test["baselines"] else "–"


def _wrong(one):
    return str(one["sides"]["all"]["total"] - one["sides"]["all"]["correct"])


def _short(value):
    return "–" if value is None else f"{value:.2g}"


def _or_dash(value):
    return "–" if value is None else str(value)
