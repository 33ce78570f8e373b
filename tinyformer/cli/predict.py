"""`predict`: what models answer to an expression, how sure they are, and where the first token looks."""

from tinyformer import ExpressionError, parse_expression
from tinyformer.checkpoint import CheckpointError
from tinyformer.cli import answers, prompt
from tinyformer.cli.choice import chosen_models, expression_for
from tinyformer.cli.terminal import UsageError, heading
from tinyformer.models import find_checkpoint

HELP = "ask a model; without an expression, as often as you like"
USAGE = "[EXPRESSION] [CHECKPOINT ...] [--all]"
EXAMPLES = (
    ('"Max(5,3,9)"', "the best model that ships"),
    ("max 5 3 9", "brackets and commas may be left out"),
    ('"Max(5,3,9)" seed-42 seed-7', "two models"),
    ('"Max(5,3,9)" --all', "all that ship"),
    ("", "a prompt: type expressions, or help"),
    ("< expressions.txt", "an answer to each line"),
)
NOTES = ""


def add_arguments(parser):
    text = 'an expression such as "Max(5,3,9)", then files or names of models (default: the best that ships)'
    parser.add_argument("words", nargs="*", metavar="EXPRESSION CHECKPOINT", help=text)
    parser.add_argument("--all", action="store_true", help="all models that ship")


def run(args):
    text, args.checkpoints = divide(args.words)
    checkpoints = chosen_models(args)
    if not text:
        if len(checkpoints) > 1:
            raise UsageError("the prompt is for one model: leave --all out")
        return prompt.run(checkpoints[0])
    questions = [expression_for(text, checkpoint) for checkpoint in checkpoints]  # refused before anything is shown
    for checkpoint, expression in zip(checkpoints, questions, strict=True):
        show(checkpoint, expression)
    return 0


def show(checkpoint, expression):
    """Print one model's answer."""
    p = answers.probabilities(checkpoint.model, expression.tokens)
    heading(f"{expression} = {answers.verdict(int(p.argmax()), expression.answer_token)}")
    print(f"  {checkpoint.name}; {answers.side(checkpoint, expression)}\n")
    answers.top_five(p)
    print(f"\n  What the first token, {expression.operation}, looks at, in percent")
    answers.first_token_rows(checkpoint.model, expression.tokens)


def divide(words):
    """The words of the command line → (text of the expression, names of checkpoints).

    If the first word is an expression, the rest are checkpoints. Otherwise the expression was typed without quotes,
    and ends where the checkpoints begin.
    """
    if words and _is_expression(words[0]):
        return words[0], words[1:]
    end = next((i for i, word in enumerate(words) if _names_checkpoint(word)), len(words))
    return " ".join(words[:end]), words[end:]


def _is_expression(word):
    try:
        parse_expression(word, max_seq_len=10**6)
    except ExpressionError:
        return False
    return True


def _names_checkpoint(word):
    try:
        find_checkpoint(word)
    except CheckpointError:
        return word.endswith(".npz")
    return True
