"""An executor whose every task is a process of this machine, begun for it and ended with it.

`concurrent.futures.ProcessPoolExecutor` has the same interface, but its processes run the main module of the program
again, be it a page of Streamlit or a test; they train on when their parent was killed; and who leaves it waits for the
tasks that are running. Here a process knows nothing of the program: it is told a function and its arguments as JSON,
and ends when the pipe from its parent closes, as the system closes it when the parent ends, however it ends.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]  # where this package lies, installed or not
_COMMAND = [sys.executable, "-P", "-c", "from tinyformer.sweeps.executor import _work; _work()"]
_ERRORS = {error.__name__: error for error in (ValueError, MemoryError)}  # that come back as what they were


class ProcessExecutor(Executor):
    """Up to `workers` tasks at a time, by default one per core. A task is a function that its module has under its
    name, with arguments and a result that JSON can hold; tuples come back as lists. As a context manager, it ends what
    is running."""

    def __init__(self, workers=None):
        self._threads = ThreadPoolExecutor(workers or os.cpu_count() or 1)  # each waits for one process
        self._processes, self._lock, self._ended = set(), threading.Lock(), False

    def submit(self, function, /, *args):
        """→ a Future. It raises the ValueError or MemoryError of the function, a RuntimeError that tells of any other
        error, or BrokenProcessPool if the process died."""
        return self._threads.submit(self._run, json.dumps([function.__module__, function.__name__, args]))

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Take no more tasks. With `cancel_futures`, what is running ends at once, too."""
        if cancel_futures:
            with self._lock:
                self._ended = True
                for process in self._processes:
                    process.kill()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def __exit__(self, *error):
        self.shutdown(cancel_futures=True)

    def _run(self, task):
        """Have a process do a task → its result. Runs in a thread."""
        search = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        with self._lock:
            if self._ended:
                raise BrokenProcessPool("the executor has ended")
            process = subprocess.Popen(
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": search},
                start_new_session=True,  # Ctrl-C is for the parent, which then ends this one
            )
            self._processes.add(process)
        try:
            with process:
                with suppress(BrokenPipeError):  # it has died: there is no answer either
                    process.stdin.write(f"{task}\n".encode())
                    process.stdin.flush()
                answer = process.stdout.read()  # until it ends; its input stays open as long
        finally:
            with self._lock:
                self._processes.discard(process)
        try:
            result, error = json.loads(answer)
        except ValueError:  # there is none, or half of one
            raise BrokenProcessPool(_how_it_died(process.returncode)) from None
        if error is not None:
            name, text = error
            raise _ERRORS[name](text) if name in _ERRORS else RuntimeError(f"{name}: {text}")
        return result


def _how_it_died(status):
    """
    >>> _how_it_died(-9)
    'its process was killed by signal 9 (SIGKILL), perhaps for want of memory'
    """
    if status >= 0:
        return f"its process died with exit status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else "unknown"
    hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"its process was killed by signal {-status} ({name}){hint}"


def _work():
    """The life of a process: one task from standard input, one answer to standard output."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a task prints is no part of its answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows has no sessions: its Ctrl-C comes here too
    module, name, args = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        answer = json.dumps([getattr(importlib.import_module(module), name)(*args), None])
    except Exception as error:
        answer = json.dumps([None, [type(error).__name__, str(error)]])
    answers.write(answer)
    answers.flush()
    os._exit(0)  # rather than wait for the thread that waits for the end of the input


def _end_with_input():
    while os.read(0, 4096):  # nothing more is ever sent: this waits until the other end is closed
        pass
    os._exit(1)
