"""The runs that a visitor sees, which of them are theirs, how they look, and the workers that train them."""

import os
import re
import threading
from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from dashboard import looks, visitors
from dashboard.looks import Style
from dashboard.run_index import DAMAGED, ID, RunIndex
from dashboard.train import labels
from dashboard.workers import Workers, require_memory
from tinyformer.runs import Run, RunError, RunStatus, create_run, find_run, runs_folder
from tinyformer.runs.contents import CONFIG
from tinyformer.runs.log_reader import LogReader

MOST_SHOWN = 8  # runs in one chart: there are no more colors
_workers, _lock = None, threading.Lock()
_logs, _index = LogReader(), RunIndex()


class ShownRun(NamedTuple):
    """A run on the Train page, with its looks."""

    run: Run
    style: Style
    name: str  # what tells it from the others on the page
    family: str  # the same without its seed
    mine: bool  # whether this visitor may pause, stop and delete it

    @property
    def id(self):
        return self.run.id

    @property
    def triple(self):
        """(name, color, shape), as charts want it."""
        return self.name, self.style.color, self.style.shape


def workers():
    """The Workers of this server. Not in a Streamlit cache, which people can clear."""
    global _workers
    with _lock:
        if _workers is None:
            _workers = Workers(connected=visitors.is_connected, address=visitors.address).watch()
        return _workers


@lru_cache(maxsize=4096)
def _run(path, changed):
    return Run(path)  # it reads its configuration once; `changed`: when that was written


def _run_at(path):
    try:
        return _run(path, os.stat(path / CONFIG).st_mtime_ns)
    except OSError:
        return Run(path)


def my_runs():
    """The runs of this visitor, the newest first; damaged ones (on a local server) at the end."""
    me = visitors.current()
    paths = _index.of(me, *([DAMAGED] if me is visitors.LOCAL else []))
    return sorted(map(_run_at, paths), key=lambda run: (-_created(run), run.id))


def _created(run):
    try:
        return run.created
    except RunError:
        return 0


def linked(run_id):
    """The run of a link, whoever's it is, or None. One has to know the id, which nobody can guess."""
    if not ID.fullmatch(run_id):  # before it becomes a path
        return None
    try:
        path = find_run(run_id).path
        if path.parent != runs_folder():
            return None
        run = _run_at(path)
        return None if visitors.is_shared() and run.owner is visitors.LOCAL else run
    except RunError:
        return None


def is_mine(run):
    """Whether this visitor may pause, stop, resume and delete it."""
    try:
        return run.owner == visitors.current()
    except RunError:
        return visitors.current() is visitors.LOCAL


def status(run):
    """RunStatus, as the workers know it."""
    return workers().status(run)


def log(run):
    """LogSummary. All who look at a run share what was read of its log."""
    try:
        return _logs.look(run.path, run.task.names)
    except RunError:  # its configuration cannot be read
        return _logs.look(run.path)


def start(configs, labels=None):
    """Create a run for each TrainingConfig and hand it to the workers → list of Run. RunError, OSError: then none."""
    me, runs = visitors.current(), []
    for config in configs:
        require_memory(config)
    with workers().room_for(len(configs), me):
        try:
            for config, label in zip(configs, labels or [""] * len(configs), strict=True):
                runs.append(create_run(config, owner=me, label=label))
        except OSError:
            for run in runs:
                run.delete()
            raise
        for run in runs:
            workers().submit(run)
    return runs


def is_usable(run):
    """Whether it has not failed, and is not damaged: what it shows can be trusted, or is still to come."""
    return status(run).state not in ("failed", "damaged", "diverged")


def name(run):
    """ "seed-42-one-head-Xk3f": short, fit for a URL, and not the same for two runs."""
    try:
        words = ["seed", str(run.config.seed), *re.findall(r"\w+", run.label.replace("×", "x")), run.id[:4]]
    except RunError:
        return run.id
    return "-".join(words)


def with_looks(runs, known=()):
    """list of Run → list of ShownRun: the looks of each, and what tells them apart. known: all names there are."""
    runs = runs[:MOST_SHOWN]
    own = looks.styles([name(run) for run in runs], known)
    told = labels.of_runs([run for run in runs if is_sound(run)])
    words = {run: next(told) if is_sound(run) else (run.id, "") for run in runs}
    return [ShownRun(run, own[name(run)], *words[run], is_mine(run)) for run in runs]


def without_codes(known):
    """{name: the same without the code of a run, where nothing else in `known` has that name}."""
    codes = {name(run): name(run).removesuffix(f"-{run.id[:4]}") for run in my_runs() if name(run) in known}
    often = Counter([*(codes.get(one, one) for one in known)])
    return {one: codes[one] if often[codes.get(one)] == 1 else one for one in known}


def is_sound(run):
    """Whether its configuration can be read."""
    try:
        return run.config is not None
    except RunError:
        return False


def trained():
    """{name: path of the checkpoint} of this visitor's runs that have one, the oldest first: a new one is behind them,
    and changes nobody's place in the palette."""
    return {name(run): run.model_path for run in reversed(my_runs()) if run.model_path.is_file()}


def reason(run, status: RunStatus):
    """Why it failed or what is damaged, without the id: the name stands beside it."""
    return status.reason.removeprefix(f"{run.id} is damaged: ")


def describe(status: RunStatus):
    """A state in a word or two, with a mark that does not need color."""
    marks = {"running": "▶", "queued": "…", "paused": "❙❙", "finished": "✓", "stopped": "■"}
    return f"{marks.get(status.state, '✕')} {status.state}"
