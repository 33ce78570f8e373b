"""The commands on runs: `train --run DIR` starts one, `train --resume RUN` goes on, `runs` lists and ends them.

A worker of the dashboard is this same command; with TINYFORMER_END_WITH_STDIN=1 it gives way to others from its first
step on, and pauses when its input closes, which the system does when the server ends, however it ends.
"""

import os
import signal
import threading
import time
from functools import partial

from tinyformer.checkpoints.folders import described
from tinyformer.cli import tables
from tinyformer.cli.options import one_of
from tinyformer.cli.terminal import UsageError, one_line, say
from tinyformer.runs import RunError, create_run, find_run, list_runs, runs_folder, train_run
from tinyformer.runs.state import what_is_kept

HELP = "list the runs; pause, stop or delete one"
USAGE = "[list | pause RUN | stop RUN | delete RUN]"
EXAMPLES = (
    ("", "all runs and how they stand"),
    ("pause RUN", "the process that trains it keeps its state and ends"),
    ("stop RUN", "take its best weights, and look at the test set"),
)
NOTES = ""
ACTIONS = ("list", "pause", "stop", "delete")
END_WITH_STDIN = "TINYFORMER_END_WITH_STDIN"
NICENESS = 10  # of a worker: a click on the page goes before training, though not before its beginning
GRACE = 5.0  # seconds between being told to pause and giving up without


def add_train_options(parser):
    """The two options of `train` that make it a run."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--run", metavar="DIR", help="train in a new run directory: can be paused, killed, resumed")
    group.add_argument("--resume", metavar="RUN", help="go on with a run, given by its id or its directory")


def start(config, directory):
    """`train --run DIR`: create the run and train it → exit code."""
    try:
        run = create_run(config, directory)
    except OSError as error:  # nothing has begun: there is no state to speak of
        raise UsageError(f"--run cannot be written: {directory}: {error.strerror or error}") from None
    except ValueError as error:  # something is there already, or the name is none
        raise UsageError(f"--run: {error}") from None
    return _guarded(lambda: _train(run))


def resume(name):
    """`train --resume RUN` → exit code."""
    return _guarded(lambda: _train(find_run(name)))


def add_arguments(parser):
    text = f"{', '.join(ACTIONS[:-1])} or {ACTIONS[-1]} (%(default)s)"
    parser.add_argument("action", nargs="?", default="list", metavar="ACTION", type=partial(one_of, ACTIONS), help=text)
    text = "the id or the directory of a run, for all actions but list"
    parser.add_argument("run", nargs="?", metavar="RUN", help=text)


def run(args):
    """The command `runs` → exit code."""
    if args.action == "list":
        if args.run is not None:
            raise UsageError(f"list is of all runs: leave {args.run!r} out")
        return _list()
    if args.run is None:
        raise UsageError(f"which run? python -m tinyformer runs {args.action} RUN")
    return _guarded(lambda: _do(args.action, find_run(args.run)))


def _do(action, run):
    if action == "delete":
        run.delete()
    elif action == "stop" and run.status().resumable:
        run.request("stop")  # nobody is at work on it: finalizing takes a process
        return _train(run)
    elif run.status().state != "running":
        raise RunError(f"{run.id} is {run.status().state}, not running")
    else:
        run.request(action)
    print(f"{run.id}: {action} requested" if action != "delete" else f"{run.id} deleted")
    return 0


def _list():
    print(f"runs in {described(runs_folder)}")
    rows = [_row(run) for run in sorted(list_runs(), key=_changed, reverse=True)]
    tables.table(("run", "state", "seed", "step", "best", "created"), rows, align="<" * 6, indent=0)
    return 0


def _row(run):
    status = run.status()
    if status.state == "damaged":
        return (run.id, "damaged", "", "", "", one_line(status.reason))
    log = run.log()
    best = "" if status.best_accuracy is None else f"{status.best_accuracy:.2%}"
    created = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created))
    about = f"{created}  {log.problem}" if log.problem else created
    return (run.id, status.state, run.config.seed, f"{log.step}/{status.total_steps or '?'}", best, about)


def _changed(run):
    """When something last came or went in its folder; 0 for one that was deleted a moment ago."""
    try:
        return run.path.stat().st_mtime
    except OSError:
        return 0


def _guarded(action):
    """Errors that people can do something about, in one line, with exit code 2."""
    try:
        return action()
    except (RunError, ValueError) as error:
        say(f"error: {error}")
    except OSError as error:
        say(f"error: {_words(error)}")
    return 2


def _words(error):
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


def _train(run):
    """Train until the end or until a signal, with a line per epoch → 0, or 1 if it diverged."""
    wishes = []
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK"):  # the last is Ctrl-Break on Windows
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: wishes.append("pause"))
    if os.environ.get(END_WITH_STDIN) == "1":
        threading.Thread(target=_pause_when_input_closes, args=(wishes,), daemon=True).start()
        if hasattr(os, "nice"):
            os.nice(NICENESS)
    try:
        status = train_run(run, wish=lambda: wishes[-1] if wishes else None, on_record=_report)
    except OSError as error:
        say(f"error: {_words(error)}. {what_is_kept(run.path, run.config)}")
        return 2
    if problem := run.log().problem:
        say(f"warning: {problem}")
    if status.state == "diverged":
        say(f"error: {status.reason}")
        return 1
    if status.state == "paused":
        print(f"paused at step {run.log().step}; go on with: python -m tinyformer train --resume {run.path}")
    else:
        print(f"{status.state}; test set: {status.test_correct} of {status.test_total} right; model: {run.model_path}")
    return 0


def _report(record):
    if record.validation is not None:
        validation = f"validation: loss {record.validation.loss:.4f}, {record.validation.accuracy:.2%} right"
        print(f"epoch {record.epoch}, step {record.step}: loss {record.loss:.4f}; {validation}", flush=True)


def _pause_when_input_closes(wishes):
    while os.read(0, 4096):  # nothing is ever sent: this waits until the other end is closed
        pass
    wishes.append("pause")
    time.sleep(GRACE)
    os._exit(3)
