"""Workers: a bounded number at a time, paused when nobody looks, gone when their server is."""

import os
import subprocess
import sys
import time

import pytest

from dashboard import workers as module
from dashboard.workers import Workers
from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.runs import RunError, create_run

CONFIG = TrainingConfig(
    num_examples=1_000, epochs=1_000, model=TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
)
SERVER = """
import sys, time
from dashboard.workers import Workers
from tinyformer.runs import find_run
Workers().submit(find_run(sys.argv[1]))
print("started", flush=True)
time.sleep(100)
"""


@pytest.fixture
def workers():
    made = []

    def make(**settings):
        made.append(Workers(**settings))
        return made[-1]

    yield make
    for one in made:
        for process in one._processes.values():
            process.kill()
            process.wait()


def wait_for(condition, tick=lambda: None, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        tick()
        time.sleep(0.05)


def test_what_finds_no_place_waits_says_so_and_follows(tmp_path, workers):
    first, second = (create_run(CONFIG, tmp_path / name) for name in ("first", "second"))
    few = workers(side_by_side=1)
    few.submit(first)
    few.submit(second)
    assert few.status(first).state == "running"
    assert few.status(second).state == "queued" and "number 1" in few.status(second).reason
    wait_for(lambda: first.log().step > 0)
    few.pause(first)
    wait_for(lambda: second.log().step > 0, few.tick)
    assert few.status(first).state == "paused"
    first.delete()  # a worker has left nothing in it that is not a run's
    assert not first.path.exists()


@pytest.mark.parametrize("said, number", [("1", 1), ("0", 1), ("many", module.SIDE_BY_SIDE), ("", module.SIDE_BY_SIDE)])
def test_how_many_train_side_by_side_is_a_setting(monkeypatch, said, number):
    monkeypatch.setenv("TINYFORMER_WORKERS", said)
    assert Workers().side_by_side == number
    assert max(3, module.CORES) == module.SIDE_BY_SIDE  # three seeds are watched together


def test_with_nobody_connected_a_run_pauses_with_its_state(tmp_path, workers):
    run = create_run(CONFIG, tmp_path / "run")
    here = [True]
    lonely = workers(connected=lambda owner: here[0], patience=0.5)
    lonely.submit(run)
    wait_for(lambda: run.log().step > 0, lonely.tick)
    here[0] = False
    wait_for(lambda: lonely.status(run).state == "paused", lonely.tick)
    assert (run.path / "state.npz").is_file()
    wait_for(lambda: not lonely._processes, lonely.tick)


def test_a_worker_is_gone_when_its_server_was_killed(tmp_path):
    run = create_run(CONFIG, tmp_path / "run")
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(run.path)], stdout=subprocess.PIPE, text=True)
    server.stdout.readline()
    wait_for(lambda: run.log().step > 0)
    server.kill()
    server.wait()
    server.stdout.close()
    wait_for(lambda: run.status().state == "paused", seconds=20)
    assert (run.path / "state.npz").is_file()


def test_a_run_that_cannot_begin_says_why(tmp_path, workers):
    run = create_run(CONFIG, tmp_path / "run")
    (run.path / "state.npz").write_bytes(b"not a state")
    one = workers()
    one.submit(run)
    wait_for(lambda: one.status(run).state == "failed", one.tick)
    assert "run is damaged" in one.status(run).reason


def test_one_owner_cannot_take_all_places(tmp_path, workers, monkeypatch):
    monkeypatch.setattr(module, "MOST_PER_OWNER", 2)
    full = workers(side_by_side=1)
    for name in ("a", "b"):
        full.submit(create_run(CONFIG, tmp_path / name, owner="me"))
    with pytest.raises(RunError, match="at most 2 runs"):
        full.submit(create_run(CONFIG, tmp_path / "c", owner="me"))
    full.submit(create_run(CONFIG, tmp_path / "d", owner="you"))


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="niceness is a Unix thing")
def test_a_worker_is_nicer_than_its_server(tmp_path, workers):
    one = workers()
    one.submit(create_run(CONFIG, tmp_path / "run"))
    (process,) = one._processes.values()
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
