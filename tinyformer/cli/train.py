"""`train`: make one model, or one for each seed; on a terminal as a walk through all that happens."""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

from tinyformer import DivergenceError, Evaluation, MetricsTracker, Trainer, TrainingConfig
from tinyformer.cli import operations, outputs, results, runs
from tinyformer.cli.options import FLAGS, add_config_options, training_configs, whole
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import duration, percent
from tinyformer.cli.terminal import UsageError, paint, say
from tinyformer.cli.walk import Walk
from tinyformer.runs.finish import save_trained

HELP = "train a model, or one for each of several seeds"
USAGE = "[options]"
EXAMPLES = (
    ("", "step by step, with explanations"),
    ("--size small --epochs 30 --no-interactive", "without"),
    ("--seeds 42,123,7", "three seeds, and a table side by side"),
    ("--seeds 42,123,7 --output checkpoints --no-interactive", "the shipped models again, bit for bit"),
    ("--layers 1 --heads 1 --positions none", "another model"),
    ('--operations Max,Sum --operation "Gap=max(x) - min(x)"', "other operations, one of them your own"),
    ("--run my-run", "a run: paused, killed and resumed, it ends the same"),
)
NOTES = """\
Without --output the model goes into your folder of saved models, where the dashboard finds it, under a name that is
free. In a folder of your own, a file of the same name is replaced only if it was trained with the same settings.

A run keeps everything in its directory, NAME-SEED.npz is not written. The exit status is 1 if a training diverged."""


class Trained(NamedTuple):
    """How the training of one seed ended."""

    trainer: Trainer
    seconds: float  # of its steps
    path: Path | None = None  # where the model is; None if it diverged
    test: Evaluation | None = None  # of the test set, with the best weights
    problem: str = ""

    @property
    def seed(self):
        return self.trainer.config.seed


def add_arguments(parser):
    seeds = parser.add_mutually_exclusive_group()
    text = f"of the first weights and the order ({TrainingConfig().seed})"
    seeds.add_argument("--seed", type=whole, default=argparse.SUPPRESS, metavar="N", help=text)
    seeds.add_argument("--seeds", metavar="LIST", help="train several: 42,123,7 or 1-8")
    walk = parser.add_mutually_exclusive_group()
    walk.add_argument("--interactive", action="store_true", help="stop at each stage (the default on a terminal)")
    walk.add_argument("--no-interactive", action="store_true", help="do not")
    outputs.add_arguments(parser)
    add_config_options(parser)
    runs.add_train_options(parser)


def run(args):
    if args.resume is not None:
        given = args.seeds is not None or outputs.given(args) or operations.are_given(args)
        if given or any(hasattr(args, field) for field in FLAGS):
            raise UsageError("--resume goes on with the settings of the run: leave all others out")
        return runs.resume(args.resume)
    configs = training_configs(args, args.seeds)
    if args.run is not None:
        if len(configs) > 1 or outputs.given(args) or args.interactive:
            raise UsageError(
                "--run trains one seed, into its own directory: leave --seeds, --interactive, --output, --name and "
                "--overwrite out"
            )
        return runs.start(configs[0], args.run)
    paths = outputs.plan(args, configs)
    walk = Walk(args.interactive or (not args.no_interactive and sys.stdin.isatty() and sys.stdout.isatty()))
    trained = []
    for config, path in zip(configs, paths, strict=True):
        trained.append(_train_one(config, path, walk, brief=len(configs) > 1))
    if len(trained) > 1:
        results.compare(trained)
    return 1 if any(one.problem for one in trained) else 0


def _train_one(config, path, walk, brief):
    """Train one seed and write its model. A divergence is reported, and ends this seed only.

    `brief`: the details come later, in one table for all.
    """
    try:
        trainer = Trainer(config)
    except ValueError as error:  # a side without expressions
        raise UsageError(error) from None
    walk.before(trainer)
    history = MetricsTracker(config.task.names)
    try:
        _all_steps(trainer, history)
    except DivergenceError as error:
        say(f"error: seed {config.seed}: {error}")
        return Trained(trainer, sum(history.steps["seconds"]), problem=str(error))
    _, test = save_trained(path, trainer, history)
    done = Trained(trainer, sum(history.steps["seconds"]), path, test)
    walk.result(done)
    what = "held-out" if config.split_by == "expression" else "test"
    right = f"{test.correct.sum()} of {len(test)} {what} expressions right, {percent(test.accuracy)}"
    print(f"{paint(f'seed {config.seed}', 'bold')}: {right}; trained in {duration(done.seconds)}")
    if walk.active or not brief:
        results.per_operation(test, trainer.data.train)
        results.mistakes(test)
    walk.after(done)
    print(f"{paint('written to', 'dim')} {path}", flush=True)
    return done


def _all_steps(trainer, history):
    """Train to the end, with progress on standard error."""
    epochs = trainer.config.epochs
    with Progress(trainer.total_steps, f"seed {trainer.config.seed}") as progress:
        validated = ""
        try:
            for record in trainer.records():
                history.record(record)
                if record.validation is not None:
                    validated = f"  validation {percent(record.validation.accuracy)}"
                    text = f"epoch {record.epoch}/{epochs}  loss {record.loss:.4f}{validated}"
                    progress.milestone(f"{text}, loss {record.validation.loss:.4f}")
                progress.update(record.step, f"epoch {record.epoch}/{epochs}  loss {record.loss:.4f}{validated}")
        except KeyboardInterrupt:
            progress.clear()
            raise KeyboardInterrupt(f"stopped at step {trainer.step}; nothing was written for this seed") from None
