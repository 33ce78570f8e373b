"""The weights at log-spaced steps, to look back at how a model formed: 0, 1, 2, 3, 4, 6, 8, 11, 16, … and the last."""

from tinyformer.checkpoints.array_file import ArrayFileError, read_arrays, write_arrays
from tinyformer.runs.contents import SNAPSHOTS, snapshot_step
from tinyformer.runs.errors import RunError
from tinyformer.transformer import Transformer


def snapshot_steps(total_steps):
    """The steps after which the weights are kept: twice as many for each doubling, about 26 in 5,000."""
    steps = {0, total_steps}
    power = 0
    while (step := round(2 ** (power / 2))) <= total_steps:
        steps.add(step)
        power += 1
    return steps


def write_snapshot(folder, trainer):
    (folder / SNAPSHOTS).mkdir(exist_ok=True)
    metadata = {"step": trainer.step, "config": trainer.config.to_dict()}
    write_arrays(folder / SNAPSHOTS / f"{trainer.step:08d}.npz", metadata, {"parameters": trainer.model.vector})


def kept_steps(folder):
    """The steps of the snapshots that are there, in order."""
    steps = (snapshot_step(path.name) for path in (folder / SNAPSHOTS).glob("*.npz"))
    return sorted(step for step in steps if step is not None)


def load_snapshot(folder, config, step):
    """The model of a TrainingConfig as it was after `step` → Transformer. RunError where that cannot be had."""

    def expected(metadata):
        if metadata["step"] != step:
            raise ValueError(f"it is that of step {metadata['step']!r}")
        if "config" in metadata and type(config).from_dict(metadata["config"]) != config:
            raise ValueError("it belongs to another configuration than config.json has")
        return {"parameters": ((config.model.num_parameters,), ("float32",))}

    try:
        _, arrays = read_arrays(folder / SNAPSHOTS / f"{step:08d}.npz", expected)
    except (ArrayFileError, OSError) as error:
        raise RunError(f"{folder.name} has no usable snapshot of step {step}: {error}") from error
    model = Transformer(config.model, seed=0)
    model.vector[:] = arrays["parameters"]
    return model
