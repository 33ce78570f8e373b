"""`bench`: how fast this machine trains and answers, and how the cost of a step grows."""

from tinyformer import MetricsTracker, Trainer, TrainingConfig, benchmark, evaluate, expression_space
from tinyformer.cli import tables
from tinyformer.cli.progress import Progress
from tinyformer.cli.tables import duration, percent
from tinyformer.cli.terminal import heading

HELP = "measure the speed of training and answering, without peers"
USAGE = "[--quick]"
EXAMPLES = (
    ("", "a medium training, and how the cost of a step grows: about a minute"),
    ("--quick", "without these two"),
)
NOTES = """\
Times are medians on one core, and those of this moment: other programs share the machine. The comparison with PyTorch
and JAX is a program of its own, tests/benchmarks/training_step.py: only a ratio within one run says who is faster."""


def add_arguments(parser):
    parser.add_argument("--quick", action="store_true", help="only what takes seconds")


def run(args):
    heading("The default model, float32")
    step = benchmark.step_milliseconds()
    _line("a training step, batch 32, 6 tokens", f"{step:.2f} ms")
    _line("examples per second", f"{32_000 / step:,.0f}")
    reached = benchmark.time_to_accuracy(TrainingConfig())
    _line(
        "to 99 % of the validation side",
        f"{reached.seconds:.2f} s, {reached.steps} steps" if reached.seconds else "not reached",
    )
    if args.quick:
        return 0
    model, seconds, test = _medium()
    _line("a medium training, 20 epochs", f"{duration(seconds)}, held out {percent(test.accuracy, 2)}")
    memory = benchmark.peak_megabytes()
    _line("its peak memory, the whole process", f"{memory:.0f} MB" if memory else "unknown here")
    _line("all 5,000 expressions", f"{benchmark.whole_space_seconds(model):.3f} s")
    space = evaluate(model, expression_space())
    _line("of which it answers right", f"{int(space.correct.sum()):,}")
    heading("How the cost of a step grows, one change at a time")
    rows = [
        (cost.what, cost.value or "", f"{cost.milliseconds:.2f}", f"{cost.ratio:.2f}") for cost in benchmark.costs()
    ]
    tables.table(("", "", "ms", "× default"), rows)
    heading("Draws: to draw, split and pad them")
    tables.table(
        ("draws", "s"), [(f"{count:,}", f"{seconds:.2f}") for count, seconds in benchmark.data_seconds()], align=">>"
    )
    return 0


def _medium():
    """Train the default configuration → (model, seconds in all, Evaluation on the test side)."""
    trainer, history = Trainer(TrainingConfig()), MetricsTracker()
    with Progress(trainer.total_steps, "training") as progress:
        for record in trainer.records():
            history.record(record)
            progress.update(record.step, f"loss {record.loss:.3f}")
    return trainer.model, sum(history.steps["seconds"]), trainer.finish()


def _line(what, value):
    print(f"  {what:<38}{value}", flush=True)
