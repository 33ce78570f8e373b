"""A trained model as one file: configuration, parameters, history, and how it was trained.

An array file (`array_file.py`) whose metadata says what belongs into it; the parameters are one vector and a table of
names and shapes. Nothing is allocated before sizes were checked, and nothing in it is ever executed.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinyformer.checkpoints.array_file import ArrayFileError, one_line, read_arrays, write_arrays
from tinyformer.checkpoints.claims import check_answers, check_history, check_metadata, fingerprint, thinned
from tinyformer.configuration import TrainingConfig, TransformerConfig, quoted
from tinyformer.metrics import STEP_COLUMNS, VALIDATION_COLUMNS, MetricsTracker
from tinyformer.task.task import DEFAULT_TASK
from tinyformer.transformer import Transformer

FORMAT = "tinyformer checkpoint"
VERSION = 1
SHORTEST = 6  # tokens of an expression of three numbers
MAX_PARAMETERS = 20_000_000  # of a model that is loaded: 80 MB in float32. Its table of positions has the same limit


class CheckpointError(ValueError):
    """A checkpoint that cannot be used. The message names the file and the reason, in one line."""


@dataclass
class Checkpoint:
    """What `load_checkpoint` returns. `model` is shared between whoever asked for it: forward writes nothing to it."""

    model: Transformer
    training: TrainingConfig | None  # None if it was not trained from one
    history: MetricsTracker
    metadata: dict = field(default_factory=dict)  # "epoch", "step", "seconds", "test": {"accuracy", "loss", …}, …
    optimizer_state: list = field(default_factory=list)  # arrays as in `optimizer.state`
    path: Path | None = None

    @property
    def config(self):
        return self.model.config

    @property
    def task(self):
        """The Task that the model was trained on."""
        return _task(self.training)

    @property
    def by_hand(self):
        """Its weights were written, not trained: nothing was held out from it."""
        return self.training is None and "written_by_hand" in self.metadata

    @property
    def name(self):
        return self.path.stem if self.path else "model"

    @property
    def fingerprint(self):
        """12 hexadecimal digits: two checkpoints with the same have the same model, whatever the files are called."""
        return fingerprint(self.model)


def save_checkpoint(path, model, *, training=None, history=None, optimizer=None, metadata=None):
    """Write a model to `path` (a `.npz` file), whole or not at all; return the Path.

    OSError if it cannot be written, ValueError if it would not be read again, as a model with NaNs.
    `training`: the TrainingConfig. `history`: a MetricsTracker; of more than a million rows, every second or third.
    `optimizer`: kept with its state, to go on training.
    """
    path = Path(path)
    require_usable(model.config, _task(training))
    check_metadata(metadata or {})
    description = {
        "format": FORMAT,
        "version": VERSION,
        "config": model.config.to_dict(),
        "dtype": model.dtype.name,
        "parameters": [[name, list(array.shape)] for name, array in model.named_parameters().items()],
        "training": None if training is None else training.to_dict(),
        "optimizer": None if optimizer is None else _describe_optimizer(optimizer),
        "metadata": metadata or {},
    }
    logged = thinned((history or MetricsTracker(_task(training).names)).to_arrays())
    check_history(logged)
    arrays = {"parameters": model.vector, **logged}
    if optimizer is not None:
        arrays |= {f"optimizer.{i}": array for i, array in enumerate(optimizer.state)}
    if np.isfinite(model.vector).all():  # else, writing says where it is not
        check_answers(model, _task(training))
    write_arrays(path, description, arrays)
    return path


def load_checkpoint(path):
    """Read a file that `save_checkpoint` wrote → Checkpoint. Raises CheckpointError, in one line, whatever is wrong."""
    path = Path(path)
    try:
        description, arrays = read_arrays(path, _expected_arrays)
        config = TransformerConfig.from_dict(description["config"])
        training = _training(description)
        if training:
            require_usable(training.model, training.task)
        model = Transformer(config, seed=0, dtype=description["dtype"])
        table = [[name, list(array.shape)] for name, array in model.named_parameters().items()]
        if description["parameters"] != table:
            raise ValueError("it names other parameters than its configuration has")
        model.vector[:] = arrays.pop("parameters")
        check_answers(model, _task(training))
        check_history(arrays)
        history = MetricsTracker.from_arrays(arrays, _task(training).names)
    except OSError as error:
        raise CheckpointError(f"{path.name} cannot be read: {error.strerror or error}") from error
    except ArrayFileError as error:
        raise CheckpointError(f"not a usable checkpoint: {error}") from error
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise CheckpointError(f"not a usable checkpoint: {path.name}: {one_line(error)}") from error
    state = [arrays[name] for name in sorted(arrays) if name.startswith("optimizer.")]
    return Checkpoint(model, training, history, description["metadata"], state, path)


def _expected_arrays(description):
    """The arrays that belong to this metadata. ValueError, KeyError or TypeError if it is not a checkpoint's."""
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ValueError("it is not a tinyformer checkpoint")
    if description["version"] != VERSION:
        raise ValueError(f"it has version {quoted(description['version'])}, this program reads version {VERSION}")
    config = TransformerConfig.from_dict(description["config"])
    count, dtype = config.num_parameters, description["dtype"]
    task = _task(_training(description))
    require_usable(config, task)
    if dtype not in ("float32", "float64"):
        raise ValueError(f"its dtype is {quoted(dtype)}, expected float32 or float64")
    check_metadata(description["metadata"])
    expected = {
        "parameters": ((count,), (dtype,)),
        "history.steps": ((None, len(STEP_COLUMNS)), ("float64",)),
        "history.epochs": ((None, len(VALIDATION_COLUMNS) + len(task.names)), ("float64",)),
    }
    optimizer = description["optimizer"]
    slots = optimizer.get("slots") if isinstance(optimizer, dict) else 0 if optimizer is None else optimizer
    if type(slots) is not int or slots not in (0, 1, 2):
        raise ValueError(f"its optimizer keeps {quoted(slots)} arrays, expected at most 2")
    return expected | {f"optimizer.{i}": ((count,), (dtype,)) for i in range(slots)}


def _training(description):
    training = description["training"]
    return None if training is None else TrainingConfig.from_dict(training)


def _task(training):
    return training.task if training else DEFAULT_TASK


def require_usable(config, task=DEFAULT_TASK):
    """ValueError for a TransformerConfig that cannot answer expressions of a Task, or is too large to be loaded."""
    if config.vocab_size != task.vocab_size or config.max_seq_len < SHORTEST:
        raise ValueError(
            f"its model knows {config.vocab_size} tokens and reads up to {config.max_seq_len}; the expressions here "
            f"are made of {task.vocab_size} and have {SHORTEST} or more"
        )
    places = config.max_seq_len * config.embed_dim
    if max(config.num_parameters, places) > MAX_PARAMETERS:
        raise ValueError(
            f"this model has {config.num_parameters:,} parameters and {places:,} numbers in its table of places, "
            f"the limit is {MAX_PARAMETERS:,} of each"
        )


def _describe_optimizer(optimizer):
    return {
        "name": type(optimizer).__name__,
        "slots": len(optimizer.state),
        "step_count": optimizer.step_count,
        "learning_rate": optimizer.learning_rate,
    }


class ModelCheckpoint:
    """Saves a model, with all that is needed to train it on, into a folder: `ModelCheckpoint("checkpoints/").save(…)`.

    `folder` is made, with those above it, if it isn't there. Raises OSError if that fails.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def save(self, model, optimizer, tracker, epoch, name=None, **metadata):
        """Write `<name>.npz` into the folder, by default `epoch-003.npz`; return its Path. `load_checkpoint` reads it.

        `model`: a Transformer; its P parameters are kept bit for bit, as one vector (P,) of its own dtype.
        `optimizer`: SGD or Adam; its step count, its learning rate, and its moments, each (P,). None: not kept.
        `tracker`: a MetricsTracker; its columns as float64 arrays (S, 6) and (E, 4 + operations). None: no history.
        `epoch`: how many epochs were trained, a whole number. It and `metadata`, anything JSON can hold, come back as
        `Checkpoint.metadata`; "step" and "steps_trained" are counts, "seconds" are seconds, "test" is a table of
        figures on the test set, such as "accuracy" as a share and "loss" in nats.

        A file of that name is replaced, as a whole or not at all. Raises OSError if it cannot be written, ValueError if
        the name is no file name, or if the file would not be read again: values that are not finite, figures in
        `metadata` that are no numbers; TypeError for `metadata` that JSON cannot hold.
        """
        name = f"epoch-{epoch:03d}" if name is None else name
        if Path(name).name != name or name[:1] in ("", "."):
            raise ValueError(f"name must be the name of a file in {self.folder}, without .npz, got {name!r}")
        return save_checkpoint(
            self.folder / f"{name}.npz",
            model,
            history=tracker,
            optimizer=optimizer,
            metadata={"epoch": epoch, **metadata},
        )
