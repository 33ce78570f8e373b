"""Tasks in processes of their own: their results, their errors, and that none is left behind."""

import os
import subprocess
import sys
import time
import types
from concurrent.futures.process import BrokenProcessPool

import pytest

from tinyformer.sweeps.executor import ProcessExecutor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at processes with ps")

# A parent with a task of a minute; it names the processes that it began, and waits.
PARENT = """
import time
from tinyformer.sweeps.executor import ProcessExecutor
executor = ProcessExecutor(2)
tasks = [executor.submit(time.sleep, 60) for _ in range(2)]
while len(executor._processes) < 2:
    time.sleep(0.05)
print(*(process.pid for process in executor._processes), flush=True)
time.sleep(60)
"""


def is_alive(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state) and not state.startswith("Z")


def wait_until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


def test_a_task_runs_in_a_process_of_its_own_and_its_result_comes_back():
    with ProcessExecutor(2) as executor:
        pids = [future.result() for future in [executor.submit(os.getpid) for _ in range(2)]]
        assert executor.submit(max, [1.5, 0.1 + 0.2]).result() == 1.5
        assert executor.submit(min, [1.5, 0.1 + 0.2]).result() == 0.1 + 0.2  # to the last bit
    assert os.getpid() not in pids and len(set(pids)) == 2


def test_what_a_task_prints_is_no_part_of_its_answer():
    with ProcessExecutor(1) as executor:
        assert executor.submit(print, "[1, null]").result() is None


def test_errors_say_what_they_were():
    with ProcessExecutor(1) as executor:
        with pytest.raises(ValueError, match="invalid literal"):
            executor.submit(int, "x").result()
        with pytest.raises(RuntimeError, match="FileNotFoundError"):
            executor.submit(os.listdir, "nowhere").result()


def test_a_process_that_dies_is_an_error_and_not_the_end_of_the_others():
    with ProcessExecutor(1) as executor:
        dead, next_one = executor.submit(os._exit, 3), executor.submit(abs, -1)
        with pytest.raises(BrokenProcessPool, match="exit status 3"):
            dead.result()
        assert next_one.result() == 1


def test_the_main_module_of_the_program_is_not_run_again(tmp_path, monkeypatch):
    """As it would be by multiprocessing. Under Streamlit it is the page, in a program what stands at its end."""
    main = types.ModuleType("__main__")
    main.__file__ = str(tmp_path / "page.py")
    (tmp_path / "page.py").write_text(f"open({str(tmp_path / 'was-run')!r}, 'w')")
    monkeypatch.setitem(sys.modules, "__main__", main)
    with ProcessExecutor(1) as executor:
        assert executor.submit(abs, -1).result() == 1
    assert not (tmp_path / "was-run").exists()


def test_who_leaves_does_not_wait_for_what_is_running():
    executor = ProcessExecutor(1)
    task = executor.submit(time.sleep, 60)
    assert wait_until(lambda: executor._processes)
    (process,) = executor._processes
    began = time.monotonic()
    executor.shutdown(cancel_futures=True)
    assert time.monotonic() - began < 20 and not is_alive(process.pid)
    with pytest.raises(BrokenProcessPool):
        task.result()


def test_no_process_outlives_a_parent_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2 and all(map(is_alive, pids))
        parent.kill()
    assert wait_until(lambda: not any(map(is_alive, pids)))


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
