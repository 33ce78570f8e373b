"""Training: one step, and a generator that yields one record per step.

Everything random is a function of the seeds and the step (the order of an epoch, the dropout of a step), so a training
that is interrupted and goes on from its parameters, moments and step count ends at the very same weights.
"""

import math
import time
from typing import NamedTuple

import numpy as np

from tinyformer.evaluation.evaluate import accuracy_per_operation, evaluate
from tinyformer.loss import CrossEntropyLoss
from tinyformer.optimizer import SCHEDULES, SGD, Adam, clip_by_global_norm, gradient_norm
from tinyformer.task.training_data import prepare_data
from tinyformer.transformer import Transformer

DIVERGED_LOSS = 50.0  # times ln V, the loss of an even guess


class DivergenceError(ArithmeticError):
    """Training left the range of numbers in which it can recover. `step` is where."""

    def __init__(self, step, loss, learning_rate):
        super().__init__(step, loss, learning_rate)  # what pickle rebuilds it from, when it comes from another process
        self.step, self.loss, self.learning_rate = step, loss, learning_rate

    def __str__(self):
        return (
            f"training diverged at step {self.step}: the loss is {self.loss:.4g} with a learning rate of "
            f"{self.learning_rate:.4g}; try a smaller one"
        )


class Validation(NamedTuple):
    """The state of the model at the end of an epoch, on expressions it is not trained on."""

    loss: float
    accuracy: float
    per_operation: tuple[float, ...]  # accuracies, in the order of the task's operations


class StepRecord(NamedTuple):
    """One training step. `validation` is there after the last step of each epoch."""

    step: int  # from 1
    epoch: int  # from 1
    loss: float  # of the batch, before the step, in nats
    accuracy: float  # of the batch, before the step
    gradient_norm: float  # before clipping
    learning_rate: float
    seconds: float  # of this step, validation not included
    validation: Validation | None = None


def compute_gradients(model, inputs, targets, loss_fn, mask=None, rng=None):
    """Forward and backward: leave the gradient of the mean loss in the model; return (loss, accuracy) of the batch."""
    model.zero_grad()
    logits, tape = model.forward(inputs, mask, rng)
    loss, loss_tape = loss_fn.forward(logits, targets)
    model.backward(loss_fn.backward(loss_tape), tape)
    return loss, float(np.count_nonzero(logits.argmax(axis=1) == targets)) / len(targets)


def train_step(model, inputs, targets, loss_fn, optimizer, mask=None, rng=None, clip_norm=None):
    """One step on a batch: inputs (B, T), targets (B,), mask (B, T). Return (loss, accuracy) of the batch before it.

    `rng`, a Generator, switches dropout on. `clip_norm` bounds the norm of all gradients together.
    """
    loss, accuracy = compute_gradients(model, inputs, targets, loss_fn, mask, rng)
    if clip_norm is not None:
        clip_by_global_norm(model.get_parameters(), clip_norm)
    optimizer.step()
    return loss, accuracy


def make_optimizer(model, config):
    """The optimizer that a TrainingConfig asks for."""
    if config.optimizer == "sgd":
        return SGD(model.get_parameters, config.learning_rate, config.momentum)
    return Adam(model.get_parameters, config.learning_rate, weight_decay=config.weight_decay, decay_of=config.decay_of)


class Trainer:
    """One training, from its configuration to its best weights.

    `records()` trains and can be left and entered again at any step. The weights with the best validation accuracy
    (of equals, the lower loss) are kept in `best_vector`. `finish()` puts them into the model and looks at the test
    set, once.
    """

    def __init__(self, config):
        self.config = config
        self.data = prepare_data(config)
        self.model = Transformer(config.model, seed=config.seed)
        self.optimizer = make_optimizer(self.model, config)
        self.loss_fn = CrossEntropyLoss()
        self.step = 0
        self.best_vector, self.best_step, self.best_score = self.model.vector.copy(), 0, (-1.0, 0.0)
        self.steps_per_epoch = math.ceil(len(self.data.train.targets) / config.batch_size)
        self.total_steps = config.epochs * self.steps_per_epoch

    def records(self):
        """Train from here to the last step; yield a StepRecord after each. Raises DivergenceError."""
        order = None
        while self.step < self.total_steps:
            epoch, position = divmod(self.step, self.steps_per_epoch)
            if order is None or position == 0:
                order = np.random.default_rng([self.config.seed, 1, epoch]).permutation(len(self.data.train.targets))
            chosen = order[position * self.config.batch_size :][: self.config.batch_size]
            with np.errstate(over="ignore", invalid="ignore"):  # reported as divergence, not as a warning
                record = self._train_one(epoch + 1, self.data.train.take(chosen))
            yield record

    def _train_one(self, epoch, batch):
        """One step on a batch (B expressions), and the validation if it ends the epoch."""
        config, started = self.config, time.perf_counter()
        step = self.step + 1
        rate = SCHEDULES[config.schedule](config.learning_rate, step, self.total_steps, config.warmup_steps)
        rng = np.random.default_rng([config.seed, 2, step]) if config.model.dropout else None
        loss, accuracy = compute_gradients(self.model, batch.tokens, batch.targets, self.loss_fn, batch.mask, rng)
        norm = gradient_norm(self.model.get_parameters())
        if not math.isfinite(norm) or not loss < DIVERGED_LOSS * math.log(config.model.vocab_size):
            raise DivergenceError(step, loss, rate)  # before the step: the weights are those that gave this loss
        if config.clip_norm is not None:
            clip_by_global_norm(self.model.get_parameters(), config.clip_norm, norm)
        self.optimizer.learning_rate = rate
        self.optimizer.step()
        self.step = step
        seconds = time.perf_counter() - started
        validation = self._validate() if step % self.steps_per_epoch == 0 else None
        return StepRecord(step, epoch, loss, accuracy, norm, rate, seconds, validation)

    def _validate(self):
        """Measure on the validation set, and keep the weights if they are the best so far."""
        result = evaluate(self.model, self.data.validation)
        if math.isfinite(result.loss) and (result.accuracy, -result.loss) > self.best_score:
            self.best_score, self.best_step = (result.accuracy, -result.loss), self.step
            self.best_vector[:] = self.model.vector
        return Validation(result.loss, result.accuracy, tuple(row.accuracy for row in accuracy_per_operation(result)))

    def finish(self):
        """Put the best weights into the model and return its Evaluation on the test set.

        Stopped within an epoch, the present weights are measured once more: they may be the best, or the first.
        """
        if self.step % self.steps_per_epoch:
            self._validate()
        self.model.vector[:] = self.best_vector
        return evaluate(self.model, self.data.test)
