"""Whose each run in the folder of runs is. Each is opened once, so that a click costs nothing for those of others."""

import os
import re
import threading
import time
from collections import defaultdict

from tinyformer.checkpoints.folders import NoDataFolder
from tinyformer.runs import Run, RunError, runs_folder

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
DAMAGED = "damaged"  # the owner of a run whose configuration cannot be read: no hash of a cookie
SETTLED = 2_000_000_000  # ns: the times of a file system may be as coarse


class RunIndex:
    """From any thread. A folder says by its time of change whether runs have come or gone."""

    def __init__(self):
        self._lock = threading.Lock()
        self._folder, self._changed, self._owners, self._names = None, None, {}, {}

    def of(self, *owners):
        """The directories of the runs of these owners."""
        with self._lock:
            try:
                self._look(runs_folder())
            except NoDataFolder:
                return []
            return [self._folder / name for owner in owners for name in self._names.get(owner, ())]

    def _look(self, folder):
        if folder != self._folder:
            self._folder, self._changed, self._owners, self._names = folder, None, {}, {}
        try:
            changed = os.stat(folder).st_mtime_ns
            if changed == self._changed:
                return
            began = time.time_ns()
            with os.scandir(folder) as entries:
                owners = {
                    entry.name: self._owners.get(entry.name) or (_owner(folder / entry.name),)
                    for entry in entries
                    if entry.name in self._owners or (ID.fullmatch(entry.name) and entry.is_dir())
                }
        except OSError:  # there is none yet
            owners, changed, began = {}, None, 0
        if owners.keys() != self._owners.keys():
            self._owners, self._names = owners, defaultdict(list)
            for name, (owner,) in owners.items():
                self._names[owner].append(name)
        self._changed = changed if began - (changed or 0) > SETTLED else None  # else there may be more of the same time


def _owner(path):
    try:
        return Run(path).owner
    except RunError:
        return DAMAGED
