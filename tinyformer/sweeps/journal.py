"""What a sweep has found so far, so that no kill, no full disk and no second sweep loses a row.

Beside the table `out.csv` lies `out.csv.journal`, JSON by lines: what was asked, then each row as soon as it is known.
A row is on the disk there before the table is written again, whole. A line vouches for the table that follows it, by
its hash, so that a table which the same sweep did not write is told from one that it may replace.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import tinyformer
from tinyformer.checkpoints.array_file import whole_file
from tinyformer.runs.lock import take
from tinyformer.sweeps.table import PROBLEM, table_rows, table_text

FORMAT, VERSION = "sweep journal", 1
BEGIN = json.dumps({"format": FORMAT}).encode()[:-1]  # of such a file
MOST_BYTES, LONGEST_NAME = 64 << 20, 230  # a half-written file adds to the name, of which systems take 255 bytes
OPEN = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


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
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise TableRefused(f"{path.name[:40]}… is too long for the name of a file")
    if os.path.lexists(path) and not path.is_file():
        raise TableRefused(f"{path} is not a file")
    if path.exists() and not overwrite and not os.path.lexists(beside):
        raise TableTaken(f"{path} was not begun by this command")
    try:
        handle = os.open(beside, OPEN, 0o644)
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
                os.unlink(beside)  # no row, no trace
    finally:
        os.close(handle)  # which lets go of it


class Journal:
    """The rows of one table, by seed, and the file beside it. Made by `open_table`."""

    def __init__(self, path, beside, handle, configs, overwrite):
        self.path, self._beside, self._handle = path, beside, handle
        self._configs, self._rows = configs, {}
        self._header = {"format": FORMAT, "version": VERSION, "question": question(configs), "versions": versions()}
        self._end, tables = self._read(overwrite)
        found = _file_hash(path) if path.exists() else None
        if found is not None and found not in tables and not overwrite:
            raise TableTaken(f"{path} is not as this command left it")
        self._remove_half_written()
        if self._rows and found != self._digest(self.rows()):
            self.publish()

    def rows(self):
        """What is known, in the order of the seeds."""
        return [self._rows[config.seed] for config in self._configs if config.seed in self._rows]

    def missing(self):
        """The TrainingConfigs that have no row yet, or one that tells of a problem: that is tried again."""
        return [config for config in self._configs if self._rows.get(config.seed, {PROBLEM: "none"}).get(PROBLEM)]

    def add(self, row):
        """Put a row on the disk. OSError if that fails; then what was there is still whole."""
        known = self._rows | {row["seed"]: row}
        rows = [known[config.seed] for config in self._configs if config.seed in known]
        lines = [] if self._end else [self._header]
        lines.append({"row": row, "table": self._digest(rows)})
        self._append("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        self._rows = known
        self.publish()

    def publish(self):
        """Write the table of the rows that are known. OSError if that fails."""
        with whole_file(self.path) as file:
            file.write(table_text(self.rows()))

    def _append(self, data):
        if not _is_at(self._handle, self._beside):
            raise OSError(f"{self._beside} has been removed or replaced")
        os.ftruncate(self._handle, self._end)  # what a kill or a full disk left of a line, or another question
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        os.fsync(self._handle)
        if not self._end:
            _to_disk(self._beside.parent)
        self._end += len(data)

    def _read(self, overwrite):
        """Take what the file holds of this question → (where its last whole line ends, the hashes of its tables)."""
        with open(self._beside, "rb") as file:
            content = file.read(MOST_BYTES)
        if b"\n" not in content and BEGIN.startswith(content[: len(BEGIN)].rstrip(b"\0")):
            return 0, set()  # new, or begun when the power failed
        lines = content.split(b"\n")[:-1]  # a kill may have cut the last
        try:
            header = json.loads(lines[0])
            if header["format"] != FORMAT or header["version"] != VERSION:
                raise ValueError
        except (ValueError, LookupError, TypeError, RecursionError):
            raise TableRefused(f"{self._beside} is in the way: it is not the journal of a sweep") from None
        if header.get("question") != self._header["question"]:
            reason = f"{self.path} was begun with other seeds or settings"
        else:
            try:
                return self._take_rows(lines, header.get("versions"))
            except _Unusable as error:
                reason = str(error)
        if not overwrite:
            raise TableTaken(reason)
        return 0, set()

    def _take_rows(self, lines, theirs):
        """The rows of the lines that are whole → as `_read`. They must give the table that the last one vouches for."""
        known, tables, end, last = {}, set(), len(lines[0]) + 1, None
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                known[int(entry["row"]["seed"])], last = entry["row"], str(entry["table"])
            except (ValueError, LookupError, TypeError, RecursionError):
                break
            tables.add(last)
            end += len(line) + 1
        try:
            rows = [known.pop(config.seed) for config in self._configs if config.seed in known]
            if rows and (known or self._digest(rows) != last):
                raise ValueError
            rows = table_rows(table_text(rows)) if rows else []
        except Exception:  # a damaged row can be anything
            raise _Unusable(f"{self._beside} is damaged") from None
        self._rows = {row["seed"]: row for row in rows}
        if self.missing() and theirs != versions():
            self._rows = {}
            raise _Unusable(f"{self.path} was begun by {_named(theirs)}, this is {_named(versions())}")
        return end, tables

    def _digest(self, rows):
        return hashlib.sha256(table_text(rows)).hexdigest()

    def _remove_half_written(self):
        """What earlier sweeps left of this table when they were killed. Nobody else writes it now."""
        pattern = re.compile(rf"\.{re.escape(self.path.name)}\.\w{{8}}\.partial")
        for name in filter(pattern.fullmatch, os.listdir(self.path.parent)):
            with contextlib.suppress(OSError):
                os.unlink(self.path.parent / name)


class _Unusable(Exception):
    """The rows in a journal cannot be continued."""


def _named(which):
    which = which if isinstance(which, dict) else {}
    return f"tinyformer {str(which.get('tinyformer'))[:20]} with NumPy {str(which.get('numpy'))[:20]}"


def _file_hash(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_at(handle, path):
    """Whether the open file is still what lies at the path."""
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False


def _to_disk(folder):
    """Let the entry of a new file survive a power failure."""
    with contextlib.suppress(OSError):  # Windows opens no folders
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
