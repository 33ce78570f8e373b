"""`gradcheck`: analytic gradients against central differences, for each layer and the whole model."""

from tinyformer.cli import tables, terminal
from tinyformer.cli.progress import Progress
from tinyformer.cli.terminal import none_of_that_name, paint
from tinyformer.gradient_cases import CASES, check
from tinyformer.gradient_check import TOLERANCE

HELP = "compare every gradient with its numerical value"
USAGE = "[LAYER ...]"
EXAMPLES = (
    ("", "every layer, and the whole model"),
    ("attention loss", "these two"),
)
NOTES = f"""\
Layers: {", ".join(CASES)}.

Every parameter and every input is compared in float64: |a - n| / max(|a|, |n|, largest / 1000). The worst of all has to
be below {TOLERANCE:.0e}. Where the step crosses the kink of a ReLU there is no derivative: those are left out, and
counted. The exit status is 1 if a gradient is wrong."""


def add_arguments(parser):
    parser.add_argument("layers", nargs="*", metavar="LAYER", help="one of those below (default: all)")


def run(args):
    for name in args.layers:
        if name not in CASES:
            raise none_of_that_name("layer", name, CASES)
    names = args.layers or list(CASES)
    rows, wrong = [], []
    with Progress(len(names), "checking") as progress:
        for number, name in enumerate(names):
            progress.update(number, name)
            report = check(name)
            if not report.passed:
                wrong.append(name)
            verdict = paint("exact", "green") if report.passed else paint("WRONG", "red")
            where = f"{report.name}[{', '.join(map(str, report.index))}]"
            rows.append((name, f"{report.checked:,}", report.kinks, f"{report.error:.1e}", verdict, where))
    tables.table(("layer", "compared", "kinks", "worst error", "", "where"), rows, align="<>>><<")
    exact = f"all {len(names)} exact" if len(names) > 1 else f"{names[0]} exact"
    terminal.heading(f"{len(wrong)} of {len(names)} wrong: {', '.join(wrong)}" if wrong else exact)
    return 1 if wrong else 0
