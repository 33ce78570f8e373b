"""Work that goes on while people look at other things: one thread, a progress to look at, a way to cancel."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import streamlit as st

from dashboard.explore import results

MANNERS = 0.002  # seconds between two pieces of work, in which the page gets its turn


class Job:
    """A generator that yields the share that is done and returns a result: run by one thread, watched by others."""

    def __init__(self, key, steps):
        self.key, self.steps = key, steps
        self.progress, self.state, self.error = 0.0, "waiting", None
        self._cancelled = threading.Event()

    @property
    def is_over(self):
        return self.state in ("done", "cancelled", "failed")

    def cancel(self):
        self._cancelled.set()

    def run(self):
        try:
            self.state, steps = "running", self.steps()
            while not self._cancelled.is_set():
                try:
                    self.progress = next(steps)
                except StopIteration as stop:
                    results.keep(self.key, stop.value)
                    self.state = "done"
                    return
                time.sleep(MANNERS)
            self.state = "cancelled"
        except Exception as error:
            self.state, self.error = "failed", str(error)


class Jobs:
    """At most one job at a time, the others wait; a key is worked on once, whoever asks."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="explore")
        self._jobs, self._lock = {}, threading.Lock()

    def start(self, key, steps):
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.is_over:
                job = self._jobs[key] = Job(key, steps)
                self._pool.submit(job.run)
            return job

    def find(self, key):
        """The job that works or waits, failed or was cancelled last; None where there was none."""
        return self._jobs.get(key)


@st.cache_resource(show_spinner=False)
def jobs():
    return Jobs()
