"""What somebody typed, as an expression of the models that are asked: a model knows what it was trained on."""

from tinyformer.task.expressions import UnknownOperation, parse_expression
from tinyformer.task.operations import BUILT_IN


def question_for(text, checkpoint, known=BUILT_IN):
    """Text → Expression of this model's task, as long as it can read. Raises ExpressionError.

    It says which model does not know an operation, where the word is one of those that are `known` elsewhere.
    """
    task = checkpoint.task
    try:
        return parse_expression(text, checkpoint.config.max_seq_len, task)
    except UnknownOperation as error:
        name = {name.lower(): name for name in (*BUILT_IN, *known)}.get(error.word.lower())
        if name is None:
            raise
        reason = f"{checkpoint.name} was trained on {', '.join(task.names)}; it does not know {name}"
        raise UnknownOperation(error.word, reason, text, error.position) from None
