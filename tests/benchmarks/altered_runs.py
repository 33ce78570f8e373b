"""What is not as it was written is not shown as if it were: `python tests/benchmarks/altered_runs.py [times]` (400).

A file of a run (log, state, status, snapshot) is altered at random: bits, cuts, gaps, swaps, files of other runs, older
files. What the run then says is compared with what was written, before and after it is resumed.
"""

import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from tinyformer import TrainingConfig, TransformerConfig, load_checkpoint
from tinyformer.metrics import STEP_COLUMNS
from tinyformer.runs import Run, RunError, create_run, train_run, training

TINY = TransformerConfig(embed_dim=8, num_heads=2, num_layers=1, ffn_dim=16)
FILES = ("steps.f64", "epochs.f64", "state.npz", "status.json", "snapshots")
SECONDS = STEP_COLUMNS.index("seconds")  # the one column that another training has otherwise


def flip(data, chance):
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def overwrite(data, chance):
    place, length = chance.randrange(len(data)), chance.randint(1, 100)
    return (data[:place] + chance.randbytes(length))[: len(data)] + data[place + length :]


def cut(data, chance):
    return data[: chance.randrange(len(data))]


def gap(data, chance):
    place = chance.randrange(len(data))
    return data[:place] + data[place + chance.choice((1, 8, 48, 72, 480)) :]


def twice(data, chance):
    place = chance.randrange(0, len(data), 48)
    return data[: place + 48] + data[place:]


def exchange(data, chance):
    a, b = sorted(chance.sample(range(0, max(len(data) - 48, 97), 48), 2))
    return data[:a] + data[b : b + 48] + data[a + 48 : b] + data[a : a + 48] + data[b + 48 :]


def zeros(data, chance):
    place = chance.randrange(0, len(data), 8)
    return data[:place] + bytes(8) + data[place + 8 :]


ALTERATIONS = (flip, flip, flip, overwrite, cut, gap, twice, exchange, zeros)


class Originals:
    """Three trainings: paused in the middle, with steps after its state; the same one earlier; one of another seed."""

    def __init__(self, folder):
        self.config = TrainingConfig(num_examples=800, epochs=6, model=TINY)  # 114 steps or so
        taken = []

        def pause(at):
            return lambda: "pause" if len(taken) >= at else None

        training.FLUSH_SECONDS = 0.0  # asked after each step
        run = create_run(self.config, folder / "paused")
        train_run(run, pause(40), taken.append)
        shutil.copytree(run.path, folder / "earlier")
        train_run(run, pause(90), taken.append)
        self.paused, self.earlier = run.path, folder / "earlier"
        finished = shutil.copytree(run.path, folder / "finished")
        train_run(Run(finished))
        self.finished = finished
        with open(self.paused / "steps.f64", "ab") as file:  # as if it had been killed some steps after its state
            file.write((finished / "steps.f64").read_bytes()[90 * 48 : 97 * 48])
        self.other = create_run(TrainingConfig(num_examples=800, epochs=6, seed=7, model=TINY), folder / "other").path
        train_run(Run(self.other), pause(150), taken.append)
        log = Run(finished).log()
        self.steps, self.epochs, self.model = (
            log.steps,
            log.epochs,
            load_checkpoint(finished / "model.npz").model.vector,
        )
        self.snapshots = {step: Run(finished).snapshot(step).vector for step in Run(finished).snapshot_steps()}


def alter(path, originals, chance):
    """Alter one of its files → what was done, in words."""
    name = chance.choice(FILES)
    if name == "snapshots":
        name = f"snapshots/{chance.choice(sorted((path / name).iterdir())).name}"
    if chance.random() < 0.2:
        source = chance.choice((originals.other, originals.earlier, originals.finished, path))
        if name.startswith("snapshots"):
            candidates = sorted((source / "snapshots").iterdir())
            same_name = [file for file in candidates if file.name == Path(name).name]
            shutil.copy(chance.choice(same_name or candidates), path / "copied")
            (path / "copied").replace(path / name)
        elif source != path:
            shutil.copy(source / name, path / name)
        return f"{Path(name).parts[0]} of {source.name}"
    how, data = chance.choice(ALTERATIONS), (path / name).read_bytes()
    (path / name).write_bytes(how(data, chance))
    return f"{Path(name).parts[0]}: {how.__name__}"


def lies(path, originals, before):
    """What the run at `path` says that was not written, in words."""
    run, found = Run(path), []
    log, status = run.log(), run.status()
    known = log.vouched & ~np.isnan(log.steps[:, 1])
    if not np.array_equal(log.steps[known], originals.steps[: log.step][known]):
        found.append("steps")
    for row in log.epochs[log.epochs_vouched]:
        if not any(np.array_equal(row, true, equal_nan=True) for true in originals.epochs):
            found.append("an epoch")
    if status.state != "damaged" and status not in before:
        found.append("status")
    for step in run.snapshot_steps():
        try:
            if not np.array_equal(run.snapshot(step).vector, originals.snapshots[step]):
                found.append(f"snapshot {step}")
        except RunError:
            pass
    return found


def lies_after_resuming(path, originals):
    """→ (how it ended, what it says then that is not so). Steps made again have taken another time."""
    run = Run(path)
    if run.status().state not in ("finished", "damaged"):
        try:
            train_run(run)
        except RunError:
            return "refused", []
    state = run.status().state
    if state != "finished":
        return state, []
    try:
        model = load_checkpoint(run.model_path)
    except ValueError:  # the status of the finished one came in, the model did not
        return "finished, without a model", []
    found = [] if np.array_equal(model.model.vector, originals.model) else ["weights"]
    log = run.log()
    known = log.vouched & ~np.isnan(log.steps[:, 1])
    if not np.array_equal(log.steps[known][:, :SECONDS], originals.steps[: log.step][known][:, :SECONDS]):
        found.append("steps, resumed")
    loss = np.array(model.history.steps["loss"])
    if not (np.isnan(loss) | (loss == originals.steps[: len(loss), 1])).all():
        found.append("history")
    return "finished, with a gap" if log.problem else "finished", found


def altered_runs(times, chance, folder):
    """→ (alterations that made a run say what was not written, Counter of what became of them)."""
    originals, wrong, counts = Originals(Path(folder)), [], Counter()
    before = {Run(path).status() for path in (originals.paused, originals.earlier, originals.finished)}
    for i in range(times):
        source = chance.choice((originals.paused, originals.paused, originals.finished))
        path = shutil.copytree(source, Path(folder, f"altered-{i}"))
        what = alter(path, originals, chance)
        found = lies(path, originals, before)
        said = bool(Run(path).log().problem) or Run(path).status().state == "damaged"
        ended, later = lies_after_resuming(path, originals)
        counts[("said at once, " if said else "") + ended] += 1
        if found or later:
            wrong.append((source.name, what, found + later))
        shutil.rmtree(path)
    return wrong, counts


def main(times=400):
    with tempfile.TemporaryDirectory() as folder:
        wrong, counts = altered_runs(times, random.Random(2), folder)
    for what, count in sorted(counts.items()):
        print(f"{count:4}  {what}")
    for one in wrong:
        print(*one)
    print(f"shown as confirmed and not what was written: {len(wrong)} of {times}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
