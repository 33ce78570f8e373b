"""`sweep`: many seeds of one training, side by side on all cores or on a cluster, and one table of what came out."""

import re
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tinyformer.checkpoints.folders import described
from tinyformer.cli import tables
from tinyformer.cli.options import add_config_options, command_words, in_flags, training_configs, whole
from tinyformer.cli.outputs import writable
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import duration, or_dash, percent
from tinyformer.cli.terminal import UsageError, one_line, say
from tinyformer.sweeps import sweep
from tinyformer.sweeps.cluster import NobodyWorks, cluster
from tinyformer.sweeps.executor import ProcessExecutor
from tinyformer.sweeps.journal import TableRefused, TableTaken, open_table, question_hash
from tinyformer.sweeps.summary import held_out, steps_to_goal, trained
from tinyformer.sweeps.table import sweeps_folder

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

Each row is on the disk as soon as its seed is done, and the same command goes on where it was stopped or killed; it
tries seeds again whose row tells of a problem. A table that other seeds or settings began is replaced only with
--overwrite.

Exit status 1 if a seed has a problem: its training diverged, or its worker died; its row says so. --scheduler needs:
pip install "tinyformer[dask]"."""


def add_arguments(parser):
    parser.add_argument("--seeds", default="1-8", metavar="LIST", help="such as 1-32 or 42,123,7 (%(default)s)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=whole, metavar="N", help="processes at a time (one per core)")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, such as tcp://10.0.0.5:8786")
    parser.add_argument("--output", metavar="FILE", help=f"the table, a .csv file (in {described(sweeps_folder)})")
    parser.add_argument("--overwrite", action="store_true", help="replace a table that another command began")
    add_config_options(parser)


def run(args):
    configs = training_configs(args, args.seeds)
    path = _path(args, configs)
    if args.workers is not None and not 1 <= args.workers <= 1_000:
        raise UsageError(f"--workers must be from 1 to 1000, got {args.workers}")
    started = time.monotonic()
    try:
        with open_table(path, configs, args.overwrite) as table:
            ended = _train(args, path, table, len(configs))
            rows = table.rows()
    except TableTaken as error:
        raise UsageError(f"{error}: choose another --output, or --overwrite") from None
    except TableRefused as error:
        raise UsageError(f"{error}: choose another --output") from None
    if not ended:
        return 1
    _summary(rows, time.monotonic() - started)
    print(f"written to {path}")
    return 1 if any(row.get("problem") for row in rows) else 0


def _train(args, path, table, count):
    """Train what has no row yet → whether that came to its end; if not, it was said why."""
    missing, done = table.missing(), 0
    if len(missing) < count:
        say(f"{count - len(missing)} of {count} seeds are in {path} already")
    if not missing:
        return True
    with Progress(len(missing), "sweep") as progress:

        def on_row(row, seconds):
            nonlocal done
            table.add(row)
            done += 1
            with suppress(OSError):  # the terminal is gone: the row is where it should be
                progress.milestone(_line(row, seconds))
                progress.update(done, _line(row, seconds))

        try:
            with _executor(args) as executor:
                progress.update(0, "starting")
                sweep.sweep(missing, executor, on_row)
            return True
        except KeyboardInterrupt:
            progress.clear()
            raise KeyboardInterrupt(_stopped(path, table, count)) from None
        except ValueError as error:  # a side without expressions
            raise UsageError(in_flags(error)) from None
        except Exception as error:  # what comes from other machines can be anything; OSError is a disk that is full
            if isinstance(error, UsageError) or not (args.scheduler or isinstance(error, OSError)):
                raise
            progress.clear()
            what = error if isinstance(error, OSError | NobodyWorks) else f"the cluster failed: {error!r}"
            say(f"error: {what}; {_stopped(path, table, count)}; the same command goes on from there")
            return False


def _path(args, configs):
    """Where the table goes; its folder can be written."""
    if args.output is not None:
        path = Path(args.output)
        if path.suffix != ".csv" or path.is_dir():
            raise UsageError(f"--output is the name of a .csv file, got {args.output!r}")
        writable(path.parent, None)
        return path
    words = [word.lstrip("-") for word in command_words(configs[0], seed=False)]
    seeds = f"{configs[0].seed}-to-{configs[-1].seed}" if len(configs) > 1 else str(configs[0].seed)
    readable = re.sub(r"[^\w.,+-]", "_", "-".join(["seeds", seeds, *words]))[:100]
    return writable(None, sweeps_folder) / f"{readable}-{question_hash(configs)}.csv"


@contextmanager
def _executor(args):
    """Processes of this machine, or a cluster: where there is none, a UsageError says what to do."""
    if args.scheduler is None:
        with ProcessExecutor(args.workers) as executor:
            yield executor
        return
    with ExitStack() as stack:
        try:
            executor = stack.enter_context(cluster(args.scheduler))
        except ImportError:
            raise UsageError('--scheduler needs Dask: pip install "tinyformer[dask]"') from None
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(f"--scheduler: no cluster answers at {args.scheduler}: {error or 'timed out'}") from None
        except NobodyWorks as error:
            raise UsageError(f"--scheduler: {error}") from None
        yield executor


def _stopped(path, table, count):
    """Write the table once more, if an interruption kept it from being written; say how far it is."""
    rows = table.rows()
    if not rows:
        return "stopped; no seed was done, nothing was written"
    with suppress(OSError):
        table.publish()
    return f"stopped; the {len(rows)} of {count} seeds that were done are in {path}"


def _line(row, seconds):
    if row.get("problem"):
        return one_line(f"seed {row['seed']}: {row['problem']}")
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
    goals = [(what, *(or_dash(step, ",.9g") for step in steps), never or "")
             for what, *steps, never in steps_to_goal(done)]  # fmt: skip
    tables.table(("", "fastest", "median", "slowest", "never, seeds"), goals)
