"""The model files that can be put on display. Where they lie `checkpoints.folders` says, how they look `looks`."""

from typing import NamedTuple

from tinyformer.checkpoints.folders import saved_checkpoints, shipped_checkpoints

MOST_ON_DISPLAY = 4


class ModelFile(NamedTuple):
    """A file that may hold a model. As a whole it is a cache key: a file that changed is another ModelFile."""

    name: str
    path: str
    modified: int  # ns
    size: int  # bytes


def available(trained=None):
    """{name: ModelFile} of all checkpoint files: the shipped ones first, then the saved. Nothing is opened.

    A saved one with the name of a shipped one gets " (saved)" behind it. `trained`: {name: path} of runs, which follow;
    one with the name of a saved one gets " (run)".
    """
    found = {}
    files = [(path.stem, path) for path in (*shipped_checkpoints(), *saved_checkpoints())]
    for name, path in (*files, *(trained or {}).items()):
        kind = "run" if path in (trained or {}).values() else "saved"
        try:
            status = path.stat()
        except OSError:  # deleted a moment ago
            continue
        name = name if name not in found else f"{name} ({kind})"
        found[name] = ModelFile(name, str(path), status.st_mtime_ns, status.st_size)
    return found
