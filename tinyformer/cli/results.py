"""What came out of a training, as tables: per operation with intervals and baselines, and seeds side by side."""

from tinyformer import accuracy_per_operation
from tinyformer.cli import tables, terminal
from tinyformer.cli.tables import duration, interval, percent
from tinyformer.evaluation.report import baselines


def per_operation(test, train):
    """Print accuracy, interval and baselines of an Evaluation. `train` is what the baselines learn from."""
    rules = {name: accuracy_per_operation(rule) for name, rule in baselines(train, test).items()}
    rows = []
    for index, row in enumerate(accuracy_per_operation(test)):
        if row.total:
            right = f"{row.correct} of {row.total}"
            others = [percent(rule[index].accuracy) for rule in rules.values()]
            rows.append((row.operation, right, percent(row.accuracy), interval(row.low, row.high), *others))
    tables.table(("operation", "right", "accuracy", "95 % interval", "most frequent", "copy first"), rows)


def mistakes(test, most=5):
    """Print what the model answered wrongly, the most certain first."""
    wrong = test.select((~test.correct).nonzero()[0])
    order = (-wrong.confidence).argsort(kind="stable")
    for i in order[:most]:
        said, right = test.task.vocabulary[wrong.predictions[i]], test.task.vocabulary[wrong.targets[i]]
        words = test.task.detokenize(wrong.tokens[i][wrong.mask[i]])
        print(f"  {words} is {right}; it said {said} with {percent(wrong.confidence[i])}")
    if len(wrong) > most:
        print(f"  … and {len(wrong) - most} more")


def compare(trained):
    """Print one column for each Trained, and below them where their models are."""
    done = [one for one in trained if not one.problem]
    terminal.heading("Side by side, on expressions held out from training")
    if done:
        operations = list(zip(*(accuracy_per_operation(one.test) for one in done), strict=True))
        rows = [
            ("right", [f"{one.test.correct.sum()} of {len(one.test)}" for one in done]),
            ("accuracy", [percent(one.test.accuracy) for one in done]),
            ("95 % interval", [interval(*one.test.interval) for one in done]),
            *((row[0].operation, [percent(r.accuracy) for r in row]) for row in operations),
            ("loss", [f"{one.test.loss:.2g}" for one in done]),
            ("best step", [f"{one.trainer.best_step:,}" for one in done]),
            ("training time", [duration(one.seconds) for one in done]),
        ]
        tables.side_by_side([f"seed {one.seed}" for one in done], rows)
        mean = sum(one.test.accuracy for one in done) / len(done)
        worst = min(done, key=lambda one: one.test.accuracy)
        worst_of_all = f"{percent(worst.test.accuracy, 2)} (seed {worst.seed})"
        print(f"\n  mean of {len(done)} seeds {percent(mean, 2)}, worst {worst_of_all}")
    for one in trained:
        if one.problem:
            print(f"  seed {one.seed}: no model. {terminal.one_line(one.problem)}")
