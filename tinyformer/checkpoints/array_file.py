"""One `.npz` file with metadata as JSON and named arrays, written whole or not at all, and read with suspicion.

Reading allocates only after metadata, names, shapes and sizes were checked, and never unpickles anything.
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from tinyformer.checkpoints.whole_file import whole_file

METADATA = "metadata"
MAX_METADATA_BYTES = 4 << 20


class ArrayFileError(ValueError):
    """The file is damaged, or not what it was taken for."""


def write_arrays(path, metadata, arrays):
    """Write `metadata` (anything JSON can hold) and `arrays` (name → array). The same content gives the same bytes.

    Raises ValueError on what `read_arrays` would refuse: the old file, which can be read, is worth more.
    """
    text = json.dumps(metadata, allow_nan=False).encode()
    if len(text) > MAX_METADATA_BYTES:
        raise ValueError(f"{Path(path).name}: {len(text):,} bytes of metadata, the limit is {MAX_METADATA_BYTES:,}")
    for name, array in arrays.items():
        _require_finite(name, array)
    with whole_file(path) as file:
        np.savez(file, **{METADATA: np.frombuffer(text, np.uint8)}, **arrays)


def read_arrays(path, describe):
    """Return (metadata, arrays).

    `describe(metadata)` returns name → (shape, dtype names allowed) of the arrays that belong to this metadata; a
    length of None in a shape admits any that is really there. Raises ArrayFileError whatever is wrong with the file, or
    what `describe` raises; OSError if the file cannot be read at all.
    """
    file_name, file_size = Path(path).name, os.stat(path).st_size
    try:
        if not Path(path).is_file():
            raise ValueError("it is not a file")
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
            for info in members.values():  # readers allocate what a header claims
                if max(info.file_size, info.compress_size) > file_size:
                    raise ValueError(f"{info.filename!r} claims {info.file_size:,} bytes, the file has {file_size:,}")
            text = _read_member(archive, members, METADATA, (None,), ("uint8",), MAX_METADATA_BYTES)
            metadata = json.loads(text.tobytes())
            expected = describe(metadata)
            return metadata, {name: _read_member(archive, members, name, *kind) for name, kind in expected.items()}
    except OSError:
        raise
    except (zipfile.BadZipFile, EOFError) as error:
        raise ArrayFileError(f"{file_name} is truncated or not an array file ({one_line(error)})") from error
    except Exception as error:  # the readers of zip, npy and JSON raise a dozen kinds on damaged bytes
        raise ArrayFileError(f"{file_name}: {one_line(error)}") from error


def one_line(error):
    """The message of an exception in one line of at most 300 characters, whatever a file made it quote."""
    text = f"there is no entry {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:299]}…"


def _read_member(archive, members, name, shape, dtypes, max_bytes=None):
    """One array, after its header, its size in the archive and the expected shape were found to agree."""
    info = members.get(f"{name}.npy")
    if info is None:
        raise ValueError(f'there is no array "{name}" in it')
    if info.compress_type != zipfile.ZIP_STORED:  # a small file could unfold into any size
        raise ValueError(f'array "{name}" is compressed, which this program never writes')
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        if version not in read_header:
            raise ValueError(f'array "{name}" has an unknown format {version}')
        actual, fortran_order, dtype = read_header[version](file)
        fits = len(actual) == len(shape) and all(a >= 0 and e in (None, a) for a, e in zip(actual, shape, strict=True))
        if dtype.name not in dtypes or dtype.hasobject or not fits or fortran_order:
            raise ValueError(
                f'array "{name}" is {dtype.name} {actual}, expected {" or ".join(dtypes)} '
                f"{tuple('any' if n is None else n for n in shape)}"
            )
        size = int(np.prod(actual, dtype=object)) * dtype.itemsize  # as an exact integer: it may claim a terabyte
        if size > info.file_size or (max_bytes is not None and size > max_bytes):
            raise ValueError(f'array "{name}" claims {size:,} bytes, more than it may have')
        array = np.frombuffer(file.read(size), dtype).reshape(actual).copy()
        if file.read(1):  # the checksum is compared at the end only
            raise ValueError(f'array "{name}" has bytes left over')
    _require_finite(name, array)
    return array


def _require_finite(name, array):
    if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
        first = tuple(map(int, np.unravel_index(np.argmin(np.isfinite(array)), array.shape)))
        raise ValueError(f'array "{name}" has values that are not finite, the first at {first}')
