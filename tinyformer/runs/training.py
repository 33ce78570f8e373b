"""Training a run: from its directory into its directory, at any time interrupted, at any time resumed."""

import time
from contextlib import suppress

import numpy as np

from tinyformer.runs import lock
from tinyformer.runs.contents import EPOCHS, LOCK, STEPS
from tinyformer.runs.errors import RunError
from tinyformer.runs.finish import save_trained
from tinyformer.runs.log import RunLog, unknown_log
from tinyformer.runs.log_writer import FLUSH_SECONDS, LogWriter
from tinyformer.runs.looks import Looks
from tinyformer.runs.removal import remove_half_written
from tinyformer.runs.snapshots import snapshot_steps, write_snapshot
from tinyformer.runs.state import restore_state, what_is_kept, write_state
from tinyformer.runs.status import ENDED, RunStatus, read_status, write_status
from tinyformer.training import DivergenceError, Trainer

STATE_SECONDS = 1.5  # between two states on the disk; more where writing one takes more than a fortieth of it


def train_run(run, wish=None, on_record=None):
    """Train `run` from where it stands until it ends, or until it is asked to pause or to stop → RunStatus.

    It is asked by `run.request`, or by `wish()`, which returns "pause", "stop" or None. `on_record` gets each
    StepRecord. Raises RunLocked if another process trains it, RunError if it is damaged or has ended; OSError if it
    cannot be written, after the status said so, where it can: a state that is on the disk stays, to go on from.
    """
    run.require_sound()
    with lock.hold(run.path / LOCK):
        remove_half_written(run.path)
        before = read_status(run.path)
        if before.state in ENDED:
            raise RunError(f"{run.id} has {before.state}: there is nothing to resume")
        trainer = Trainer(run.config)
        restore_state(run.path, trainer)
        return _Session(run, trainer, wish or (lambda: None), on_record or (lambda record: None)).train()


class _Session:
    """One process's time with a run."""

    def __init__(self, run, trainer, wish, on_record):
        self.run, self.trainer, self.wish, self.on_record = run, trainer, wish, on_record
        self.snapshot_steps = snapshot_steps(trainer.total_steps)
        self.log = LogWriter(run.path, self._log_up_to_state())
        self.looks = Looks(run.path, trainer)
        self.next_state, self.next_flush = time.monotonic() + STATE_SECONDS, 0.0
        self.test = None

    def _log_up_to_state(self):
        """The log is written before the state, so it has at least its steps; those after it are made again.

        Steps that are not what was written are lost, not the training: it goes on, and they stay unknown.
        """
        log, step = self.run.log(), self.trainer.step
        if log.step < step:
            where = f"its log ends at step {log.step}, its state is that after step {step}"
            way_out = f"take {STEPS} and {EPOCHS} away to go on without these steps"
            if (self.run.path / STEPS).exists():  # it was cut, perhaps while it was copied: somebody may have all of it
                raise RunError(f"{self.run.id} is damaged: {where}; {way_out}")
            log = unknown_log(step, self.run.task.names)
        kept = log.epochs[:, 1] <= step
        return RunLog(log.steps[:step], log.epochs[kept], log.vouched[:step], log.epochs_vouched[kept])

    def train(self):
        try:
            self._say("running")
            return self._say(*self._steps())
        except Exception as error:
            words = f"at step {self.trainer.step}: {getattr(error, 'strerror', None) or error}"
            if isinstance(error, OSError):
                words += f". {what_is_kept(self.run.path, self.trainer.config)}"
            with suppress(OSError, RunError):  # where its folder is gone, too
                self._say("failed", words)
            raise
        finally:
            self.log.close()
            self.looks.close()

    def _steps(self):
        """Train; return (state, reason)."""
        if self.trainer.step == 0:
            write_snapshot(self.run.path, self.trainer)
        wanted = "stop" if self.run.take_request() == "stop" else None  # a pause was meant for the process before
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # a divergence has its own words
                for record in () if wanted else self.trainer.records():
                    self.log.record(record)
                    self.looks.after(record.step)
                    if record.step in self.snapshot_steps:
                        write_snapshot(self.run.path, self.trainer)
                    self.on_record(record)
                    if wanted := self._look_around():
                        break
        except DivergenceError as error:
            self._write_state()
            if self.trainer.best_step:
                self._finalize()
            return "diverged", str(error)
        self._write_state()
        if wanted == "pause" and self.trainer.step < self.trainer.total_steps:
            return "paused", ""
        self._finalize()
        return ("finished" if self.trainer.step == self.trainer.total_steps else "stopped"), ""

    def _look_around(self):
        """Some times a second: flush the log, heed requests. Every second or two: write the state."""
        now = time.monotonic()
        if now < self.next_flush:
            return None
        self.next_flush = now + FLUSH_SECONDS
        self.log.flush()
        self.looks.flush()
        if now > self.next_state:
            self._write_state()
            cost = time.monotonic() - now
            self.next_state = now + max(STATE_SECONDS, 40 * cost)
        return self._wanted()

    def _wanted(self):
        return self.run.take_request() or self.wish()

    def _write_state(self):
        self.looks.flush()
        self.log.flush(to_disk=True)  # first: the log is never behind the state
        write_state(self.run.path, self.trainer, self.log.digests)

    def _finalize(self):
        """The best weights, judged on the test set once, as a checkpoint."""
        _, self.test = save_trained(self.run.model_path, self.trainer, self.run.log().tracker())

    def _say(self, state, reason=""):
        accuracy, test = self.trainer.best_score[0], self.test
        status = RunStatus(
            state,
            reason,
            self.trainer.total_steps,
            self.trainer.steps_per_epoch,
            self.trainer.best_step,
            accuracy if accuracy >= 0 else None,
            int(test.correct.sum()) if test else None,
            len(test) if test else None,
        )
        write_status(self.run.path, status)
        return status
