"""What is asked of a model: its operations, in order, and the tokens they are written in.

The first 20 tokens and their ids are the same for every task; the names of further operations stand behind them.

>>> task = Task.of("First", "Max", Operation.of_formula("Gap", "max(x) - min(x)"))
>>> task.names, task.vocab_size
(('First', 'Max', 'Gap'), 21)
>>> task.tokenize("Gap ( 5 3 9 )")
[20, 17, 7, 5, 11, 18]
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tinyformer.task.operations import Operation, OperationError
from tinyformer.task.vocabulary import VOCABULARY, detokenize, tokenize

OPERATIONS = ("First", "Second", "Last", "Max", "Min")  # of the models that ship
MOST_OPERATIONS = 20


@dataclass(frozen=True)
class Task:
    """Operations with different names, at least one. Raises OperationError for anything else.

    It is hashable, and equal to another one of the same operations in the same order.
    """

    operations: tuple[Operation, ...]

    def __post_init__(self):
        if not 1 <= len(self.operations) <= MOST_OPERATIONS:
            raise OperationError(f"a task has 1 to {MOST_OPERATIONS} operations, got {len(self.operations)}")
        if len(self._by_lower_case) != len(self.operations):
            lower = [operation.name.lower() for operation in self.operations]
            double = next(op.name for op in self.operations if lower.count(op.name.lower()) > 1)
            raise OperationError(f"{double} is there twice: operations have different names, capitals apart")

    @classmethod
    def of(cls, *operations):
        """From Operations, names of built-in ones, or what `Operation.to_json` gives."""
        return cls(tuple(map(Operation.from_json, operations)))

    @cached_property
    def names(self):
        return tuple(operation.name for operation in self.operations)

    @cached_property
    def vocabulary(self):
        """The tokens, in the order of their ids."""
        return (*VOCABULARY, *(name for name in self.names if name not in VOCABULARY))

    @property
    def vocab_size(self):
        return len(self.vocabulary)

    @cached_property
    def name_ids(self):
        """(number of operations,) the token id of each."""
        return np.array([self.vocabulary.index(name) for name in self.names])

    @cached_property
    def operation_of_token(self):
        """(V,) index of the operation that a token names, -1 where it names none."""
        found = np.full(self.vocab_size, -1)
        found[self.name_ids] = range(len(self.names))
        return found

    @cached_property
    def _by_lower_case(self):
        return {operation.name.lower(): operation for operation in self.operations}

    def find(self, name):
        """The Operation of this name, in whatever case; None if there is none."""
        return self._by_lower_case.get(name.lower())

    @property
    def listed(self):
        """Those of its operations whose expressions are those of a table."""
        return tuple(operation for operation in self.operations if operation.is_listed)

    def has_length(self, num_args):
        """Whether there are expressions of so many numbers at all."""
        return any(operation.has_lengths(num_args, num_args) for operation in self.operations)

    @property
    def space_length(self):
        """How many numbers the expressions of "the whole space" have: three, or what is nearest to it in its tables."""
        lengths = {length for operation in self.operations for length in operation.lengths or (3,)}
        return min(lengths, key=lambda length: (abs(length - 3), length))

    def tokenize(self, text):
        return tokenize(text, self.vocabulary)

    def detokenize(self, ids):
        return detokenize(ids, self.vocabulary)


DEFAULT_TASK = Task.of(*OPERATIONS)


def task_of(dataset):
    """The Task of a data set, of an Evaluation or of a space; that of the models that ship if it does not say."""
    return getattr(dataset, "task", DEFAULT_TASK)
