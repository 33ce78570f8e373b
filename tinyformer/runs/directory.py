"""A run as one finds it on the disk: readable while it trains, named even when damaged, deleted only when idle."""

import json
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tinyformer.configuration import TrainingConfig
from tinyformer.process import replace
from tinyformer.runs import lock, log, snapshots, state, status
from tinyformer.runs.errors import RunError
from tinyformer.transformer import Transformer

CONFIG, MODEL, LOCK, REQUEST = "config.json", "model.npz", "lock", "request"
WORKER_LOG = "worker.log"  # what the process that trains it has complained of, where a server started it
KEPT = {CONFIG, MODEL, LOCK, REQUEST, WORKER_LOG, state.FILE, status.FILE}
KEPT |= {log.STEPS_FILE, log.EPOCHS_FILE, snapshots.FOLDER}
FORMAT, VERSION = "tinyformer run", 1


@dataclass(frozen=True)
class Run:
    """A run directory. What it says is read when asked; RunError where it is damaged."""

    path: Path

    @property
    def id(self):
        return self.path.name

    @cached_property
    def _description(self):
        try:
            description = json.loads((self.path / CONFIG).read_bytes())
            if description["format"] != FORMAT or description["version"] != VERSION:
                raise ValueError("it is not the configuration of a run, or of another version")
            TrainingConfig.from_dict(description["config"])
            return description
        except FileNotFoundError:
            raise RunError(f"{self.id} is damaged: {CONFIG} is missing") from None
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise RunError(f"{self.id} is damaged: {CONFIG} cannot be used ({error})") from error

    @cached_property
    def config(self):
        """The TrainingConfig."""
        return TrainingConfig.from_dict(self._description["config"])

    @property
    def created(self):
        """When it was created, in seconds since 1970."""
        return float(self._description.get("created", 0))

    @property
    def owner(self):
        """Whose it is, as whoever created it said; None if nobody's."""
        return self._description.get("owner")

    @property
    def label(self):
        """What it was created as, in words; "" if nothing was said."""
        return str(self._description.get("label", ""))

    @property
    def model_path(self):
        return self.path / MODEL

    def status(self):
        """RunStatus, a damaged run included. "running" only if a process is at work on it at this moment."""
        try:
            self.config  # noqa: B018  raises if it is damaged
            now = status.read_status(self.path)
        except RunError as error:
            return status.RunStatus("damaged", str(error))
        if lock.is_held(self.path / LOCK):
            return now if now.state == "running" else now._replace(state="running")
        return now._replace(state="paused") if now.state == "running" else now  # its process was killed

    def log(self):
        """The metric log so far → RunLog."""
        return log.read_log(self.path)

    def snapshot_steps(self):
        """The steps whose weights are kept, in order."""
        return snapshots.kept_steps(self.path)

    def snapshot(self, step):
        """The model after `step` → Transformer."""
        return snapshots.load_snapshot(self.path, self.config.model, step)

    def latest_model(self):
        """(step, Transformer): the newest weights on the disk, a second or two behind a process that trains."""
        steps = self.snapshot_steps()
        known = state.read_model(self.path, self.config.model)
        if known and (not steps or known[0] >= steps[-1]):
            return known
        if not steps:
            return 0, Transformer(self.config.model, seed=self.config.seed)
        return steps[-1], self.snapshot(steps[-1])

    def request(self, what):
        """Ask the process that trains this run to "pause" or to "stop" within a tenth of a second."""
        temporary = self.path / f".{REQUEST}"
        temporary.write_text(what, encoding="ascii")
        replace(temporary, self.path / REQUEST)

    def take_request(self):
        """ "pause", "stop" or None: what was asked for since the last time."""
        path = self.path / REQUEST
        try:
            what = path.read_text(encoding="ascii", errors="replace")
            path.unlink()
        except (FileNotFoundError, PermissionError):  # nobody asked, or on Windows: is writing it right now
            return None
        return what if what in ("pause", "stop") else None

    def delete(self):
        """Remove the directory and all that a run keeps in it. RunLocked while a process trains it.

        RunError, and nothing is touched, if anything else is in it: whoever names a folder may name any folder.
        """
        if strangers := sorted(name for name in os.listdir(self.path) if not _belongs_to_a_run(name)):
            raise RunError(f"{self.path} is not deleted: {strangers[0]!r} does not belong to a run")
        gone = self.path.with_name(f".deleted-{secrets.token_hex(4)}")
        with lock.hold(self.path / LOCK):
            if sys.platform != "win32":
                os.replace(self.path, gone)  # at once out of sight, whatever happens to the rest
        if sys.platform == "win32":  # where no folder moves with an open file in it: ours, or that of who came first
            os.replace(self.path, gone)
        shutil.rmtree(gone, ignore_errors=True)


def _belongs_to_a_run(name):
    """Half-written files included, which have the whole one's name between a dot and an ending."""
    return name in KEPT or any(name.startswith(f".{kept}") for kept in KEPT)
