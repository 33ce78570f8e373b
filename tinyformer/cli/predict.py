"""`predict`: what models answer to an expression, how sure they are, and where the first token looks."""

from tinyformer.cli import answers, prompt
from tinyformer.cli.choice import add_question_arguments, answers_to, chosen_models, divide
from tinyformer.cli.terminal import UsageError, heading

HELP = "ask a model; without an expression, as often as you like"
USAGE = "[EXPRESSION] [CHECKPOINT ...] [--all]"
EXAMPLES = (
    ('"Max(5,3,9)"', "the models that Home shows first"),
    ("max 5 3 9", "brackets and commas may be left out"),
    ('"Max(5,3,9)" seed-42 seed-7', "two models"),
    ('"Max(5,3,9)" --all', "all that ship"),
    ("", "a prompt: type expressions, or help"),
    ("< expressions.txt", "an answer to each line"),
)
NOTES = ""


def add_arguments(parser):
    add_question_arguments(parser, "those that Home shows first; for the prompt, the first of them")


def run(args):
    text, names = divide(args.words)
    if text is None and (args.all or len(names) > 1):
        raise UsageError("the prompt is for one model: name one, and leave --all out")
    checkpoints = chosen_models(names, args.all)
    if text is None:
        return prompt.run(checkpoints[0])
    for checkpoint, expression, p in answers_to(text, checkpoints):
        heading(f"{expression} = {answers.verdict(p, expression)}")
        print(f"  {checkpoint.name}; {answers.side(checkpoint, expression)}\n")
        answers.top_five(p, checkpoint.task.vocabulary)
        print(f"\n  What the first token, {expression.operation}, looks at")
        answers.first_token_rows(checkpoint.model, expression)
    return 0
