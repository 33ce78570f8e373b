"""Training processes: started, queued, watched and stopped. One per run, each the command that a person would type.

A worker's input is a pipe from this process. When this process ends, however it ends, the system closes the pipe, and
the worker pauses its run. No Streamlit here: who is connected is asked through a function.
"""

import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

from dashboard.turns import Limits, Party, in_turn, require_room
from tinyformer import memory
from tinyformer.runs import RunError
from tinyformer.runs.contents import WORKER_LOG

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# As many as there are cores, and at least three: three seeds are to be watched together, also on two cores, where the
# three take no longer than two and then one.
SIDE_BY_SIDE = max(3, CORES)
MOST_PER_OWNER = 16  # running and waiting
MOST_ON_SERVER = 160
MOST_TURNS = 1000  # parties whose last turn is remembered
MOST_MEMORY = 1 << 30  # bytes of one run
PATIENCE = 60.0  # seconds without anybody connected, after which a run pauses
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
BELOW_NORMAL = {"creationflags": subprocess.BELOW_NORMAL_PRIORITY_CLASS} if sys.platform == "win32" else {}


def most_memory():
    """Bytes that one run may take: no more than all that train side by side have in half of this machine."""
    machine = memory.machine_bytes()
    return min(MOST_MEMORY, machine // 2 // SIDE_BY_SIDE) if machine else MOST_MEMORY


def require_memory(config):
    """RunError for a TrainingConfig that takes more, wherever it comes from: a form, a file, a link."""
    if complaint := memory.complaint(config, most_memory()):
        raise RunError(complaint)


def command(run):
    """What trains this run, as a list of words."""
    return [sys.executable, "-m", "tinyformer", "train", "--resume", str(run.path)]


def _setting(name, default):
    """A number from 1 in the environment."""
    text = os.environ.get(name, "")
    return max(1, int(text)) if text.isdecimal() and len(text) < 10 else default


def limits():
    """A network address has the places of one visitor; a class behind one address needs more."""
    return Limits(MOST_PER_OWNER, _setting("TINYFORMER_PER_ADDRESS", MOST_PER_OWNER), MOST_ON_SERVER)


class Workers:
    """All the training processes of a server. `connected(owner)` says whether the owner of a run is looking,
    `address()` the network address of whoever is asking at this moment, if it says anything.

    The methods may be called from any thread. `watch()` starts the thread that starts what waits, notices what has
    ended, and pauses what nobody has looked at for `patience` seconds.
    """

    def __init__(self, connected=lambda owner: True, side_by_side=None, patience=PATIENCE, address=lambda: None):
        self.connected, self.patience, self.address = connected, patience, address
        self.side_by_side = side_by_side or _setting("TINYFORMER_WORKERS", SIDE_BY_SIDE)
        self._lock = threading.RLock()
        self._queue, self._processes, self._runs, self._complaints = [], {}, {}, {}  # by the id of a run
        self._ending = set()  # ids of runs whose process was told to pause
        self._last_seen = {}  # owner → when somebody was connected, monotonic seconds
        self._parties = {}  # id of a run → Party
        self._turns, self._count = {}, 0  # key of a Party → number of its last turn, the latest one last

    def watch(self, seconds=0.2):
        def look_around():
            while True:
                time.sleep(seconds)
                self.tick()

        threading.Thread(target=look_around, name="workers", daemon=True).start()
        return self

    @contextmanager
    def room_for(self, count, owner):
        """Within the block, `owner` can submit `count` runs: nobody else takes the places. RunError, before it, where
        they do not all fit."""
        with self._lock:
            require_room(limits(), Party(owner, self.address()), self._busy(), count)
            yield

    def submit(self, run):
        """Train this run when it is its owner's turn. RunError where there are too many, or it cannot be resumed."""
        with self._lock:
            if run.id in self._queue or run.id in self._processes:
                return
            party = Party(run.owner, self.address())
            require_room(limits(), party, self._busy())
            status = run.status()
            if not status.resumable:
                raise RunError(f"{run.id} is {status.state}: there is nothing to resume")
            require_memory(run.config)
            self._complaints.pop(run.id, None)
            self._runs[run.id], self._parties[run.id] = run, party
            self._last_seen[run.owner] = time.monotonic()
            self._queue.append(run.id)
            self._start_what_waits()

    def pause(self, run):
        """End its process, with its state on the disk; or take it out of the queue."""
        self._end(run, "pause")

    def stop(self, run):
        """Finalize: the best weights, and the test set once. Of a run that nobody trains, too."""
        if self._end(run, "stop") or run.status().state == "running":
            return
        if run.status().resumable:
            run.request("stop")
            self.submit(run)

    def status(self, run):
        """RunStatus, with what only this process knows: that it waits, that it begins, that it could not begin."""
        now = run.status()
        with self._lock:
            if run.id in self._queue:
                place = f"number {self._in_turn().index(run.id) + 1} in the queue"
                return now._replace(state="queued", reason=f"{place}: {self.side_by_side} train at a time")
            if run.id in self._processes and now.resumable:
                return now._replace(state="running", reason="starting")
            if run.id in self._complaints and now.resumable:
                return now._replace(state="failed", reason=self._complaints[run.id])
        return now._replace(state="paused") if now.state == "queued" else now  # it was, on a server that ended

    def tick(self):
        """One look at everything."""
        with self._lock:
            for name, process in list(self._processes.items()):
                if process.poll() is not None:
                    self._note_end(name, process)
            self._pause_what_nobody_watches()
            self._start_what_waits()

    def _busy(self):
        return [self._parties[name] for name in (*self._queue, *self._processes)]

    def _in_turn(self):
        training = [self._parties[name] for name in self._processes]
        return in_turn({name: self._parties[name] for name in self._queue}, training, self._turns)

    def _end(self, run, how):
        with self._lock:
            if run.id in self._queue:
                self._queue.remove(run.id)
                return how == "pause"
            process = self._processes.get(run.id)
            if how == "pause" and process is not None:
                if run.id not in self._ending:  # a second signal would hit it while it ends
                    self._ending.add(run.id)
                    process.terminate()
                return True
            if process is not None or run.status().state == "running":
                run.request(how)
                return True
        return False

    def _start_what_waits(self):
        while self._queue and len(self._processes) < self.side_by_side:
            name = self._in_turn()[0]
            self._queue.remove(name)
            self._note_turn(self._parties[name])
            try:
                self._processes[name] = self._start(self._runs[name])
            except OSError as error:
                self._complaints[name] = f"its process could not be started: {error.strerror or error}"

    def _note_turn(self, party):
        self._count += 1
        for key in party.keys:
            self._turns.pop(key, None)
            self._turns[key] = self._count
        while len(self._turns) > MOST_TURNS:
            del self._turns[next(iter(self._turns))]

    def _start(self, run):
        environment = {**os.environ, **ONE_THREAD, "TINYFORMER_END_WITH_STDIN": "1", "PYTHONIOENCODING": "utf-8"}
        with open(run.path / WORKER_LOG, "wb") as log:
            return subprocess.Popen(
                command(run),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=environment,
                **BELOW_NORMAL,
            )

    def _note_end(self, name, process):
        del self._processes[name]
        process.stdin.close()
        told_to_end = name in self._ending
        self._ending.discard(name)
        if process.returncode and not told_to_end:
            try:
                lines = (
                    (self._runs[name].path / WORKER_LOG)
                    .read_text(encoding="utf-8", errors="replace")
                    .strip()
                    .splitlines()
                )
            except OSError:
                lines = []
            self._complaints[name] = lines[-1].removeprefix("error: ") if lines else "its process was killed"

    def _pause_what_nobody_watches(self):
        now = time.monotonic()
        for owner in {self._runs[name].owner for name in (*self._processes, *self._queue)}:
            if self.connected(owner):
                self._last_seen[owner] = now
            elif now - self._last_seen[owner] > self.patience:
                for name in [name for name in (*self._queue, *self._processes) if self._runs[name].owner == owner]:
                    self.pause(self._runs[name])
