"""`sweep`: many seeds of one training, side by side on all cores or on a cluster, and one table of what came out."""

import os
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from tinyformer.cli import tables
from tinyformer.cli.options import add_config_options, command_words, in_flags, training_config, whole
from tinyformer.cli.outputs import require_writable
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import duration, percent
from tinyformer.cli.terminal import UsageError, say
from tinyformer.sweeps import sweep
from tinyformer.sweeps.seeds import parse_seeds
from tinyformer.sweeps.summary import held_out, steps_to_goal, trained
from tinyformer.sweeps.table import sweeps_folder, write_sweep

HELP = "train many seeds, and write one table of how they ended"
USAGE = "[--seeds LIST] [--workers N | --scheduler ADDRESS] [options]"
EXAMPLES = (
    ("--seeds 1-32", "thirty-two seeds on all cores"),
    ("--seeds 1-8 --size small --workers 2", "eight small ones, two at a time"),
    ("--seeds 1-32 --scheduler tcp://10.0.0.5:8786", "on a Dask cluster, whose workers have this package"),
)
NOTES = """\
The table has a row per seed: held-out accuracy, steps to 99 % of all expressions and of each operation, and how focused
each head is; the Evaluate page of the dashboard shows it. Steps to 99 % are those of the first look at which 99 % of
the validation side were right, a look being every 25 steps. The same seeds and settings give the same table, byte for
byte, where NumPy rounds alike.

Exit status 1 if a training diverged; its row says so. --scheduler needs: pip install "tinyformer[dask]"."""


def add_arguments(parser):
    parser.add_argument("--seeds", default="1-8", metavar="LIST", help="such as 1-32 or 42,123,7 (%(default)s)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=whole, metavar="N", help="processes at a time (one per core)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://10.0.0.5:8786")
    parser.add_argument("--output", metavar="FILE", help=f"the table, a .csv file (in {sweeps_folder()})")
    add_config_options(parser)


def run(args):
    configs = _configs(args)
    path = _path(args, configs)
    if args.workers is not None and not 1 <= args.workers <= 1_000:
        raise UsageError(f"--workers must be from 1 to 1000, got {args.workers}")
    finished, started = [], time.monotonic()
    with Progress(len(configs), "sweep") as progress:

        def on_row(row, seconds):
            finished.append(row)
            progress.milestone(_line(row, seconds))
            progress.update(len(finished), _line(row, seconds))

        try:
            with _executor(args, len(configs)) as executor:
                progress.update(0, "starting")
                rows = sweep.sweep(configs, executor, on_row)
        except KeyboardInterrupt:
            progress.clear()
            raise KeyboardInterrupt(_keep(path, finished, configs)) from None
        except BrokenProcessPool:
            progress.clear()
            say(f"error: a worker died, perhaps for want of memory; {_keep(path, finished, configs)}")
            return 1
        except ValueError as error:  # a side without expressions
            raise UsageError(in_flags(error)) from None
        except Exception as error:  # what comes from other machines can be anything
            if args.scheduler is None or isinstance(error, UsageError):
                raise
            progress.clear()
            say(f"error: the cluster failed: {error!r}; {_keep(path, finished, configs)}")
            return 1
    write_sweep(path, rows)
    _summary(rows, time.monotonic() - started)
    print(f"written to {path}")
    return 1 if any(row.get("problem") for row in rows) else 0


def _configs(args):
    """One TrainingConfig for each seed."""
    config = training_config(args)
    try:
        return [replace(config, seed=seed) for seed in parse_seeds(args.seeds)]
    except ValueError as error:
        raise UsageError(f"--seeds: {error}") from None


def _path(args, configs):
    """Where the table goes; its folder can be written."""
    if args.output is not None:
        path = Path(args.output)
        if path.suffix != ".csv" or path.is_dir():
            raise UsageError(f"--output is the name of a .csv file, got {args.output!r}")
    else:
        words = [word.lstrip("-") for word in command_words(configs[0], seed=False)]
        seeds = f"{configs[0].seed}-to-{configs[-1].seed}" if len(configs) > 1 else str(configs[0].seed)
        path = sweeps_folder() / ("-".join(["seeds", seeds, *words])[:120].replace(os.sep, "_") + ".csv")
    require_writable(path.parent)
    return path


def _executor(args, count):
    """The context manager of an executor. UsageError where there is no cluster."""
    if args.scheduler is None:
        return sweep.processes(min(args.workers or os.cpu_count() or 1, count))
    return _cluster(args.scheduler)


@contextmanager
def _cluster(address):
    """`sweep.cluster`, with errors that say what to do."""
    with ExitStack() as stack:
        try:
            executor = stack.enter_context(sweep.cluster(address))
        except ImportError:
            raise UsageError('--scheduler needs Dask: pip install "tinyformer[dask]"') from None
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"--scheduler: no cluster answers at {address}: {error or 'timed out'}") from None
        yield executor


def _keep(path, finished, configs):
    """Write the rows that are there, in the order of the seeds; say so."""
    if not finished:
        return "stopped; no seed was done, nothing was written"
    order = {config.seed: place for place, config in enumerate(configs)}
    write_sweep(path, sorted(finished, key=lambda row: order[row["seed"]]))
    return f"stopped; the {len(finished)} of {len(configs)} seeds that were done are in {path}"


def _line(row, seconds):
    if row.get("problem"):
        return f"seed {row['seed']}: {row['problem']}"
    reached = f"99 % after {row['steps_to_99']} steps" if row["steps_to_99"] else "99 % never reached"
    return f"seed {row['seed']}: {row['test_correct']} of {row['test_total']}, {reached}, {duration(seconds)}"


def _summary(rows, seconds):
    """Print what a reader wants first: the mean, the worst, and how soon the seeds had learned what."""
    print(f"{tables.count(len(rows), 'seed')} in {duration(seconds)}", file=sys.stderr)
    done = trained(rows)
    if not done:
        return
    right = held_out(done)
    print(
        f"held out: mean {percent(right.mean, 2)}, worst {percent(right.worst, 2)} (seed {right.worst_seed}), "
        f"median {percent(right.median, 2)}, best {percent(right.best, 2)}"
    )
    print(f"99 % of the validation side, looked up every {sweep.STEPS_BETWEEN} steps, was reached after, in steps:")
    lines = [
        (one.what, *map(_or_dash, (one.fastest, one.median, one.slowest)), one.never or "")
        for one in steps_to_goal(done)
    ]
    tables.table(("", "fastest", "median", "slowest", "never, seeds"), lines)


def _or_dash(steps):
    return "–" if steps is None else f"{steps:,.9g}"
