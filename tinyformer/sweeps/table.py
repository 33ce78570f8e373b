"""The table of a sweep as a CSV file: one row per seed, written whole or not at all, and read with suspicion."""

import csv
import io
import math
import re
from pathlib import Path

from tinyformer.checkpoints.array_file import one_line, whole_file
from tinyformer.checkpoints.folders import data_folder, shipped_folder
from tinyformer.task.expressions import OPERATIONS

SETTINGS = ("seed", "data_seed", "num_examples", "epochs", "batch_size", "learning_rate", "parameters")
STEPS = "steps_to_99"
STEPS_OF = {operation: f"{STEPS}_{operation.lower()}" for operation in OPERATIONS}  # tables of before have none
RESULTS = (STEPS, "best_step", "test_correct", "test_total", "test_loss", "all_correct", "all_total")
ENTROPY = re.compile(r"entropy_([0-9]{1,3})_([0-9]{1,3})")
PROBLEM = "problem"
FRACTIONS = ("learning_rate", "test_loss")
MOST_BYTES = 4 << 20


class SweepTableError(ValueError):
    """A file that is not the table of a sweep. The message names the file and the reason, in one line."""


def columns_of(rows):
    """The names of the columns, in the order of the file."""
    heads = sorted({name for row in rows for name in row if ENTROPY.fullmatch(name)}, key=_block_and_head)
    return [*SETTINGS, *RESULTS, *STEPS_OF.values(), *heads, PROBLEM]


def write_sweep(path, rows):
    """Rows of `sweep.sweep` → a CSV file at `path`, the same bytes for the same rows. Raises OSError."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())


def read_sweep(path):
    """→ a list of rows (dicts) as `write_sweep` got them, None where a cell is empty, the columns of STEPS_OF only if
    the file has them. Raises SweepTableError."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES:,} bytes")
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), strict=True)
        missing = [name for name in (*SETTINGS, *RESULTS) if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"it has no column {missing[0]}")
        rows = [{name: _value(name, cell) for name, cell in row.items() if name} for row in reader]
        if not rows:
            raise ValueError("it has no rows")
    except OSError as error:
        raise SweepTableError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        raise SweepTableError(f"{path.name} is not the table of a sweep: {one_line(error)}") from error
    return rows


def sweeps_folder():
    """Where the command writes its tables. It may not exist yet."""
    return data_folder() / "sweeps"


def sweep_files():
    """{name: Path} of the tables that ship with the checkpoints, then of those in `sweeps_folder`."""
    shipped = sorted(shipped_folder().glob("sweep-*.csv")) if shipped_folder().is_dir() else []
    own = sorted(sweeps_folder().glob("*.csv")) if sweeps_folder().is_dir() else []
    return {
        path.stem: path for path in [*shipped, *(path for path in own if path.stem not in {p.stem for p in shipped})]
    }


def _value(name, cell):
    """The text of a cell → int, float, str or None. ValueError if it is not what the column holds."""
    if name == PROBLEM:
        return cell or None
    if not cell:
        if name in SETTINGS:
            raise ValueError(f"a row has no {name}")
        return None
    if name in FRACTIONS or ENTROPY.fullmatch(name):
        value = float(cell)
        if not math.isfinite(value):
            raise ValueError(f"{name} is not finite")
        return value
    if name in SETTINGS or name in RESULTS or name in STEPS_OF.values():
        return int(cell)
    return cell


def _block_and_head(name):
    return tuple(map(int, ENTROPY.fullmatch(name).groups()))
