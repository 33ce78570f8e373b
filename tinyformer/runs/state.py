"""All it takes to go on exactly: parameters, the optimizer's moments, the best weights, and three counters.

There is no random state among it: everything random is a function of the seeds and the step (see `training.py`).
"""

from tinyformer.checkpoints.array_file import ArrayFileError, read_arrays, write_arrays
from tinyformer.runs.contents import EPOCHS, STATE, STEPS
from tinyformer.runs.errors import RunError
from tinyformer.runs.vouching import Vouch
from tinyformer.transformer import Transformer

FORMAT, VERSION = "tinyformer run state", 1


def write_state(folder, trainer, digests):
    """Replace the state by the one that `trainer` is in, whole or not at all. `digests`: {file of the log: Digests}."""
    counters = {
        "format": FORMAT,
        "version": VERSION,
        "config": trainer.config.to_dict(),
        "step": trainer.step,
        "best_step": trainer.best_step,
        "best_score": list(trainer.best_score),
        "vouches": True,
    }
    moments = {f"optimizer.{i}": array for i, array in enumerate(trainer.optimizer.state)}
    arrays = {"parameters": trainer.model.vector, "best": trainer.best_vector, **moments}
    arrays |= {f"log.{name}": of_rows.all() for name, of_rows in digests.items()}
    write_arrays(folder / STATE, counters, arrays)


def restore_state(folder, trainer):
    """Put `trainer` into the state that was written last, if there is one. RunError where it is damaged."""
    shape, dtype = trainer.model.vector.shape, (trainer.model.dtype.name,)
    names = ["parameters", "best", *(f"optimizer.{i}" for i in range(len(trainer.optimizer.state)))]

    def expected(counters):
        if counters["format"] != FORMAT or counters["version"] != VERSION:
            raise ValueError("it is not the state of a run, or of another version")
        if type(trainer.config).from_dict(counters["config"]) != trainer.config:
            raise ValueError("it belongs to another configuration than config.json has")
        step, best_step = counters["step"], counters["best_step"]
        if not (type(step) is type(best_step) is int and 0 <= best_step <= step <= trainer.total_steps):
            raise ValueError(f"its step is {step!r}, its best step {best_step!r}, of {trainer.total_steps}")
        accuracy, loss = counters["best_score"]
        if not (isinstance(accuracy, float) and isinstance(loss, float)):
            raise ValueError("its best score is not two numbers")
        return {name: (shape, dtype) for name in names}

    try:
        counters, arrays = read_arrays(folder / STATE, expected)
    except FileNotFoundError:
        return
    except (ArrayFileError, OSError) as error:
        raise RunError(f"{folder.name} is damaged: {error}") from error
    trainer.model.vector[:], trainer.best_vector[:] = arrays["parameters"], arrays["best"]
    for i, moments in enumerate(trainer.optimizer.state):
        moments[:] = arrays[f"optimizer.{i}"]
    trainer.step = trainer.optimizer.step_count = counters["step"]
    trainer.best_step, trainer.best_score = counters["best_step"], tuple(counters["best_score"])


def read_model(folder, config):
    """(step of the state on the disk, its weights as a Transformer of this configuration); None if there is none."""
    expected = {"parameters": ((config.num_parameters,), ("float32",))}
    try:
        counters, arrays = read_arrays(folder / STATE, lambda _: expected)
        step = int(counters["step"])
    except FileNotFoundError:
        return None
    except (ArrayFileError, OSError, KeyError, ValueError, TypeError) as error:
        raise RunError(f"{folder.name} is damaged: {error}") from error
    model = Transformer(config, seed=0)
    model.vector[:] = arrays["parameters"]
    return step, model


def read_vouch(folder):
    """Vouch: what the last state says of the log up to it. Nothing if there is none, or one of a version before."""

    def expected(counters):
        if counters["format"] != FORMAT or type(counters["step"]) is not int or counters["step"] < 0:
            raise ValueError("it is not the state of a run")
        names = (STEPS, EPOCHS) if counters.get("vouches") else ()
        return {f"log.{name}": ((None,), ("uint64",)) for name in names}

    try:
        counters, arrays = read_arrays(folder / STATE, expected)
    except FileNotFoundError:
        return Vouch()
    except (ArrayFileError, OSError) as error:
        return Vouch(problem=f"nothing vouches for its log: {error}")
    return Vouch(counters["step"], arrays[f"log.{STEPS}"], arrays[f"log.{EPOCHS}"]) if arrays else Vouch()


def what_is_kept(folder, config):
    """After a failure, what there is to go on from, in a sentence that is true: it is looked up, not remembered."""
    try:
        known = read_model(folder, config.model)
    except RunError as error:
        return f"Its last state cannot be used: {error}"
    if known:
        return f"Its state after step {known[0]:,} is on the disk"
    return "No state of it was written yet" if folder.is_dir() else "Its folder is gone, and its states with it"
