"""What an expression asks of a model: an Expression of the model's own task, or the reason why it is none to it."""

import random
from typing import NamedTuple

import streamlit as st

from dashboard.plain_text import plain
from tinyformer import Expression, ExpressionError, TransformerConfig
from tinyformer.checkpoints.questions import question_for
from tinyformer.task.operations import BUILT_IN
from tinyformer.task.task import Task


class Reader(NamedTuple):
    """Who is asked: a model, or a run."""

    name: str
    task: Task
    config: TransformerConfig

    def question(self, expression):
        """Text or an Expression of whatever task → Expression of this one, or the ExpressionError."""
        known = expression.task.names if isinstance(expression, Expression) else BUILT_IN
        try:
            return question_for(str(expression), self, known)
        except ExpressionError as error:
            return error


def who_knows(models, expression):
    """ShownModels → those that know the operation of the expression; of the others, a sentence in their place."""
    knowing = [shown for shown in models if say_unless_known(shown.question(expression))]
    return tuple(knowing)


def say_unless_known(question):
    """Whether it is an Expression; of an ExpressionError, the reason is placed as a sentence."""
    if isinstance(question, Expression):
        return True
    st.caption(f"{plain(question.reason[:1].upper() + question.reason[1:])}.")
    return False


def of_operation(operation, task, numbers=(5, 3, 9)):
    """An Expression of an Operation of a Task: of these numbers, or, of a table, the first that is in it."""
    if operation.is_listed:
        rows, _ = operation.listed(operation.lengths[0], operation.lengths[0])
        numbers = tuple(rows[0].tolist())
    return Expression(operation.name, numbers, task)


def at_random(tasks):
    """An Expression of one of the operations of these tasks."""
    task = random.choice(tasks)
    operation = random.choice(task.operations)
    if operation.is_listed:
        rows, _ = operation.listed(operation.lengths[0], operation.lengths[0])
        return Expression(operation.name, tuple(random.choice(rows).tolist()), task)
    return Expression(operation.name, tuple(random.randrange(10) for _ in range(3)), task)


def answers(models, expression):
    """{right answer: [names of the models to which it is right]}: an operation may mean another thing elsewhere."""
    found = {}
    for shown in models:
        if isinstance(question := shown.question(expression), Expression):
            found.setdefault(question.answer, []).append(shown.name)
    return found


def titles(operations):
    """{Operation: what it is called}: its name, with the rule behind it where two of them have the same name."""
    names = [operation.name for operation in dict.fromkeys(operations)]
    return {one: one.name if names.count(one.name) == 1 else str(one)[:60] for one in operations}
