"""What a sweep has found so far, so that no kill, no full disk and no second sweep loses a row.

Beside the table `out.csv` lies `out.csv.journal`, JSON by lines: what was asked, then each row as soon as it is known.
A row is on the disk there before the table is written again, whole. A line has the hash of the table that follows it,
so that a table which the same sweep wrote is told from any other.
"""

import hashlib
import json
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

import tinyformer
from tinyformer.process import binary
from tinyformer.runs.lock import take
from tinyformer.sweeps.table import PROBLEM, table_rows, table_text, write_sweep

FORMAT = {"format": "sweep journal", "version": 1}
BEGIN = json.dumps(FORMAT).encode()[:-1]
MOST_BYTES = 64 << 20
NO_LINK, NO_WAITING = getattr(os, "O_NOFOLLOW", 0), getattr(os, "O_NONBLOCK", 0)  # for a pipe; not on every system
OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | NO_LINK | NO_WAITING


class TableRefused(ValueError):
    """This sweep cannot write the file. The message says why."""


class TableTaken(TableRefused):
    """It may only with `overwrite`."""


def question(configs):
    """All that decides a table, as JSON has it: settings, and the seeds in the order of the rows."""
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
                with suppress(OSError):
                    os.unlink(beside)  # no row, no trace
    finally:
        os.close(handle)  # which lets go of it


class Journal:
    """The rows of one table, by seed, and the file beside it. Made by `open_table`."""

    def __init__(self, path, beside, handle, configs, overwrite):
        self._path, self._beside, self._handle, self._configs = path, beside, handle, configs
        self._header = FORMAT | {"versions": versions(), "question": question(configs)}
        self._rows, self._end = {}, 0  # by seed; the length of the file, as far as it is good
        tables, found = [], None  # the hashes of all tables that it led to, and of the one that is there
        try:
            tables = self._read()
            if path.exists():
                with open(path, "rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
                if found not in tables:
                    raise TableTaken(f"{path} is not as this command left it")
        except TableTaken:
            if not overwrite:
                raise
        if self._rows and found != tables[-1]:
            self.publish()

    def rows(self):
        """What is known, in the order of the seeds."""
        return self._in_order(self._rows)

    def missing(self):
        """The TrainingConfigs that have no row yet, or one that tells of a problem: that is tried again."""
        return [config for config in self._configs if self._rows.get(config.seed, {PROBLEM: "none"}).get(PROBLEM)]

    def add(self, row):
        """Put a row on the disk. OSError if that fails; then what was there is still whole."""
        if not _is_at(self._handle, self._beside):
            raise OSError(f"{self._beside} has been removed or replaced")
        known = self._rows | {row["seed"]: row}
        line = {"row": row, "table": hashlib.sha256(table_text(self._in_order(known))).hexdigest()}
        self._append(line) if self._end else self._append(self._header, line)
        self._rows = known
        self.publish()

    def publish(self):
        """Write the table of the rows that are known. OSError if that fails."""
        write_sweep(self._path, self.rows())

    def _in_order(self, rows):
        return [rows[config.seed] for config in self._configs if config.seed in rows]

    def _append(self, *lines):
        os.ftruncate(self._handle, self._end)  # what a kill or a full disk left of a line, or another question
        text = rest = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        os.fsync(self._handle)
        if not self._end:
            with suppress(OSError):  # let the entry of the new file survive a power failure; Windows opens no folders
                folder = os.open(self._beside.parent, binary(os.O_RDONLY))
                os.fsync(folder)
                os.close(folder)
        self._end += len(text)

    def _read(self):
        """Take the rows that answer this question → the hash of the table after each. TableTaken if there are none."""
        with open(self._beside, "rb") as file:
            content = file.read(MOST_BYTES)
        if b"\n" not in content and BEGIN.startswith(content[: len(BEGIN)].rstrip(b"\0")):
            return []  # new, or begun when the power failed
        first, *lines = content.split(b"\n")[:-1] or [b""]  # a kill may have cut the last
        header = _json(first)
        if any(header.get(name) != value for name, value in FORMAT.items()):
            raise TableRefused(f"{self._beside} is in the way: it is not the journal of a sweep")
        if header.get("question") != self._header["question"]:
            raise TableTaken(f"{self._path} was begun with other seeds or settings")
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
            raise TableTaken(f"{self._beside} is damaged") from None
        if self.missing() and header.get("versions") != versions():
            self._rows = {}
            raise TableTaken(f"{self._path} was begun by another version of tinyformer or NumPy")
        self._end = end
        return tables


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
