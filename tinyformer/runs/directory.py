"""A run as one finds it on the disk: readable while it trains, named even when damaged, deleted only when idle."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tinyformer.checkpoints.whole_file import whole_file
from tinyformer.runs import lock, log, looks, removal, snapshots, state, status
from tinyformer.runs.contents import LOCK, MODEL, REQUEST, misplaced
from tinyformer.runs.description import read_description
from tinyformer.runs.errors import RunError
from tinyformer.runs.place import is_in_the_folder_of_runs
from tinyformer.transformer import Transformer


@dataclass(frozen=True)
class Run:
    """A run directory. What it says is read when asked; RunError where it is damaged."""

    path: Path

    @property
    def id(self):
        return self.path.name

    @cached_property
    def _description(self):
        return read_description(self.path)

    @property
    def config(self):
        """The TrainingConfig."""
        return self._description.config

    @property
    def task(self):
        """The Task: what it is trained to answer."""
        return self.config.task

    @property
    def created(self):
        """When it was created, in seconds since 1970."""
        return self._description.created

    @property
    def owner(self):
        """Whose it is, as whoever created it said; None if nobody's."""
        return self._description.owner

    @property
    def label(self):
        """What it was created as, in words; "" if nothing was said."""
        return self._description.label

    @property
    def model_path(self):
        return self.path / MODEL

    def status(self):
        """RunStatus, a damaged run included. "running" only if a process is at work on it at this moment."""
        try:
            self.require_sound()
            now, is_trained = status.read_status(self.path), lock.is_held(self.path / LOCK)
        except (RunError, OSError) as error:
            return status.RunStatus("damaged", str(error))
        if is_trained:
            return now if now.state == "running" else now._replace(state="running")
        return now._replace(state="paused") if now.state == "running" else now  # its process was killed

    def require_sound(self):
        """RunError if its configuration cannot be used, or something else has the name of one of its files."""
        self.config  # noqa: B018  raises if it is damaged
        if name := misplaced(self.path):
            raise RunError(f"{self.id} is damaged: {name} is not what a run has under this name")

    def log(self):
        """The metric log so far → RunLog."""
        return log.read_log(self.path, Run(self.path).task.names)  # asked anew: it may have gone since

    def looks(self):
        """What was seen of the validation side between the ends of epochs → LookLog."""
        return looks.read_looks(self.path, self.task.names)

    def snapshot_steps(self):
        """The steps whose weights are kept, in order."""
        return snapshots.kept_steps(self.path)

    def snapshot(self, step):
        """The model after `step` → Transformer."""
        return snapshots.load_snapshot(self.path, self.config, step)

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
        with whole_file(self.path / REQUEST) as file:
            file.write(what.encode())

    def take_request(self):
        """ "pause", "stop" or None: what was asked for since the last time."""
        path = self.path / REQUEST
        try:
            what = path.read_bytes().decode(errors="replace")
            path.unlink()
        except FileNotFoundError:
            return None
        return what if what in ("pause", "stop") else None

    def delete(self):
        """Remove what a run keeps, and its directory. RunLocked while a process trains it.

        RunError, and nothing is touched, if it is no run or anything else is in it: whoever names a folder may name any
        folder. A damaged run is known as one by its place, the folder of runs.
        """
        removal.delete(self.path, even_damaged=is_in_the_folder_of_runs(self.path))
