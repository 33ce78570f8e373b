"""Workers: a bounded number at a time, paused when nobody looks, gone when their server is."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from dashboard import workers as module
from dashboard.turns import Party, in_turn
from dashboard.workers import Workers
from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.runs import RunError, create_run, list_runs, new_run_id

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


class FakeProcess:
    """Trains nothing, and ends when it is told to."""

    returncode = None

    def __init__(self):
        self.stdin = self

    def poll(self):
        return self.returncode

    def kill(self):
        self.returncode = -9

    terminate = kill

    def wait(self):
        pass

    def close(self):
        pass


@pytest.fixture
def crowd(tmp_path, workers, monkeypatch):
    """crowd(side_by_side) → (Workers with fake processes, ask(owner, address=None, count=1), who started)."""

    def make(side_by_side=1):
        here, started = [None], []
        one = workers(side_by_side=side_by_side, address=lambda: here[0])
        monkeypatch.setattr(one, "_start", lambda run: started.append(run.owner) or FakeProcess())

        def ask(owner, address=None, count=1):
            here[0] = address
            with one.room_for(count, owner):
                runs = [create_run(CONFIG, tmp_path / new_run_id(), owner=owner) for _ in range(count)]
                for run in runs:
                    one.submit(run)
            return runs

        return one, ask, started

    return make


def end_one(one):
    """The run that has trained longest ends."""
    next(iter(one._processes.values())).returncode = 0
    one.tick()


def test_ten_visitors_with_sixteen_runs_each_take_turns(crowd):
    one, ask, started = crowd()
    visitors = [f"visitor {number}" for number in range(10)]
    for visitor in visitors:
        for _ in range(2):
            ask(visitor, count=8)
    for _ in range(159):
        end_one(one)
    assert [started[turn * 10 : turn * 10 + 10] for turn in range(16)] == [visitors] * 16


def test_the_queue_says_the_place_at_which_a_run_will_begin(crowd):
    one, ask, started = crowd(side_by_side=3)
    greedy = ask("greedy", count=8)
    (late,) = ask("late")
    assert one.status(greedy[3]).reason.startswith("number 2 ") and one.status(late).reason.startswith("number 1 ")
    end_one(one)
    assert started == ["greedy"] * 3 + ["late"]
    assert [one.status(run).reason[:9] for run in greedy[3:]] == [f"number {n} " for n in range(1, 6)]


def test_the_next_place_is_theirs_who_have_the_fewest(crowd):
    """One's long runs would otherwise come to hold all places, while the short ones of another pass through one."""
    one, ask, started = crowd(side_by_side=2)
    ask("long", count=4)
    ask("short", count=4)
    for _ in range(4):
        next(process for name, process in one._processes.items()
             if one._runs[name].owner == "short" or started.count("short") == 0).returncode = 0  # fmt: skip
        one.tick()
    assert started == ["long", "long", "short", "short", "short", "short"]


def test_cookies_of_one_address_share_its_turns_and_its_places(crowd):
    one, ask, started = crowd()
    ask("first cookie", "192.0.2.1", count=8)
    ask("second cookie", "192.0.2.1", count=7)
    ask("another", "192.0.2.2", count=8)
    with pytest.raises(
        RunError, match=r"at most 16 runs from one network address .* and 15 do: 1 of these 8 would fit"
    ):
        ask("third cookie", "192.0.2.1", count=8)
    for _ in range(8):
        end_one(one)
    assert started[1::2] == ["another"] * 4
    assert started[::2] == ["first cookie", "second cookie"] * 2 + ["first cookie"]


def test_a_class_behind_one_address_can_be_given_more_places(crowd, monkeypatch):
    monkeypatch.setenv("TINYFORMER_PER_ADDRESS", "40")
    _, ask, _ = crowd()
    for pupil in range(5):
        ask(f"pupil {pupil}", "192.0.2.1", count=8)
    with pytest.raises(RunError, match="at most 40 runs from one network address"):
        ask("late", "192.0.2.1")


def test_what_is_refused_leaves_no_folder_and_says_which_limit(crowd, tmp_path):
    one, ask, _ = crowd()
    ask("me", count=11)
    before = set(tmp_path.iterdir())
    with pytest.raises(
        RunError, match="at most 16 runs can train or wait at a time, and 11 do: 5 of these 8 would fit"
    ):
        ask("me", count=8)
    ask("me", count=5)
    for number in range(9):
        ask(f"visitor {number}", count=16)
    with pytest.raises(RunError, match=r"at most 160 runs on this server .* and 160 do"):
        ask("one more")
    assert len(set(tmp_path.iterdir()) - before) == 5 + 9 * 16
    end_one(one)
    ask("one more")  # there is room again


def test_a_start_of_several_that_fails_in_the_middle_leaves_none(folder, monkeypatch):
    from dashboard import visitor_runs

    created = []

    def create(config, **description):
        if len(created) == 3:
            raise OSError(28, "No space left on device")
        created.append(create_run(config, **description))
        return created[-1]

    monkeypatch.setattr(visitor_runs, "create_run", create)
    with pytest.raises(OSError, match="No space"):
        visitor_runs.start([CONFIG] * 8)
    assert len(created) == 3 and list_runs() == []


def test_turns_are_those_that_a_simulation_takes():
    """The order of the queue is computed at once; here place by place, as places become free."""
    rng = np.random.default_rng(2)
    for _ in range(200):
        parties = [Party(f"owner {o}", rng.choice([None, "a", "b"])) for o in range(rng.integers(1, 6))]
        some = [parties[i] for i in rng.integers(0, len(parties), rng.integers(1, 12))]
        training = [parties[i] for i in rng.integers(0, len(parties), rng.integers(0, 4))]
        turns = {key: int(rng.integers(0, 9)) for party in parties for key in party.keys if rng.random() < 0.6}
        waiting, order = dict(enumerate(some)), in_turn(dict(enumerate(some)), training, turns)
        for count, name in enumerate(order):
            assert in_turn(waiting, training, turns)[0] == name
            training = [*training, waiting.pop(name)]
            turns = turns | dict.fromkeys(training[-1].keys, 100 + count)


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="niceness is a Unix thing")
def test_a_worker_is_nicer_than_its_server(tmp_path, workers):
    one = workers()
    one.submit(create_run(CONFIG, tmp_path / "run"))
    (process,) = one._processes.values()
    nicer = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    wait_for(lambda: os.getpriority(os.PRIO_PROCESS, process.pid) == nicer)  # from its first step on
