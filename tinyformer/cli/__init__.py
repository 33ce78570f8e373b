"""The command line: `python -m tinyformer COMMAND`, or `tinyformer COMMAND` where it is installed.

A command is a module with HELP (one line), USAGE, EXAMPLES (pairs: arguments, what they do), NOTES,
`add_arguments(parser)` and `run(args) -> exit status`, and an entry in COMMANDS. Results go to standard output, all the
rest to standard error. Exit status: 0 done, 1 tried and failed (a training diverged, a gradient is wrong), 2 asked for
what cannot be done (one line says what), 130 interrupted.
"""

import argparse
import os
import re
import sys
import textwrap
from contextlib import suppress

import tinyformer
from tinyformer.checkpoints.checkpoint import CheckpointError
from tinyformer.cli import (
    attention,
    bench,
    dashboard,
    evaluate,
    gradcheck,
    ground_truth,
    models,
    predict,
    runs,
    sweep,
    terminal,
    train,
)
from tinyformer.cli.terminal import UsageError, none_of_that_name, one_line, prepare_streams
from tinyformer.task.expressions import ExpressionError
from tinyformer.training import DivergenceError

COMMANDS = (train, predict, evaluate, attention, gradcheck, bench, models, runs, sweep, ground_truth, dashboard)
COMMANDS = {module.__name__.rpartition(".")[2].replace("_", "-"): module for module in COMMANDS}
EXAMPLES = (
    ('predict "Max(5,3,9)"', "ask the models that Home shows first"),
    ('attention "Max(5,3,9)"', "see where each of its heads looks"),
    ("train", "make a model of your own, step by step"),
    ("evaluate", "the shipped models side by side"),
    ("train --help", "every command has its own help"),
)
TRIED_AND_FAILED, REFUSED, INTERRUPTED, READER_LEFT = 1, 2, 130, 141  # the last as the shell has it for a broken pipe


def main(argv=None):
    """Run one command → exit status."""
    try:
        prepare_streams()
        status = _run(argv)
        sys.stdout.flush()
        return status
    except SystemExit as request:  # --help and --version
        return request.code or 0
    except (UsageError, CheckpointError, ExpressionError) as error:
        return _fail(error, REFUSED)
    except (DivergenceError, MemoryError) as error:
        return _fail(str(error) or "there is not enough memory for this model", TRIED_AND_FAILED)
    except KeyboardInterrupt as interruption:
        return _fail(str(interruption) or "interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read us, such as `head`, has seen enough
        with suppress(OSError, ValueError):  # else Python complains at its end that standard output is closed
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{error.strerror or error}", TRIED_AND_FAILED)


def _run(argv):
    parser = build_parser()
    args, others = parser.parse_known_args(argv)
    if others and args.command != "dashboard":
        parser.error(f"unrecognized arguments: {' '.join(others)}")
    args.others = others
    if args.command is None:
        parser.print_help()
        return 0
    return COMMANDS[args.command].run(args)


def build_parser():
    """The parser of all commands."""
    program = "tinyformer" if not sys.argv[0].endswith("__main__.py") else "python -m tinyformer"
    style = {"formatter_class": _HelpFormatter, "allow_abbrev": False}
    parser = _Parser(
        prog=program,
        usage=f"{program} COMMAND [options]",
        description="A transformer you can watch think.",
        epilog=_epilog(program, EXAMPLES),
        **style,
    )
    parser.add_argument("--version", action="version", version=f"tinyformer {tinyformer.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND ...", title="commands")
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog=_epilog(f"{program} {name}", module.EXAMPLES, module.NOTES),
            usage=f"{program} {name} {module.USAGE}".rstrip(),
            **style,
        )
        module.add_arguments(command)
        command.set_defaults(command=name)
    return parser


def _epilog(program, examples, notes=""):
    """The end of a help text: examples with what they do beside them, or below them where the terminal is narrow."""
    commands = [f"  {program} {arguments}".rstrip() for arguments, _ in examples]
    longest = max(map(len, commands))
    beside = longest + 3 + max(len(what) for _, what in examples) <= terminal.width()
    lines = [
        f"{command.ljust(longest)}   {what}" if beside else f"{command}\n      {what}"
        for command, (_, what) in zip(commands, examples, strict=True)
    ]
    paragraphs = [textwrap.fill(paragraph, terminal.width()) for paragraph in notes.split("\n\n") if paragraph]
    return "\n\n".join(["examples:\n" + "\n".join(lines), *paragraphs])


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Examples stay as they are written; options and what they do stand on one line."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=36, width=terminal.width())


class _Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message):
        message = message.removeprefix("argument ").replace(": must be", " must be")
        unknown = re.match(r"COMMAND .*?: invalid choice: '(.*)' \(choose", message)
        raise none_of_that_name("command", unknown[1], COMMANDS) if unknown else UsageError(message)


def _fail(message, status):
    text = f"error: {one_line(message)}" if status != INTERRUPTED else one_line(message)
    with suppress(OSError):  # nobody reads it: `2>&1 | head -0`
        print(text, file=sys.stderr, flush=True)
    return status
