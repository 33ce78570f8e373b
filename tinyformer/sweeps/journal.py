"""What a sweep has found so far, so that no kill, no full disk and no second sweep loses a row.

Beside the table `out.csv` lies `out.csv.journal`, JSON by lines: what was asked, then each row as soon as it is known.
A row is on the disk there before the table is written again, whole. A line has the hash of the table that follows it,
so that a table which the same sweep wrote is told from any other.
"""

import contextlib
import hashlib
import json
import os
import stat
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import tinyformer
from tinyformer.checkpoints.array_file import whole_file
from tinyformer.process import binary
from tinyformer.runs.lock import take
from tinyformer.sweeps.table import PROBLEM, table_rows, table_text

FORMAT = {"format": "sweep journal", "version": 1}
BEGIN = json.dumps(FORMAT).encode()[:-1]
MOST_BYTES = 64 << 20
OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND  # and what not every system has: no link, no pipe to wait for
for flag in ("O_NOFOLLOW", "O_NONBLOCK"):
    OPEN |= getattr(os, flag, 0)


class TableRefused(ValueError):
    """The file cannot be written by this sweep. The message says why."""


class TableTaken(TableRefused):
    """It is not this sweep's to write, unless it is told to."""


def question(configs):
    """All that decides a table, as JSON has it: the settings, and the seeds in the order of the rows."""
    settings = configs[0].to_dict()
    del settings["seed"]
    return json.loads(json.dumps({"settings": settings, "seeds": [config.seed for config in configs]}))


def question_hash(configs):
    """The question in eight characters."""
    return hashlib.sha256(json.dumps(question(configs), sort_keys=True).encode()).hexdigest()[:8]


def versions():
    """What the bits of a row depend on beside its settings."""
    return {"tinyformer": tinyformer.__version__, "numpy": np.__version__}


@contextmanager
def open_table(path, configs, overwrite=False):
    """Hold the table at `path` for a sweep of these TrainingConfigs → its Journal, with the rows that are there.

    TableRefused, and nothing was touched, where it cannot be; TableTaken if what is there was not begun by a sweep of
    the same question: `overwrite` replaces it, when there is a first row.
    """
    path = Path(os.path.realpath(path))  # of a link, the file is replaced that it points to
    beside = path.with_name(f"{path.name}.journal")
    if os.path.lexists(path) and not path.is_file():
        raise TableRefused(f"{path} is not a file")
    if path.exists() and not overwrite and not os.path.lexists(beside):
        raise TableTaken(f"{path} was not begun by this command")
    try:
        handle = os.open(beside, binary(OPEN), 0o644)
    except OSError as error:
        raise TableRefused(f"{beside} cannot be used: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise TableRefused(f"{beside} is not a file")
        if not take(handle) or not _is_at(handle, beside):
            raise TableRefused(f"{path} is being written by another sweep at this moment")
        try:
            yield Journal(path, beside, handle, configs, overwrite)
        finally:
            if _is_at(handle, beside) and os.fstat(handle).st_size == 0:
                with contextlib.suppress(OSError):
                    os.unlink(beside)  # no row, no trace
    finally:
        os.close(handle)  # which lets go of it


class Journal:
    """The rows of one table, by seed, and the file beside it. Made by `open_table`."""

    def __init__(self, path, beside, handle, configs, overwrite):
        self._path, self._beside, self._handle, self._configs = path, beside, handle, configs
        self._header = FORMAT | {"versions": versions(), "question": question(configs)}
        self._rows, self._end, self._tables = {}, 0, set()
        reason, found = self._read(), None
        if path.exists():
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found not in self._tables:
                reason = reason or f"{path} is not as this command left it"
        if reason and not overwrite:
            raise TableTaken(reason)
        if self._rows and found != _hash(self.rows()):
            self.publish()

    def rows(self):
        """What is known, in the order of the seeds."""
        return self._in_order(self._rows)

    def missing(self):
        """The TrainingConfigs that have no row yet, or one that tells of a problem: that is tried again."""
        return [config for config in self._configs if self._rows.get(config.seed, {PROBLEM: "none"}).get(PROBLEM)]

    def add(self, row):
        """Put a row on the disk. OSError if that fails; then what was there is still whole."""
        known = self._rows | {row["seed"]: row}
        lines = [{"row": row, "table": _hash(self._in_order(known))}]
        self._append("".join(f"{json.dumps(line)}\n" for line in (lines if self._end else [self._header, *lines])))
        self._rows = known
        self.publish()

    def publish(self):
        """Write the table of the rows that are known. OSError if that fails."""
        with whole_file(self._path) as file:
            file.write(table_text(self.rows()))

    def _in_order(self, rows):
        return [rows[config.seed] for config in self._configs if config.seed in rows]

    def _append(self, text):
        if not _is_at(self._handle, self._beside):
            raise OSError(f"{self._beside} has been removed or replaced")
        os.ftruncate(self._handle, self._end)  # what a kill or a full disk left of a line, or another question
        rest = text.encode()
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        os.fsync(self._handle)
        if not self._end:
            _to_disk(self._beside.parent)
        self._end += len(text.encode())

    def _read(self):
        """Take the rows that answer this question → None, or the reason why there are none to take."""
        with open(self._beside, "rb") as file:
            content = file.read(MOST_BYTES)
        if b"\n" not in content and BEGIN.startswith(content[: len(BEGIN)].rstrip(b"\0")):
            return None  # new, or begun when the power failed
        first, *lines = content.split(b"\n")[:-1] or [b""]  # a kill may have cut the last
        header = _json(first)
        if any(header.get(name) != value for name, value in FORMAT.items()):
            raise TableRefused(f"{self._beside} is in the way: it is not the journal of a sweep")
        if header.get("question") != self._header["question"]:
            return f"{self._path} was begun with other seeds or settings"
        rows, tables, end = {}, [], len(first) + 1
        for line in lines:
            entry = _json(line)
            if not isinstance(entry.get("row"), dict) or not isinstance(entry.get("table"), str):
                break
            rows[str(entry["row"].get("seed"))] = entry["row"]
            tables.append(entry["table"])
            end += len(line) + 1
        try:
            text = table_text([rows.pop(str(config.seed)) for config in self._configs if str(config.seed) in rows])
            if rows or (tables and hashlib.sha256(text).hexdigest() != tables[-1]):
                raise ValueError
            self._rows = {row["seed"]: row for row in table_rows(text)} if tables else {}
        except ValueError:
            return f"{self._beside} is damaged"
        if self.missing() and header.get("versions") != versions():
            self._rows = {}
            return f"{self._path} was begun by another version of tinyformer or NumPy"
        self._end, self._tables = end, set(tables)
        return None


def _hash(rows):
    return hashlib.sha256(table_text(rows)).hexdigest()


def _json(line):
    """The object that a line holds; an empty one if it holds anything else."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_at(handle, path):
    """Whether the open file is still what lies at the path."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _to_disk(folder):
    """Let the entry of a new file survive a power failure."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, binary(os.O_RDONLY))
        os.fsync(handle)
        os.close(handle)
