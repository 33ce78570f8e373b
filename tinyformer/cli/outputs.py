"""Where `train` writes, settled before the training: a folder that takes files, and names that destroy nothing."""

import re
import tempfile
from pathlib import Path

from tinyformer.checkpoints.checkpoint import CheckpointError, load_checkpoint
from tinyformer.checkpoints.folders import NoDataFolder, described, saved_folder
from tinyformer.cli.terminal import UsageError


def add_arguments(parser):
    where = parser.add_argument_group("result")
    where.add_argument(
        "--output", metavar="DIR", help=f"folder for the model's file, NAME-SEED.npz ({described(saved_folder)})"
    )
    where.add_argument("--name", default="seed", help="the first part of the file's name (%(default)s)")
    where.add_argument("--overwrite", action="store_true", help="replace a model that was trained with other settings")


def given(args):
    """Whether one of these options was."""
    return args.output is not None or args.name != "seed" or args.overwrite


def plan(args, configs):
    """One path for each TrainingConfig. UsageError if the folder cannot be written, or a file there is not to be lost.

    A file is replaced only by what comes from the same settings, or with --overwrite. In the folder for saved models,
    which is the default, another name is taken instead.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}", args.name):
        raise UsageError(f"--name must be letters, digits, dots, dashes and underscores, got {args.name!r}")
    if args.output == "":  # as of a variable that is not set: not to be taken for the current folder
        raise UsageError("--output is the name of a folder, got ''")
    folder = writable(args.output, saved_folder)
    paths = []
    for config in configs:
        path, number = folder / f"{args.name}-{config.seed}.npz", 1
        while not args.overwrite and not _replaceable(path, config):
            if args.output is not None:
                raise UsageError(
                    f"{path} was trained with other settings: choose another --output or --name, or --overwrite"
                )
            number += 1
            path = folder / f"{args.name}-{config.seed}-{number}.npz"
        paths.append(path)
    return paths


def writable(given, default):
    """The folder that was given, else the one that `default()` says, made if need be, and tried with a file.

    UsageError if that fails, which blames the option only if it was given.
    """
    try:
        folder = Path(given) if given is not None else default()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except NoDataFolder as error:
        raise UsageError(f"{error}, or give --output") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        if given is not None:
            raise UsageError(f"--output cannot be written: {folder}: {reason}") from None
        raise UsageError(
            f"your data folder cannot be written: {folder}: {reason}; give --output, or set TINYFORMER_DATA to a folder"
        ) from None
    return folder


def _replaceable(path, config):
    if not path.exists():
        return True
    try:
        return load_checkpoint(path).training == config
    except CheckpointError:
        return False
