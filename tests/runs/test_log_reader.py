"""A log that is looked at again and again: the same as when it is read whole, at the cost of what is new."""

import os
import threading

import numpy as np
import pytest

from tinyformer.metrics import EPOCH_COLUMNS, STEP_COLUMNS
from tinyformer.runs import log_reader as module
from tinyformer.runs.contents import EPOCHS as EPOCHS_FILE
from tinyformer.runs.contents import STEPS as STEPS_FILE
from tinyformer.runs.log import read_log
from tinyformer.runs.log_reader import LogReader
from tinyformer.runs.thinning import Stretches


def step_rows(first, last, seed=0):
    """Rows of steps first … last, as of one training; `seed`: of how long each took."""
    steps = np.arange(first, last + 1.0)
    took = np.random.default_rng([seed, first]).uniform(0.001, 0.002, len(steps))
    loss = 2.3 / np.sqrt(steps)
    return np.column_stack([steps, loss, 1 - loss / 4, loss, loss, took])


def epoch_rows(steps, epochs):
    """One epoch is `steps` long."""
    return np.array([[e, e * steps, 1 / e, 1 - 1 / (e + 1), *[0.5] * 5] for e in epochs])


def append(path, rows):
    with open(path, "ab") as file:
        file.write(rows.tobytes())


@pytest.fixture
def bytes_read(monkeypatch):
    """A list of how many bytes were read at each reading."""
    counted = []

    def counting(path, mode="rb", buffering=0):
        file = open(path, mode, buffering=buffering)  # noqa: SIM115  closed by the class below

        class Counting:
            fileno, seek = file.fileno, file.seek
            __enter__, __exit__ = (lambda self: self), lambda self, *_: file.close()

            def read(self, size):
                data = file.read(size)
                counted.append(len(data))
                return data

        return Counting()

    monkeypatch.setattr(module, "open", counting, raising=False)
    return counted


def assert_is_the_log(summary, folder):
    whole = read_log(folder)
    assert (summary.step, summary.epochs.rows) == (whole.step, len(whole.epochs))
    assert summary.seconds == pytest.approx(whole.step_column("seconds").sum())
    for curve, steps, column in (
        (summary.step_curve("loss"), whole.step_column("step"), whole.step_column("loss")),
        (summary.epoch_curve("accuracy"), whole.epoch_column("step"), whole.epoch_column("accuracy")),
    ):
        ends = np.searchsorted(steps, curve[0], side="right")
        assert len(curve[0]) <= 160 and (not len(ends) or ends[-1] == len(steps))
        means = [part.mean() for part in np.split(column, ends[:-1])] if len(ends) else []
        np.testing.assert_allclose(curve[1], means)


def test_a_log_that_grows_is_known_as_if_it_were_read_whole(tmp_path):
    reader, step = LogReader(), 0
    rng = np.random.default_rng(1)
    for _ in range(40):
        more = int(rng.integers(0, 200))
        append(tmp_path / STEPS_FILE, step_rows(step + 1, step + more))
        epochs = range(step // 7 + 1, (step + more) // 7 + 1)
        append(tmp_path / EPOCHS_FILE, epoch_rows(7, epochs).reshape(-1, len(EPOCH_COLUMNS)))
        step += more
        summary = reader.look(tmp_path)
        assert_is_the_log(summary, tmp_path)
    assert summary.step == step > 2_000
    assert summary.pace == pytest.approx(200 / read_log(tmp_path).step_column("seconds")[-200:].sum())
    assert summary.accuracy == read_log(tmp_path).epoch_column("accuracy")[-1]


@pytest.mark.parametrize("steps", [1_000, 100_000])
def test_a_look_costs_what_is_new_and_a_curve_what_can_be_seen(tmp_path, bytes_read, steps):
    append(tmp_path / STEPS_FILE, step_rows(1, steps))
    append(tmp_path / EPOCHS_FILE, epoch_rows(steps // 1_000, range(1, 1_001)))
    reader = LogReader()
    reader.look(tmp_path)
    bytes_read.clear()
    reader.look(tmp_path)
    assert bytes_read == []
    append(tmp_path / STEPS_FILE, step_rows(steps + 1, steps + 250))
    summary = reader.look(tmp_path)
    assert sum(bytes_read) <= (250 + 1) * 8 * len(STEP_COLUMNS) + 8 * len(EPOCH_COLUMNS)  # one row more, to compare
    assert summary.step == steps + 250
    assert 80 <= len(summary.step_curve("loss")[0]) <= 160 and 80 <= len(summary.epoch_curve("loss")[0]) <= 160
    assert len(summary.epoch_curve("Max", 40)[0]) <= 40
    assert sum(array.nbytes for part in (summary.steps, summary.epochs) for array in part[:3]) < 60_000  # in memory


@pytest.mark.parametrize("to", [0, 900, 1_000])
def test_rows_that_were_cut_off_and_made_again_are_read_again(tmp_path, to):
    """A resumed run cuts its log back to its state. The new rows may be more than the old ones at the next look."""
    append(tmp_path / STEPS_FILE, step_rows(1, 1_000))
    append(tmp_path / EPOCHS_FILE, epoch_rows(100, range(1, 11)))
    reader = LogReader()
    reader.look(tmp_path)
    os.truncate(tmp_path / STEPS_FILE, to * 8 * len(STEP_COLUMNS))
    os.truncate(tmp_path / EPOCHS_FILE, to // 100 * 8 * len(EPOCH_COLUMNS))
    assert_is_the_log(reader.look(tmp_path), tmp_path)
    append(tmp_path / STEPS_FILE, step_rows(to + 1, 1_200, seed=1))
    append(tmp_path / EPOCHS_FILE, epoch_rows(100, range(to // 100 + 1, 13)))
    assert_is_the_log(reader.look(tmp_path), tmp_path)
    os.truncate(tmp_path / STEPS_FILE, to * 8 * len(STEP_COLUMNS))
    append(tmp_path / STEPS_FILE, step_rows(to + 1, 1_500, seed=2))
    assert_is_the_log(reader.look(tmp_path), tmp_path)


def test_another_log_in_the_place_of_one_is_read_anew_and_none_is_empty(tmp_path):
    reader = LogReader()
    assert reader.look(tmp_path).step == 0 and len(reader.look(tmp_path).step_curve("loss")[0]) == 0
    append(tmp_path / STEPS_FILE, step_rows(1, 300))
    assert reader.look(tmp_path).step == 300
    append(tmp_path / "other", step_rows(1, 299, seed=3))
    append(tmp_path / "other", step_rows(300, 300))  # it ends as the other did
    os.replace(tmp_path / "other", tmp_path / STEPS_FILE)
    assert_is_the_log(reader.look(tmp_path), tmp_path)
    os.remove(tmp_path / STEPS_FILE)
    assert reader.look(tmp_path).step == 0


def test_half_a_row_and_a_row_out_of_its_place_are_not_taken_for_steps(tmp_path):
    reader = LogReader()
    append(tmp_path / STEPS_FILE, step_rows(1, 10))
    append(tmp_path / EPOCHS_FILE, epoch_rows(6, (1, 2)))  # the second ends after what the log of steps has
    half = step_rows(11, 11).tobytes()
    append(tmp_path / STEPS_FILE, np.frombuffer(half[:24]))
    assert (reader.look(tmp_path).step, reader.look(tmp_path).epochs.rows) == (10, 1)
    append(tmp_path / STEPS_FILE, np.frombuffer(half[24:]))
    append(tmp_path / STEPS_FILE, step_rows(12, 12))
    assert (reader.look(tmp_path).step, reader.look(tmp_path).epochs.rows) == (12, 2)
    append(tmp_path / STEPS_FILE, np.zeros(len(STEP_COLUMNS) * 50))  # as a power failure leaves them
    assert reader.look(tmp_path).step == 12


def test_a_log_that_cannot_be_read_says_so_and_nothing_is_lost(tmp_path):
    reader = LogReader()
    append(tmp_path / STEPS_FILE, step_rows(1, 10))
    (tmp_path / EPOCHS_FILE).mkdir()
    summary = reader.look(tmp_path)
    assert summary.step == 10 and "cannot be read" in summary.problem
    (tmp_path / EPOCHS_FILE).rmdir()
    assert reader.look(tmp_path).problem == ""


def test_memory_is_bounded_and_threads_may_look_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_LOGS", 3)
    reader = LogReader()
    for name in "abcde":
        (tmp_path / name).mkdir()
        append(tmp_path / name / STEPS_FILE, step_rows(1, 100))
        reader.look(tmp_path / name)
    assert len(reader._logs) == 3
    path, found = tmp_path / "e", []

    def look():
        found.extend(reader.look(path).step for _ in range(50))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for step in range(100, 500, 10):
        append(path / STEPS_FILE, step_rows(step + 1, step + 10))
    for thread in threads:
        thread.join()
    assert reader.look(path).step == 500 and set(found) <= set(range(100, 501))
    assert_is_the_log(reader.look(path), path)


@pytest.mark.parametrize("most", [1, 7, 160])
def test_stretches_know_last_mean_least_and_greatest_of_every_row_once(most):
    rng = np.random.default_rng(most)
    data, stretches, done = rng.normal(size=(1_237, 3)), Stretches.of_nothing(3), 0
    while done < len(data):
        more = int(rng.integers(0, 90))
        stretches = stretches.extended(data[done : done + more], most)
        done += more
    for points in (most, 3):
        curve = stretches.curve(1, points)
        assert len(curve.last) <= points and curve.last[-1] == stretches.rows == len(data)
        parts = np.split(data[:, 1], curve.last[:-1])
        np.testing.assert_allclose(curve.mean, [part.mean() for part in parts])
        assert curve.least.tolist() == [part.min() for part in parts]
        assert curve.greatest.tolist() == [part.max() for part in parts]
