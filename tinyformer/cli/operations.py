"""Which operations are trained: --operations First,Max, --operation "Gap=max(x) - min(x)", --table FILE."""

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
    names = [] if args.operations is None else args.operations.split(",")
    found = [*map(_built_in, names), *map(_formula, args.operation)]
    for file in args.table:
        found += _table(file, max_seq_len).operations
    try:
        task = Task(tuple(found))
    except OperationError as error:
        raise UsageError(error) from None
    lengths = sorted({length for operation in task.listed for length in operation.lengths})
    ends = {"num_args": (lengths[0], lengths[-1]) if lengths[1:] else lengths[0]} if lengths else {}
    return {"operations": task.operations, **ends}


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
    spelled = {known.lower(): known for known in BUILT_IN}.get(name.strip().lower())
    if spelled is None:
        raise UsageError(f"--operations must be a list of {', '.join(BUILT_IN)}, got {name.strip()[:40]!r}")
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
        with open(file, "rb") as opened:
            content = opened.read(MOST_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"--table cannot be read: {file}: {getattr(error, 'strerror', None) or error}") from None
    table = read_table(content, max_seq_len)
    if complaint := table.complaint():
        raise UsageError(f"--table: {one_line(file, 80)}: {complaint}")
    return table
