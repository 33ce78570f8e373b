"""`models`: the models that ship, and those that were saved."""

from tinyformer.checkpoints.folders import (
    described,
    saved_checkpoints,
    saved_folder,
    shipped_checkpoints,
    shipped_folder,
    usable_checkpoints,
)
from tinyformer.cli import options, tables
from tinyformer.cli.tables import percent
from tinyformer.cli.terminal import heading, one_line

HELP = "list the models that ship, and those that were saved"
USAGE = ""
EXAMPLES = (("", "what there is"),)
NOTES = """\
Every command takes a model by its name. "settings" are the options of `train` that make such a model, "its test" is
what it got right of its own test set when its training ended; `evaluate` asks all expressions of three digits. Models
with the same fingerprint are the same, whatever their files are called."""


def add_arguments(parser):
    pass


def run(args):
    _list("Shipped", shipped_folder(), shipped_checkpoints())
    _list("Saved", described(saved_folder), saved_checkpoints())
    return 0


def _list(title, folder, paths):
    heading(f"{title}, in {folder}")
    if not paths:
        print("  none yet; `train` makes them" if title == "Saved" else "  none")
        return
    usable, problems = usable_checkpoints(paths)
    if usable:
        rows = [_row(checkpoint) for checkpoint in usable]
        tables.table(("name", "fingerprint", "seed", "its test", "", "parameters", "settings"), rows, align="<<>>>><")
        for checkpoint in usable:
            if caveat := _caveat(checkpoint.training):
                print(f"  {one_line(checkpoint.name, 30)}: {caveat}")
    for problem in problems:
        print(f"  {one_line(problem)}")


def _caveat(training):
    """Why a figure of the table is not what one would take it for; "" if it is."""
    if training is None:
        return ""
    if training.split_by == "draw":
        return "its draws were split, not its expressions: it was trained on much of its test"
    if training.max_value < 9:
        return f"it was trained and tested on numbers up to {training.max_value} only"
    return ""


def _row(checkpoint):
    training, test = checkpoint.training, checkpoint.metadata.get("test") or {}
    right = f"{test['correct']} of {test['total']}" if {"correct", "total"} <= set(test) else "–"
    settings = " ".join(options.command_words(training, seed=False)) or "the defaults" if training else "unknown"
    settings = "written by hand" if checkpoint.by_hand else settings
    return (
        one_line(checkpoint.name, 30),
        checkpoint.fingerprint,
        training.seed if training else "–",
        right,
        percent(test.get("accuracy")),
        f"{checkpoint.config.num_parameters:,}",
        settings,
    )
