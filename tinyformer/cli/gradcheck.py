"""`gradcheck`: analytic gradients against central differences, for each layer and the whole model."""

import difflib

from tinyformer.cli import tables, terminal
from tinyformer.cli.progress import Progress
from tinyformer.cli.terminal import UsageError, paint
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
            close = difflib.get_close_matches(name, CASES, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(CASES)}"
            raise UsageError(f"there is no layer {name!r}: {hint}")
    names = args.layers or list(CASES)
    reports = {}
    with Progress(len(names), "checking") as progress:
        for number, name in enumerate(names):
            progress.update(number, name)
            reports[name] = check(name)
    rows = [
        (
            name,
            f"{report.checked:,}",
            report.kinks,
            f"{report.error:.1e}",
            paint("exact", "green") if report.passed else paint("WRONG", "red"),
            f"{report.name}[{', '.join(map(str, report.index))}]",
        )
        for name, report in reports.items()
    ]
    tables.table(("layer", "compared", "kinks", "worst error", "", "where"), rows, align="<>>><<")
    wrong = [name for name, report in reports.items() if not report.passed]
    terminal.heading(f"{len(wrong)} of {len(names)} wrong: {', '.join(wrong)}" if wrong else f"{_all(names)} exact")
    return 1 if wrong else 0


def _all(names):
    return f"all {len(names)}" if len(names) > 1 else names[0]
