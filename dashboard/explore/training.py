"""View Time: how attention formed. A replay of a model's training makes the snapshots, if there are none."""

from contextlib import suppress

import numpy as np
import streamlit as st

from dashboard import components, visitor_runs
from dashboard.charts import through_time
from dashboard.explore import background
from dashboard.explore.subjects import forget_histories, history, snapshot
from dashboard.plain_text import plain
from tinyformer import load_checkpoint
from tinyformer.interpret import space_patterns
from tinyformer.interpret.sampling import space_of_task
from tinyformer.runs import RunError

RECIPE = """\
from tinyformer import expression_space, load_checkpoint
from tinyformer.interpret import space_patterns
model, space = {model}, expression_space()  # of a moment: Run("…").snapshot(step), from tinyformer.runs
print("entropy by layer", space_patterns(model, space).entropy().mean(axis=(1, 2)).round(4))
print("accuracy", (model.predict(space.tokens).argmax(axis=1) == space.targets).mean())"""
WIDTHS = {1: 520, 2: 330, 3: 200, 4: 130}


def draw(subjects, expression):
    st.markdown(
        "How did the attention of a model form? Training again from the same seeds, on the same machine with the same "
        "software, makes the same model, this time with snapshots on the way, and goes on to the end where the "
        "training was stopped: as soon as they are there, a slider above moves **all that this page shows of the "
        "models on display** through training."
    )
    for subject, column, _ in components.side_by_side(subjects, lambda subject: subject.note):
        with column, suppress(background.NotYet):
            _one(subject, len(subjects))
    components.how_to_read(
        "Lines: the mean normalized entropy of the first token's row in each layer, and the accuracy, on all "
        "expressions that it is asked, at each snapshot; snapshots lie closer together where training has just begun. "
        "The vertical line is the chosen moment. Step 0 is the untrained model: what it shows, training did not make."
    )


def _one(subject, count):
    run = history(subject.shown)
    if subject.shown.checkpoint.training is None:
        st.info("How it was trained is not known: it cannot be replayed.")
        return
    status = visitor_runs.status(run) if run else None
    if run is None or status.state in ("failed", "damaged"):
        if status:
            st.warning(plain(status.reason))
        if st.button("Replay its training", key=f"replay-{subject.name}"):
            try:
                visitor_runs.start([subject.shown.checkpoint.training], [f"replay of {subject.name}"])
            except (RunError, OSError) as error:
                st.error(plain(error))
                return
            forget_histories()
            st.rerun()
        return
    if status.state in ("queued", "running", "paused"):
        _replaying(run, subject.name)
        return
    st.caption(arrival(run, subject.shown))
    key = ("course", str(run.path), run.snapshot_steps()[-1])
    work = background.Work(f"{subject.name}: its snapshots", key, lambda: course_steps(run))
    (rows,) = background.gathered([work])
    moment = subject.step if subject.step is not None else run.snapshot_steps()[-1]
    figure = through_time.over_steps(
        rows, subject.style.color, moment, width=WIDTHS[count], title="Entropy and accuracy"
    )
    components.draw(figure, key=f"course-{subject.name}-{count}")


@st.fragment(run_every=0.7)
def _replaying(run, name):
    status = visitor_runs.status(run)
    if status.state not in ("queued", "running", "paused"):
        st.rerun()
    done = visitor_runs.log(run).step
    st.progress(done / max(status.total_steps, 1), f"Replaying {plain(name)}: {plain(status.state)}, step {done:,}")
    if status.state == "paused":
        if st.button("Go on", key=f"go-on-{name}"):
            visitor_runs.workers().submit(run)
    elif st.button("Pause", key=f"pause-{name}"):
        visitor_runs.workers().pause(run)


def arrival(run, shown):
    """Whether a finished replay arrived at the model's weights, in a sentence."""
    try:
        arrived = load_checkpoint(run.model_path)
    except ValueError as error:
        return f"The replay left no model to compare with: {plain(error)}"
    replayed = arrived.model
    if replayed.vector.tobytes() == shown.model.vector.tobytes():
        return "The replay arrived at exactly these weights, bit for bit."
    tokens = space_of_task(arrived.task).tokens
    same = int((replayed.predict(tokens).argmax(axis=1) == shown.model.predict(tokens).argmax(axis=1)).sum())
    largest = float(np.abs(replayed.vector - shown.model.vector).max())
    why = (
        "Another machine, or another version of NumPy or of this program, rounds differently, and training makes much "
        "of it."
    )
    ended, went = (one.metadata.get("steps_trained") for one in (shown.checkpoint, arrived))
    if None not in (ended, went) and ended < went:
        why = f"The training ended after {ended:,} steps, the replay after {went:,}."
    return (
        f"The replay arrived at other weights: they differ by up to {largest:.3g}. It gives the same answer to "
        f"{same:,} of {len(tokens):,} expressions. {why}"
    )


def course_steps(run):
    """A generator that yields the share that is done and returns rows (step, series, value) for each snapshot."""
    space = space_of_task(run.config.task)
    rows, steps = [], run.snapshot_steps()
    for done, step in enumerate(steps):
        model = snapshot(str(run.path), step, run)
        entropy = space_patterns(model, space).entropy().mean(axis=(1, 2))
        rows += [(step, f"entropy, layer {layer + 1}", float(value)) for layer, value in enumerate(entropy)]
        answers = model.predict(space.tokens)
        rows.append((step, "accuracy", float((answers.argmax(axis=1) == space.targets).mean())))
        yield (done + 1) / len(steps)
    return rows
