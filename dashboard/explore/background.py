"""Work that goes on while people look at other things: a thread, a progress to look at, a way to cancel.

What is looked at goes first: who leaves a section that takes a minute does not wait for it in the next.
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

import streamlit as st

from dashboard.explore import results
from dashboard.plain_text import plain

MANNERS = 0.002  # seconds between two pieces of work, in which the page gets its turn
PATIENCE = 0.25  # seconds that a page waits before it shows progress


class Work(NamedTuple):
    """What is to be computed: `steps()` is a generator that yields the share that is done and returns a result."""

    label: str
    key: tuple
    steps: Callable


class Job:
    """Work that is done piece by piece, by one thread, and watched by others."""

    def __init__(self, key, steps):
        self.key, self.begin, self.steps = key, steps, None
        self.progress, self.state, self.error = 0.0, "waiting", None
        self.looked_at = time.monotonic()  # by whichever page did last
        self.cancelled, self.over = threading.Event(), threading.Event()

    @property
    def ended(self):
        """Whether nobody needs to wait for it: it is over, or will be after the piece that is at work."""
        return self.over.is_set() or self.cancelled.is_set()

    def advance(self):
        """Do one piece of it."""
        ended = "cancelled" if self.cancelled.is_set() else None
        try:
            if not ended:
                self.state, self.steps = "running", self.steps or self.begin()
                self.progress = next(self.steps)
        except StopIteration as stop:
            results.keep(self.key, stop.value)
            ended = "done"
        except Exception as error:  # whatever it is: the page that waits for it says so, and the thread goes on
            self.error, ended = str(error), "failed"
        if ended:
            self.state, self.steps = ended, None  # lets go of what it had computed so far
            self.over.set()


class Jobs:
    """One thread, and the work that it has or that came to nothing; a key is worked on once, whoever asks."""

    def __init__(self):
        self._jobs, self._begun = {}, threading.Condition()
        threading.Thread(target=self._work, name="explore", daemon=True).start()

    def start(self, key, steps):
        with self._begun:
            job = self._jobs.get(key)
            if job is None or job.ended:
                job = self._jobs[key] = Job(key, steps)
                self._begun.notify()
            return job

    def find(self, key):
        """The job that works or waits, failed or was cancelled last; None where there was none."""
        return self._jobs.get(key)

    def _work(self):
        open_ones = lambda: [job for job in self._jobs.values() if not job.over.is_set()]  # noqa: E731
        while True:
            with self._begun:
                self._begun.wait_for(open_ones)
                job = max(open_ones(), key=lambda job: job.looked_at)  # of equals, the first that was begun
            job.advance()
            with self._begun:  # its result is kept elsewhere; it would hold its model, and be looked through each time
                if job.state == "done" and self._jobs.get(job.key) is job:
                    del self._jobs[job.key]
            time.sleep(MANNERS)


@st.cache_resource(show_spinner=False)
def jobs():
    """The one of this server."""
    return Jobs()


def _look_at(works_on):
    now = time.monotonic()
    for job in works_on:
        job.looked_at = now


class NotYet(Exception):
    """What a section needs is still being computed; its progress is drawn in its place."""


def gathered(works, ask=None):
    """[result] of all Works; NotYet while some are missing: then they are begun, and their progress is drawn.

    `ask`: what a button says that has to be pressed before they are begun. What failed or was cancelled waits for one.
    """
    queue = jobs()
    missing = {work.key: work for work in works if results.recall(work.key) is None}
    found = {key: queue.find(key) for key in missing}
    idle = [key for key, job in found.items() if job is None or job.ended]
    halted = [key for key in idle if found[key] and found[key].state != "done"]
    for key in halted:
        if found[key].error:
            st.error(f"{plain(missing[key].label)}: {plain(found[key].error)}")
    place = st.empty()
    if idle and (ask or halted) and not place.button(ask or "Go on", key=f"begin-{works[0].key[0]}"):
        raise NotYet
    place.empty()  # who presses it again after Cancel presses the one that comes then
    for key in idle:
        found[key] = queue.start(key, missing[key].steps)
    _look_at(found.values())
    deadline = time.monotonic() + PATIENCE
    for job in found.values():
        job.over.wait(max(0, deadline - time.monotonic()))
    there = [results.recall(work.key) for work in works]
    if all(result is not None for result in there):
        return there
    _progress([(missing[key].label, job) for key, job in found.items()])
    raise NotYet


@st.fragment(run_every=0.5)
def _progress(running):
    if all(job.ended for _, job in running):
        st.rerun()
    _look_at(job for _, job in running)
    for label, job in running:
        words = {"waiting": "waits for its turn", "running": f"{job.progress:.0%}"}
        st.progress(min(job.progress, 1.0), f"{plain(label)}: {plain(words.get(job.state, job.state))}")
    if st.button("Cancel", key="cancel-work"):
        for _, job in running:
            job.cancelled.set()
        st.rerun()
