"""All subsets of the heads, computed in the background: the smallest that suffices, and each head's share."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import signed_bars, through_time
from dashboard.explore import background, results
from dashboard.explore.names import head_name
from dashboard.plain_text import plain
from tinyformer import expression_space
from tinyformer.interpret import best_per_size, heads_of, shapley_values, smallest_sufficient, subset_steps
from tinyformer.interpret.subsets import MOST_HEADS


def draw(subjects, replacement):
    fitting = [subject for subject in subjects if len(heads_of(subject.config)) <= MOST_HEADS]
    for subject in subjects:
        if subject not in fitting:
            st.info(f"{plain(subject.name)} has more than {MOST_HEADS} heads: too many subsets to try them all.")
    if not fitting:
        return
    keys = {subject.name: ("subsets", subject.source, replacement) for subject in fitting}
    missing = [subject for subject in fitting if results.recall(keys[subject.name]) is None]
    if missing:
        _wait_for(missing, keys, replacement)
    done = [subject for subject in fitting if subject not in missing]
    if done:
        _show(done, {subject.name: results.recall(keys[subject.name]) for subject in done}, len(subjects))


def _wait_for(missing, keys, replacement):
    jobs = {subject.name: background.jobs().find(keys[subject.name]) for subject in missing}
    busy = [job for job in jobs.values() if job and not job.is_over]
    for name, job in jobs.items():
        if job and job.state == "failed":
            st.error(f"{plain(name)}: {plain(job.error)}")
    if busy:
        _progress([subject.name for subject in missing], jobs)
        return
    count = sum(1 << len(heads_of(subject.config)) for subject in missing)
    st.caption("Which heads suffice? Every combination of a model's heads answers all 5,000 expressions.")
    if st.button(f"Try all {count:,} subsets", key="try-subsets", help="In the background; the page stays usable."):
        for subject in missing:
            background.jobs().start(
                keys[subject.name],
                lambda subject=subject: subset_steps(subject.model, expression_space(), replacement),
            )
        st.rerun()


@st.fragment(run_every=0.5)
def _progress(names, jobs):
    running = [(name, jobs[name]) for name in names if jobs[name]]
    if all(job.is_over for _, job in running):
        st.rerun()
    for name, job in running:
        words = {"waiting": "waits for its turn", "running": f"{job.progress:.0%} of the subsets"}
        st.progress(job.progress, f"{plain(name)}: {plain(words.get(job.state, job.state))}")
    if st.button("Cancel", key="cancel-subsets"):
        for _, job in running:
            job.cancel()


def _show(done, found, count):
    rows = [
        (subject.name, size, accuracy, ", ".join(_short(head) for head in found[subject.name].kept(index)) or "none")
        for subject in done
        for size, index, accuracy in best_per_size(found[subject.name])
    ]
    total = max(row[1] for row in rows)
    looks = [subject.looks for subject in done]
    components.draw(through_time.best_subsets(rows, looks, total), key=f"subsets-{len(done)}", stretch=True)
    shares = {subject.name: 100 * shapley_values(found[subject.name].accuracy) for subject in done}
    for subject, column, width in components.side_by_side(done):
        subsets = found[subject.name]
        smallest = smallest_sufficient(subsets)
        heads = subsets.kept(smallest)
        with column:
            st.markdown(
                f"**{len(heads)} of {len(subsets.heads)} heads** keep 99 %: {', '.join(map(_short, heads)) or 'none'}, "
                f"with {subsets.accuracy[smallest]:.1%}. Without any head: {subsets.accuracy[0]:.1%}."
            )
            figure = signed_bars.signed_bars(
                [_short(head) for head in subsets.heads], shares[subject.name], subject.style.color,
                title="Shapley values", unit="points of accuracy", width=min(300, width - 40), form="+.1f",
                among=np.concatenate(list(shares.values())),
            )  # fmt: skip
            components.draw(figure, key=f"shapley-{subject.name}-{count}")
    components.how_to_read(
        "The line shows the best accuracy that any subset of that size reaches; point at a mark to see which heads. "
        "“Keep 99 %” means 99 % of the accuracy with all heads.\n\n"
        "A head's Shapley value is what it adds to the accuracy, in percentage points, averaged over all orders in "
        "which the heads could be put back; the values sum to the accuracy with all heads minus the accuracy with "
        "none. Heads that can stand in for each other share what they add."
    )


def _short(head):
    return head_name(head.layer, head.head)
