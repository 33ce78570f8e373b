"""Which models a command is about, and which expression."""

from tinyformer import ExpressionError, load_checkpoint
from tinyformer.checkpoints.checkpoint import CheckpointError
from tinyformer.checkpoints.folders import find_checkpoint, shipped_checkpoints, shown_at_first, usable_checkpoints
from tinyformer.checkpoints.questions import question_for
from tinyformer.cli.answers import probabilities
from tinyformer.cli.terminal import say
from tinyformer.task.expressions import read_parts


def add_question_arguments(parser, default):
    """An expression and checkpoints in one list of `words`, to be told apart by `divide`. default: in words."""
    text = f'an expression such as "Max(5,3,9)", then files or names of models (default: {default})'
    parser.add_argument("words", nargs="*", metavar="EXPRESSION CHECKPOINT", help=text)
    parser.add_argument("--all", action="store_true", help="all models that ship")


def chosen_models(names, all_that_ship=False):
    """The Checkpoints of these names, else those that ship, or of them those that the page Home shows first.

    CheckpointError if one that was named is unusable. Of those that nobody named, an unusable one is left out, which
    is told where all were asked for; CheckpointError if none is left.
    """
    if names:
        return [load_checkpoint(find_checkpoint(name)) for name in names]
    paths = shipped_checkpoints()
    if not paths:
        raise CheckpointError("no model ships with this installation; name a checkpoint file, or train one")
    usable, problems = usable_checkpoints(paths)
    if not usable:
        raise problems[0]
    if not all_that_ship:
        first = shown_at_first([checkpoint.name for checkpoint in usable])
        return [checkpoint for checkpoint in usable if checkpoint.name in first]
    for problem in problems:
        say(f"left out: {problem}")
    return usable


def answers_to(text, checkpoints):
    """(Checkpoint, Expression, its probabilities (V,)) for each. ExpressionError before any of them was asked."""
    questions = [question_for(text, checkpoint) for checkpoint in checkpoints]
    for checkpoint, expression in zip(checkpoints, questions, strict=True):
        yield checkpoint, expression, probabilities(checkpoint.model, expression)


def divide(words):
    """The words of the command line → (text of the expression or None, names of checkpoints).

    If the first word is an expression, the rest are checkpoints. Otherwise the expression was typed without quotes,
    and ends where the checkpoints begin.
    """
    if words and _is_expression(words[0]):
        return words[0], words[1:]
    end = next((i for i, word in enumerate(words) if _names_checkpoint(word)), len(words))
    return " ".join(words[:end]) if end else None, words[end:]


def _is_expression(word):
    try:
        read_parts(word, 10**6, lambda text, name, position: name)  # whether its model knows it is for later
    except ExpressionError:
        return False
    return True


def _names_checkpoint(word):
    try:
        find_checkpoint(word)
    except CheckpointError:
        return word.endswith(".npz")
    return True
