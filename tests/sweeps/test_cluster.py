"""A Dask cluster is looked at before the first row: who has other versions is named, and so is that nobody is there."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tinyformer import TrainingConfig, TransformerConfig
from tinyformer.cli import main
from tinyformer.sweeps import cluster as cluster_module
from tinyformer.sweeps.cluster import NobodyWorks, cluster, run_like
from tinyformer.sweeps.journal import versions
from tinyformer.sweeps.sweep import settings_of, sweep

distributed = pytest.importorskip("distributed", reason="needs Dask: pip install tinyformer[dask]")
pytestmark = pytest.mark.dask

TINY = ["--examples", "200", "--epochs", "1", "--width", "8", "--heads", "2", "--ffn-dim", "8"]
MODEL = TransformerConfig(embed_dim=8, num_heads=2, ffn_dim=8)
CONFIGS = [TrainingConfig(num_examples=200, epochs=1, seed=seed, model=MODEL) for seed in (3, 1, 2)]


@pytest.fixture(scope="module")
def scheduler():
    """A scheduler without workers → a LocalCluster."""
    with distributed.LocalCluster(n_workers=0, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local


@pytest.fixture
def worker(scheduler, tmp_path):
    """worker(packages) → a worker of that cluster in a process of its own, which has these packages before others."""
    begun = []

    def begin(packages=None):
        search = os.pathsep.join([*([str(packages)] if packages else []), os.environ.get("PYTHONPATH", "")])
        arguments = [scheduler.scheduler_address, "--no-dashboard", "--no-nanny", "--nthreads", "1"]
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", *arguments],
                env=os.environ | {"PYTHONPATH": search},
                cwd=tmp_path,
                stderr=subprocess.DEVNULL,
            )
        )
        with distributed.Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(len(begun), timeout=30)
        return begun[-1]

    yield begin
    for process in begun:
        process.kill()
        process.wait()
    with distributed.Client(scheduler, set_as_default=False) as client:
        while client.nthreads():
            time.sleep(0.05)


def said(scheduler, tmp_path, capsys):
    """What the command says of this cluster, in how many seconds, and that it left nothing."""
    began = time.monotonic()
    options = ["--scheduler", scheduler.scheduler_address, "--output", str(tmp_path / "out.csv")]
    assert main(["sweep", "--seeds", "1,2", *TINY, *options]) == 2
    assert time.monotonic() - began < 30 and not list(tmp_path.glob("out.csv*"))
    return capsys.readouterr().err


def test_a_cluster_without_workers_says_what_to_do(scheduler, tmp_path, capsys):
    error = said(scheduler, tmp_path, capsys)
    assert error.count("\n") == 1 and f"no workers: start one with: dask worker {scheduler.scheduler_address}" in error


STUBS = {
    "has tinyformer 0.9.0": ("tinyformer", "__version__ = '0.9.0'"),
    "has no tinyformer": ("tinyformer", "raise ModuleNotFoundError('there is none')"),
}


@pytest.mark.parametrize("reason", STUBS)
def test_a_worker_that_is_not_like_this_process_is_refused_by_name(scheduler, worker, tmp_path, capsys, reason):
    name, source = STUBS[reason]
    stub = tmp_path / "packages" / name
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(source)
    worker(stub.parent)
    error = said(scheduler, tmp_path, capsys)
    assert error.count("\n") == 1 and reason in error and "the worker tcp://" in error


def test_a_worker_of_another_numpy_is_refused_by_name(scheduler, worker, tmp_path, capsys, monkeypatch):
    worker()
    monkeypatch.setattr(cluster_module, "versions", lambda: versions() | {"numpy": "1.0.0"})
    assert "here it is 1.0.0" in said(scheduler, tmp_path, capsys)


def test_a_worker_that_comes_later_is_asked_for_its_versions_too():
    assert run_like(versions(), abs, -1) == 1
    with pytest.raises(RuntimeError, match="expected"):
        run_like(versions() | {"numpy": "1.0.0"}, abs, -1)


def test_a_worker_that_does_not_answer_is_no_reason_to_wait_forever(scheduler, worker, tmp_path, capsys):
    process = worker()
    process.send_signal(signal.SIGSTOP)
    try:
        assert "does not answer" in said(scheduler, tmp_path, capsys)
    finally:
        process.send_signal(signal.SIGCONT)


def test_when_all_workers_are_lost_in_the_middle_it_is_said(scheduler, worker, monkeypatch):
    monkeypatch.setattr(cluster_module, "PATIENCE", 1.0)
    process = worker()
    rows = []

    def on_row(row, seconds):
        rows.append(row["seed"])
        process.kill()

    with (
        pytest.raises(NobodyWorks, match="no workers any more"),
        cluster(scheduler.scheduler_address) as executor,
    ):
        sweep([*CONFIGS, *(TrainingConfig(seed=seed, epochs=2) for seed in (4, 5))], executor, on_row)
    assert rows


def test_the_seeds_of_a_worker_that_is_lost_are_tried_by_another(scheduler, worker):
    first, _ = worker(), worker()
    configs = [TrainingConfig(num_examples=2_000, epochs=2, seed=seed, model=MODEL) for seed in range(6)]
    with cluster(scheduler.scheduler_address) as executor:
        rows = sweep(configs, executor, lambda row, seconds: first.kill())
    assert [row["seed"] for row in rows] == list(range(6)) and not any(row.get("problem") for row in rows)
    assert rows[0].keys() >= settings_of(configs[0]).keys()


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, *sys.argv[1:]]))
