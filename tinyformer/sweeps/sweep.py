"""Many seeds trained apart, and one row of figures for each: is a result a property of the method or of its seed?

The seeds go to an executor with the interface of `concurrent.futures`: processes of this machine, or a Dask cluster.
The rows contain no times, so the same configurations give the same table wherever they were trained, on machines whose
NumPy rounds alike.
"""

from concurrent.futures import FIRST_COMPLETED, CancelledError, wait

import numpy as np

from tinyformer.checkpoints.array_file import one_line
from tinyformer.configuration import TrainingConfig
from tinyformer.evaluation.evaluate import accuracy_per_operation, evaluate
from tinyformer.interpret.attention_patterns import extract_attention_weights, normalized_entropy
from tinyformer.sweeps.table import OPERATIONS_COLUMN, PROBLEM, SETTINGS, STEPS, steps_of, table_rows, table_text
from tinyformer.task.datasets import expression_space
from tinyformer.task.task import DEFAULT_TASK, OPERATIONS
from tinyformer.training import DivergenceError, Trainer

GOAL = 0.99  # of accuracy on the validation side, of all expressions or of those of one operation
SECONDS_BETWEEN = 1.0  # looks at whether somebody is at work
STEPS_BETWEEN = 25  # looks at the validation side, until all have reached the goal
MOST_FOR_FOCUS = 500  # expressions over which attention is averaged


def sweep(configs, executor, on_row=None):
    """Train each TrainingConfig on `executor` → a list of rows (dicts), in the order of `configs`.

    `on_row(row, seconds)` is called as each is done, in any order. A training that diverged has a row too, with the
    reason in "problem", and so has one that was lost, as with a worker that died. A ValueError is raised, since it is
    one of the settings, and so is what the executor's `require_workers` raises, which is asked now and then if there is
    such a method. What was not begun is then cancelled.
    """
    futures = {executor.submit(train_row, config.to_dict()): place for place, config in enumerate(configs)}
    rows, pending = [None] * len(futures), set(futures)
    require_workers = getattr(executor, "require_workers", lambda: None)
    try:
        while pending:
            done, pending = wait(pending, SECONDS_BETWEEN, return_when=FIRST_COMPLETED)
            for future in done:
                place = futures[future]
                rows[place], seconds = _row(future, configs[place])
                if on_row is not None:
                    on_row(rows[place], seconds)
            require_workers()
    except BaseException:
        for future in futures:
            future.cancel()
        raise
    return rows


def _row(future, config):
    """What came of a training → (row, seconds). A row is taken only if it could be read again from a table."""
    try:
        result = future.result()
    except (ValueError, CancelledError):
        raise
    except Exception as error:  # what comes from other processes and machines can be anything
        problem = str(error) if isinstance(error, RuntimeError) else f"{type(error).__name__}: {error}"
    else:
        try:
            row, seconds = result
            return table_rows(table_text([row]))[0], seconds
        except (ValueError, TypeError, AttributeError) as error:
            problem = error
    return settings_of(config) | {PROBLEM: one_line(problem)}, 0.0


def settings_of(config):
    """The columns of a row that are known before its training."""
    settings = vars(config) | {"parameters": config.model.num_parameters}
    row = {name: settings[name] for name in SETTINGS}
    own = config.task != DEFAULT_TASK
    return row | {OPERATIONS_COLUMN: "; ".join(map(str, config.operations))} if own else row


def train_row(settings):
    """TrainingConfig.to_dict() → (row, seconds of training steps). Runs in a worker."""
    config = TrainingConfig.from_dict(settings)
    row, trainer, goals, seconds = settings_of(config), Trainer(config), Goals(config.task.names), 0.0
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a divergence has its own words
            for record in trainer.records():
                seconds += record.seconds
                if goals.open and record.step % STEPS_BETWEEN == 0:
                    goals.look(record.step, evaluate(trainer.model, trainer.data.validation))
    except DivergenceError as error:
        return row | {PROBLEM: str(error)}, seconds
    test = trainer.finish()
    whole_space = expression_space(config.task.space_length, config.data_seed, config.shares, config.task)
    space = evaluate(trainer.model, whole_space)
    row |= {
        **goals.reached,
        "best_step": trainer.best_step,
        "test_correct": int(test.correct.sum()),
        "test_total": len(test),
        "test_loss": test.loss,
        "all_correct": int(space.correct.sum()),
        "all_total": len(space),
    }
    return row | head_focus(trainer.model, trainer.data.test), seconds


class Goals:
    """When a training was first seen to have GOAL of the validation side right: of all, and of each operation.

    It may have been less again later. An operation has about 100 expressions there: none or one of them is wrong then.
    """

    def __init__(self, operations=OPERATIONS):
        self.columns = steps_of(operations)
        self.reached = dict.fromkeys((STEPS, *self.columns.values()))  # column → step, None until then
        self.open = True  # whether one is not reached yet

    def look(self, step, evaluation):
        """Take note of an Evaluation of the validation side after `step`."""
        rows = {self.columns[row.operation]: row.accuracy for row in accuracy_per_operation(evaluation) if row.total}
        rows[STEPS] = evaluation.accuracy
        for name, accuracy in rows.items():
            if self.reached[name] is None and accuracy >= GOAL:
                self.reached[name] = step
        self.open = any(self.reached[name] is None for name in rows)


def head_focus(model, examples):
    """{"entropy_1_1": …}: the mean normalized entropy of each head, by block and head from 1, on the rows that are
    read: the first token's with first-token pooling, else all."""
    tokens, mask = examples.tokens[:MOST_FOR_FOCUS], examples.mask[:MOST_FOR_FOCUS]
    entropy = normalized_entropy(extract_attention_weights(model, tokens, mask), mask)  # (L, B, H, T)
    if model.config.pooling == "first":
        mean = entropy[..., 0].mean(axis=1)  # (L, H)
    else:
        mean = (entropy * mask[:, None, :]).sum(axis=(1, 3)) / mask.sum()
    return {f"entropy_{i + 1}_{j + 1}": float(value) for i, row in enumerate(mean) for j, value in enumerate(row)}
