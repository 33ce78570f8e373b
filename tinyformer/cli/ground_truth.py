"""`ground-truth`: what the methods of Explore find in models whose circuit is known, because it was written by hand."""

import json
import sys

from tinyformer.checkpoints.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from tinyformer.checkpoints.folders import saved_folder
from tinyformer.cli import tables
from tinyformer.cli.options import whole
from tinyformer.cli.outputs import writable
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import or_dash
from tinyformer.cli.terminal import UsageError, heading
from tinyformer.ground_truth.kinds import KINDS, build
from tinyformer.ground_truth.methods import METHODS
from tinyformer.ground_truth.published import write_scores
from tinyformer.ground_truth.scores import GROUPS, average, scores_steps
from tinyformer.interpret import drain

HELP = "how much of a circuit that is known the methods of Explore find"
USAGE = "[--seeds N] [--only METHOD ...] [--kinds KIND ...] [--json | --csv | --save]"
EXAMPLES = (
    ("", "every method on one model of each kind: a minute or two"),
    ('--seeds 20 --only "path patching"', "one method on twenty models of each kind"),
    ("--save", "keep the models, to put them on display"),
)
NOTES = """\
Precision: how much of what a method names belongs to the circuit; recall: how much of the circuit it names. The kinds
with a backup, or with heads that cancel each other, are told apart: there, taking out one thing at a time says too
little. Silent: models of
which it names nothing; those have no precision."""
PREFIX = "by-hand-"


def add_arguments(parser):
    parser.add_argument("--seeds", type=whole, default=1, metavar="N", help="models of each kind (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="METHOD", help=f"some methods: {', '.join(METHODS)}")
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help=f"some kinds: {', '.join(KINDS)}")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--json", action="store_true", help="every score, as JSON")
    what.add_argument("--csv", action="store_true", help="every score, as the table that ships with the checkpoints")
    what.add_argument("--save", action="store_true", help="write the models to those that are saved, and no more")


def run(args):
    kinds, methods = _chosen("--kinds", args.kinds, KINDS), _chosen("--only", args.only, METHODS)
    if not 1 <= args.seeds <= 1000:
        raise UsageError(f"--seeds must be from 1 to 1,000, got {args.seeds}")
    if args.save:
        return _save(kinds, args.seeds)
    with Progress(1, "asking") as progress:
        scores = drain(scores_steps(kinds, range(args.seeds), methods), progress.update)
    if args.csv:
        write_scores(scores, sys.stdout)
        return 0
    if args.json:
        rows = [{name: None if value != value else value for name, value in one._asdict().items()} for one in scores]
        print(json.dumps({"kinds": {name: KINDS[name].what for name in kinds}, "scores": rows}, indent=1))
        return 0
    for title, group in GROUPS.items():
        found = average(scores, group)
        if found:
            heading(f"{title}: {', '.join(kind for kind in group if kind in kinds)}")
            header = ("method", "finds", "precision", "recall", "silent", "precision at worst", "recall at worst")
            tables.table(header, [_row(one) for one in found], align="<<>>><<")
    return 0


def _row(one):
    worst = [
        f"{or_dash(rate, '.2f')} {kind}" if rate < 1 else "" for kind, rate in (one.least_precise, one.least_complete)
    ]
    silent = f"{one.silent} of {one.models}" if one.silent else ""
    return one.method, one.finds, or_dash(one.precision, ".2f"), or_dash(one.recall, ".2f"), silent, *worst


def _save(kinds, seeds):
    """Write the models, with no figures: they were not trained, and nothing was held out from them."""
    folder = writable(None, saved_folder)
    for kind in kinds:
        for seed in range(seeds):
            name = PREFIX + kind.replace(",", "").replace(" ", "-") + (f"-{seed}" if seed else "")
            path = folder / f"{name}.npz"
            if path.exists() and not _by_hand(path):
                raise UsageError(f"{path} is another model: it is not replaced")
            print(save_checkpoint(path, build(kind, seed).model, metadata={"written_by_hand": kind, "seed": seed}))
    return 0


def _by_hand(path):
    try:
        return "written_by_hand" in load_checkpoint(path).metadata
    except CheckpointError:
        return False


def _chosen(flag, given, known):
    for name in given or ():
        if name not in known:
            raise UsageError(f"{flag} takes {', '.join(known)}; got {name!r}")
    return tuple(given or known)
