"""Which operations are trained: --operations First,Max, --operation "Gap=max(x) - min(x)", --table FILE."""

from pathlib import Path

from tinyformer.cli.terminal import UsageError, one_line
from tinyformer.task.formula import FormulaError
from tinyformer.task.operations import BUILT_IN, Operation, OperationError
from tinyformer.task.tables import MOST_CHARACTERS, read_table
from tinyformer.task.task import DEFAULT_TASK, Task


def add_arguments(parser):
    group = parser.add_argument_group("what is learned")
    text = f"built-in operations: {', '.join(BUILT_IN)} (the first five, if nothing else is asked for)"
    group.add_argument("--operations", metavar="LIST", help=text)
    text = "one of your own, a formula over x, the numbers, and n, how many; can be given several times"
    group.add_argument("--operation", action="append", default=[], metavar="NAME=RULE", help=text)
    text = "a CSV of expressions and answers, with names of your own; can be given several times"
    group.add_argument("--table", action="append", default=[], metavar="FILE", help=text)


def are_given(args):
    return args.operations is not None or bool(args.operation or args.table)


def settings(args, max_seq_len):
    """Parsed arguments → the settings of TrainingConfig that they decide. UsageError, in terms of the options."""
    if not are_given(args):
        return {}
    found = [] if args.operations is None else [_built_in(name.strip()) for name in args.operations.split(",")]
    found += [_formula(text) for text in args.operation]
    for file in args.table:
        found += _table(file, max_seq_len).operations
    try:
        task = Task(tuple(found))
    except OperationError as error:
        raise UsageError(error) from None
    lengths = [length for operation in task.listed for length in operation.lengths]
    if not lengths:
        return {"operations": task.operations}
    ends = (min(lengths), max(lengths))
    return {"operations": task.operations, "num_args": ends if ends[0] < ends[1] else ends[0]}


def command_words(config):
    """The operations of a TrainingConfig as options; of a table, which is a file, only its name is known."""
    if config.task == DEFAULT_TASK:
        return []
    names = [operation.name for operation in config.operations if operation.source == "built in"]
    words = ["--operations", ",".join(names)] if names else []
    for operation in config.operations:
        if operation.source == "formula":
            words += ["--operation", f"{operation.name}={operation.rule}"]
        elif operation.is_listed:
            words += ["--table", f"{operation.name}.csv"]
    return words


def _built_in(name):
    """A name, in whatever case → Operation."""
    spelled = {known.lower(): known for known in BUILT_IN}.get(name.lower())
    if spelled is None:
        raise UsageError(f"--operations must be a list of {', '.join(BUILT_IN)}, got {name[:40]!r}")
    return Operation(spelled)


def _formula(text):
    name, equals, rule = text.partition("=")
    if not equals:
        raise UsageError(f'--operation must be a name and a rule such as "Gap=max(x) - min(x)", got {text[:80]!r}')
    try:
        return Operation.of_formula(name, rule)
    except (OperationError, FormulaError) as error:
        raise UsageError(f"--operation: {error}") from None


def _table(file, max_seq_len):
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"--table cannot be read: {file}: {getattr(error, 'strerror', None) or error}") from None
    table = read_table(content, max_seq_len)
    if complaint := table.complaint():
        raise UsageError(f"--table: {one_line(file, 80)}: {complaint}")
    return table
