"""A Dask cluster as an executor: its workers are looked at before the first training, and while one waits for them.

A row depends on the version of this package and of NumPy, in its last bits at least, and so a worker that has another
one is not asked. Dask is an extra, and imported only by who has a cluster.
"""

import pkgutil
import time
from concurrent.futures import Executor
from contextlib import contextmanager

from tinyformer.sweeps.journal import versions

CONNECT, LOOK = "4s", 5.0  # seconds until somebody must have answered: both together are less than ten
PATIENCE = 8.0  # seconds without any worker: one that its nanny begins again is back by then


class NobodyWorks(RuntimeError):
    """A cluster on which no training can be done. The message says why, and what to do."""


@contextmanager
def cluster(address):
    """An Executor on the Dask cluster whose scheduler listens at `address`, as "tcp://10.0.0.5:8786".

    ImportError where Dask is not installed; OSError where nobody answers; NobodyWorks where there is no worker, or one
    that is not like this process, which is named.
    """
    from distributed import Client  # an extra: only who has a cluster needs it

    with Client(address, timeout=CONNECT, set_as_default=False) as client:
        executor = ClusterExecutor(client, address)
        executor.require_same_versions()
        yield executor


class ClusterExecutor(Executor):
    """Tasks for the workers of a Dask client. Dask gives the task of a worker that is lost to another one."""

    def __init__(self, client, address):
        self._client, self._executor = client, client.get_executor(pure=False)
        self._advice = f"start one with: dask worker {address} (it needs this package)"
        self._seen = time.monotonic()

    def submit(self, function, /, *args):
        return self._executor.submit(run_like, versions(), function, *args)

    def require_same_versions(self):
        """NobodyWorks that names the first worker whose versions are others, or that has none, or does not answer."""
        until = time.monotonic() + LOOK
        try:
            self._client.wait_for_workers(1, timeout=LOOK / 2)
            for package, ours in versions().items():
                name = f"{package}:__version__"
                left = until - time.monotonic()
                answers = self._client.run(pkgutil.resolve_name, name, on_error="return", callback_timeout=left)
                for worker, theirs in answers.items():
                    if theirs != ours:
                        has = f"has {package} {theirs}" if isinstance(theirs, str) else f"has no {package} ({theirs})"
                        raise NobodyWorks(f"the worker {worker} {has}, here it is {ours}: end it, or give it the same")
        except TimeoutError:
            if self._client.nthreads():
                raise NobodyWorks("a worker of the cluster does not answer: end it, or start it again") from None
            raise NobodyWorks(f"the cluster has no workers: {self._advice}") from None

    def require_workers(self):
        """NobodyWorks if there has been no worker for PATIENCE seconds. To be asked every second or so."""
        now = time.monotonic()
        if self._client.nthreads():
            self._seen = now
        elif now - self._seen > PATIENCE:
            raise NobodyWorks(f"the cluster has no workers any more: {self._advice}")


def run_like(expected, function, *args):
    """`function(*args)`, on a worker: it may have come after the others were looked at."""
    if versions() != expected:
        raise RuntimeError(f"a worker has {versions()}, expected {expected}")
    return function(*args)
