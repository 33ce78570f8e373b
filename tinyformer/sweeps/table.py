"""The table of a sweep as a CSV file: one row per seed, written whole or not at all, and read with suspicion."""

import csv
import io
import itertools
import math
import re
from pathlib import Path

from tinyformer.checkpoints.array_file import one_line, whole_file
from tinyformer.checkpoints.folders import data_folder, shipped_folder
from tinyformer.task.expressions import OPERATIONS

SETTINGS = ("seed", "data_seed", "num_examples", "epochs", "batch_size", "learning_rate", "parameters")
STEPS = "steps_to_99"
STEPS_OF_ANY = re.compile(rf"{STEPS}_(\w{{1,40}})")  # of operations that this program does not know, too
OPERATIONS_COLUMN = "operations"  # what they are, in words; of the five, there is no such column
RESULTS = (STEPS, "best_step", "test_correct", "test_total", "test_loss", "all_correct", "all_total")
ENTROPY = re.compile(r"entropy_([0-9]{1,4})_([0-9]{1,4})")
PROBLEM = "problem"
FRACTIONS = ("learning_rate", "test_loss")
MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 4 << 20, 10_000, 10_000
LARGEST = 2**63 - 1  # as in TrainingConfig; what is larger fits into no column of a page


class SweepTableError(ValueError):
    """A file that is not the table of a sweep. The message names the file and the reason, in one line."""


def steps_of(operations):
    """{name of an operation: name of its column}."""
    return {name: f"{STEPS}_{name.lower()}" for name in operations}


STEPS_OF = steps_of(OPERATIONS)  # tables of before have none


def columns_of(rows):
    """The names of the columns, in the order of the file."""
    names = dict.fromkeys(name for row in rows for name in row)
    heads = sorted(filter(ENTROPY.fullmatch, names), key=lambda name: [int(part) for part in name.split("_")[1:]])
    steps = [name for name in names if STEPS_OF_ANY.fullmatch(name)] or STEPS_OF.values()
    own = [name for name in names if name == OPERATIONS_COLUMN]
    return [*SETTINGS, *own, *RESULTS, *steps, *heads, PROBLEM]


def operations_of(rows):
    """{operation: its column of steps} of the columns that the rows have; one that is not known is called as there."""
    words = next((row[OPERATIONS_COLUMN] for row in rows if row.get(OPERATIONS_COLUMN)), "; ".join(OPERATIONS))
    spelled = steps_of(re.findall(r"(?:^|; )([A-Za-z]{1,20})", words))
    known = {name: operation for operation, name in spelled.items()}
    names = [name for name in columns_of(rows) if STEPS_OF_ANY.fullmatch(name) and any(name in row for row in rows)]
    return {known.get(name, name.removeprefix(f"{STEPS}_")): name for name in names}


def table_text(rows):
    """Rows of `sweep.sweep` → the content of their file, the same bytes for the same rows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def write_sweep(path, rows):
    """Write the table of these rows, whole or not at all. Raises OSError."""
    with whole_file(path) as file:
        file.write(table_text(rows))


def read_sweep(path):
    """→ a list of rows (dicts) as `write_sweep` got them, None where a cell is empty, the columns of STEPS_OF only if
    the file has them. What is in no column of a sweep is left out. Raises SweepTableError."""
    name = shown_name(Path(path).name)
    try:
        with open(path, "rb") as file:
            return table_rows(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise SweepTableError(f"{name} cannot be read: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        raise SweepTableError(f"{name} is not the table of a sweep: {one_line(error)}") from error


def table_rows(content):
    """The bytes of a file → its rows. ValueError or csv.Error that says what is wrong with them."""
    if len(content) > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    names = next(lines, [])
    if missing := [name for name in (*SETTINGS, *RESULTS) if name not in names]:
        raise ValueError(f"it has no column {missing[0]}")
    if len(names) > MOST_COLUMNS or len(set(names)) < len(names):
        raise ValueError(f"it has more than {MOST_COLUMNS:,} columns, or two of one name")
    cells = [line for line in itertools.islice(lines, MOST_ROWS + 1) if line]
    if not cells:
        raise ValueError("it has no rows")
    if len(cells) > MOST_ROWS:
        raise ValueError(f"it has more than {MOST_ROWS:,} rows")
    rows = {}
    for line in cells:
        if len(line) != len(names):
            raise ValueError(f"row {len(rows) + 1} has {len(line)} cells, {len(names)} are expected")
        row = {name: _value(name, cell) for name, cell in zip(names, line, strict=True) if _is_known(name)}
        _require_whole(row)
        if rows.setdefault(row["seed"], row) is not row:
            raise ValueError(f"seed {row['seed']} stands in it twice")
    return list(rows.values())


def sweeps_folder():
    """Where the command writes its tables. It may not exist yet. Raises NoDataFolder."""
    return data_folder() / "sweeps"


def sweep_files():
    """{name: Path} of the tables that ship with the checkpoints, then of those in `sweeps_folder`."""
    shipped = sorted(shipped_folder().glob("sweep-*.csv")) if shipped_folder().is_dir() else []
    try:
        own = sorted(sweeps_folder().glob("*.csv"))
    except OSError:  # there is no such folder, or no place for one
        own = []
    files = {}
    for path in [*shipped, *own]:
        files.setdefault(shown_name(path.stem), path)
    return files


def shown_name(name):
    """A file's name as text that every encoder takes: bytes that are no characters become question marks."""
    return name.encode(errors="replace").decode()


def _value(name, cell):
    """The text of a cell → int, float, str or None. ValueError if it is not what the column holds."""
    if name in (PROBLEM, OPERATIONS_COLUMN):
        return one_line(cell) if cell else None
    if not cell:
        if name in SETTINGS:
            raise ValueError(f"a row has no {name}")
        return None
    if name in FRACTIONS or ENTROPY.fullmatch(name):
        value = float(cell)
        if not math.isfinite(value) or (ENTROPY.fullmatch(name) and not -0.01 <= value <= 1.01):  # it was rounded
            raise ValueError(f"{name} is {cell[:40]}, not {'a finite number' if name in FRACTIONS else 'from 0 to 1'}")
        return value
    if not re.fullmatch("[0-9]{1,19}", cell) or int(cell) > LARGEST:
        raise ValueError(f"{name} is a whole number from 0 to {LARGEST}, got {cell[:40]!r}")
    return int(cell)


def _require_whole(row):
    """ValueError if the row of a training that ended lacks its result, or has more right than there is."""
    for right, total in (("test_correct", "test_total"), ("all_correct", "all_total")):
        if row[right] is None and (row.get(PROBLEM) or right != "test_correct"):
            continue
        if row[right] is None or not row[total] or row[right] > row[total]:
            raise ValueError(f"seed {row['seed']} has {right} {row[right]} of {total} {row[total]}")


def _is_known(name):
    fixed = (*SETTINGS, *RESULTS, PROBLEM, OPERATIONS_COLUMN)
    return name in fixed or ENTROPY.fullmatch(name) or STEPS_OF_ANY.fullmatch(name)
