"""`attention`: every head of every block for an expression, as maps in the terminal."""

from tinyformer.cli import answers, terminal
from tinyformer.cli.choice import add_question_arguments, answers_to, chosen_models, divide
from tinyformer.cli.terminal import UsageError
from tinyformer.cli.walk import show_maps

HELP = "show where every head looks, as maps in the terminal"
USAGE = "EXPRESSION [CHECKPOINT ...] [--all]"
EXAMPLES = (
    ('"Max(5,3,9)"', "the first model on Home"),
    ('"First(7,1,1,4)" seed-42 seed-7', "two models"),
    ('"Max(5,3,9)" --all', "all that ship"),
)
NOTES = """\
A row is a token that looks, a column one that is looked at; a row sums to 1. Below each map is its focus: the entropy
divided by the largest possible, 0 for one token, 1 for all alike. "first" is the first token's row, the one that the
answer is read from; "all" is the mean over the rows."""


def add_arguments(parser):
    add_question_arguments(parser, "the first that Home shows")


def run(args):
    text, names = divide(args.words)
    if text is None:
        raise UsageError('of which expression? For example "Max(5,3,9)"')
    checkpoints = chosen_models(names, args.all)[: None if names or args.all else 1]
    for checkpoint, expression, p in answers_to(text, checkpoints):
        terminal.heading(checkpoint.name)
        print(f"  {expression} = {answers.verdict(p, expression)} ({answers.side(checkpoint, expression)})")
        show_maps(checkpoint.model, expression)
    return 0
