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
Every command takes a model by its name. "settings" are the options of `train` that make such a model, "held out" is
what it got right when its training ended. Models with the same fingerprint are the same, whatever their files are
called."""


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
        tables.table(("name", "fingerprint", "seed", "held out", "", "parameters", "settings"), rows, align="<<>>>><")
    for problem in problems:
        print(f"  {one_line(problem)}")


def _row(checkpoint):
    training, test = checkpoint.training, checkpoint.metadata.get("test") or {}
    right = f"{test['correct']} of {test['total']}" if {"correct", "total"} <= set(test) else "–"
    settings = " ".join(options.command_words(training, seed=False)) or "the defaults" if training else "unknown"
    return (
        one_line(checkpoint.name, 30),
        checkpoint.fingerprint,
        training.seed if training else "–",
        right,
        percent(test.get("accuracy")),
        f"{checkpoint.config.num_parameters:,}",
        settings,
    )
