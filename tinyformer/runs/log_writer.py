"""Writing the metric log: appended to, and never behind the state that vouches for it."""

import os

import numpy as np

from tinyformer.checkpoints.whole_file import whole_file
from tinyformer.metrics import STEP_COLUMNS
from tinyformer.process import binary
from tinyformer.runs.contents import EPOCHS, STEPS
from tinyformer.runs.vouching import EPOCHS_AT_A_TIME, STEPS_AT_A_TIME, Digests

FLUSH_SECONDS = 0.1


class LogWriter:
    """Appends StepRecords, a tenth of a second of them at a time. Of what is there, the RunLog `cut_to` is kept."""

    def __init__(self, folder, cut_to):
        self.pending, self.files, self.digests = {STEPS: [], EPOCHS: []}, {}, {}
        steps_known = cut_to.vouched | np.isnan(cut_to.steps[:, 1])  # what is lost is said to be lost: that is true
        for name, rows, known, at_a_time in (
            (STEPS, cut_to.steps, steps_known, STEPS_AT_A_TIME),
            (EPOCHS, cut_to.epochs, cut_to.epochs_vouched, EPOCHS_AT_A_TIME),
        ):
            self.digests[name] = Digests(at_a_time * 8 * rows.shape[1])
            for row, is_known in zip(rows, known, strict=True):
                self.digests[name].add(row.tobytes(), bool(is_known))
            self.files[name] = self._opened(folder / name, rows.tobytes())

    @staticmethod
    def _opened(path, data):
        """A handle to append to `data`, with which the file begins already, unless something in it was lost."""
        with open(path, "a+b") as file:
            file.seek(0)
            if file.read(len(data)) == data:
                file.truncate(len(data))
            else:
                with whole_file(path) as other:
                    other.write(data)
        return os.open(path, binary(os.O_WRONLY | os.O_APPEND))

    def record(self, record):
        self.pending[STEPS].append([getattr(record, name) for name in STEP_COLUMNS])
        if record.validation is not None:
            loss, accuracy, per_operation = record.validation
            self.pending[EPOCHS].append([record.epoch, record.step, loss, accuracy, *per_operation])

    def flush(self, to_disk=False):
        """Hand what is pending to the system; `to_disk`: and wait until it would survive a power failure."""
        for name, handle in self.files.items():
            rows, self.pending[name] = self.pending[name], []
            data = np.array(rows, np.float64).tobytes()
            self.digests[name].add(data)
            while data:
                data = data[os.write(handle, data) :]
            if to_disk:
                os.fsync(handle)

    def close(self):
        for handle in self.files.values():
            os.close(handle)
        self.files = {}
