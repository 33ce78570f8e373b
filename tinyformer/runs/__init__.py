"""Runs: a training that outlives its process. A run is a directory:

    config.json    what is trained, written once                    status.json   how it stands, and why it ended
    steps.f64      the metric log, 48 bytes a step, only appended   state.npz     all it takes to go on, exactly
    epochs.f64     validation, 32 bytes an epoch, 8 an operation    snapshots/    the weights at log-spaced steps
    model.npz      the checkpoint, once it has ended                lock          held by the process that trains it
    looks.f64      looks between epochs, nothing vouches for them

Killed at any moment and resumed, it ends with the same weights, bit for bit: a pause is an end, a resume a start.
"""

from tinyformer.runs.directory import Run
from tinyformer.runs.errors import RunError
from tinyformer.runs.folder import create_run, find_run, list_runs, new_run_id
from tinyformer.runs.lock import RunLocked
from tinyformer.runs.log import RunLog
from tinyformer.runs.place import runs_folder
from tinyformer.runs.status import RunStatus
from tinyformer.runs.training import train_run

__all__ = [
    "Run",
    "RunError",
    "RunLocked",
    "RunLog",
    "RunStatus",
    "create_run",
    "find_run",
    "list_runs",
    "new_run_id",
    "runs_folder",
    "train_run",
]
