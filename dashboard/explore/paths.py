"""View Path patching: the circuit of each model on display by causes, and in which way two models' circuits differ."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import circuit_graph, grid
from dashboard.explore import background, works
from dashboard.plain_text import plain
from tinyformer.interpret.path_circuits import ENOUGH
from tinyformer.interpret.paths import EACH, edges_of
from tinyformer.interpret.routes import ERROR, WORTH_A_WORD, largest_difference

RECIPE = """\
from tinyformer import load_checkpoint
from tinyformer.interpret import circuit_steps, contrasts, drain, space_of_length
model, space = {model}, space_of_length({count})
found = drain(circuit_steps(model, contrasts(space), contrasts(space, seed=1)))
print(sorted(found.edges), found.faithfulness, found.elsewhere, found.completeness, found.minimality, sep="\\n")"""
LABELS = 96  # pixels of the names beside a grid
UNASKED = 1000  # edges of all models, tried without asking: some seconds


def draw(subjects, expression):
    num_args = len(expression.numbers)
    counts = background.gathered([works.answered(subject, num_args) for subject in subjects])
    silent = [subject.name for subject, count in zip(subjects, counts, strict=True) if not count]
    if silent:
        st.info(f"{plain(', '.join(silent))}: no pair is answered right on both sides, so there is no way to follow.")
    subjects = [subject for subject in subjects if subject.name not in silent]
    if not subjects:
        return
    works_of = [work(subject, num_args) for work in (works.circuit, works.routes) for subject in subjects]
    count = sum(len(edges_of(subject.config)) for subject in subjects)
    found = background.gathered(works_of, ask=f"Try all {count:,} edges" if count > UNASKED else None)
    circuits, routes = found[: len(subjects)], found[len(subjects) :]
    for other in range(1, len(subjects)):
        names = [plain(subjects[place].name) for place in (0, other)]
        if subjects[0].task == subjects[other].task:  # else of other pairs
            st.markdown(told(*names, largest_difference(routes[0], routes[other])))
    st.caption(
        f"Pairs of {num_args} numbers with different answers, drawn at random: {EACH} of each operation. Those count "
        "that a model answers right on both sides. "
        f"The circuit is what is left when edges are taken away as long as {ENOUGH:.0%} of the logit difference stays, "
        "for every operation. Point at a line to see what is lost without the edge in it that matters most."
    )
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        circuit = circuits[place]
        with column:
            st.markdown(f"**{len(circuit.edges)} of {circuit.every_edge} edges** ({circuit.pairs[0]:d} pairs)")
            figure = circuit_graph.circuit_graph(
                _connections(circuit), subject.config.num_layers, subject.config.num_heads, subject.style.color,
                width=min(420, width - 20),
            )  # fmt: skip
            components.draw(figure, key=f"circuit-{subject.name}-{len(subjects)}")
            components.draw(_table(circuit, width), key=f"shares-{subject.name}-{len(subjects)}")
            st.caption(f"Minimality: the least of its edges carries {circuit.minimality:.1%}.")
    _curve(subjects, circuits)
    components.how_to_read(
        "Below: what tokens and positions are. Then the heads of each layer, and its feed-forward layer (ff) to the "
        "right. A line stands for what one part wrote, read by another, along the residual path alone. A head reads in "
        "three ways (q, k, v): up to three edges, shown as one line. The more of the logit difference is lost "
        "without the one of them that matters most, for the operation that needs it most, the thicker is the line; "
        "without all of them it can be more, or less.\n\n"
        "An edge that is taken away carries what its sender wrote for another expression, with another answer, whose "
        "numbers stand in other rows. Every part reads a stream of its own, sent through the norms anew.\n\n"
        "*Faithfulness*: the share of the logit difference that the circuit carries alone, on the pairs by which it "
        "was found, and on as many others. *Completeness* (left without): what all the rest carries without the "
        "circuit: near 0, if nothing was left out; but near 0, too, where a part of every way is gone. *Minimality*: "
        "what the least of its edges carries. In brackets: how many pairs count; – where none does. Many edges of a "
        f"trained model carry little: where its circuit ends is set by the {ENOUGH:.0%}, not by the model, and "
        "circuits found on other pairs share 80 to 93% of their edges, all that carry a tenth or more among them "
        "(three models that ship, three draws each).\n\n"
        f"The sentence on top compares routes, all edges from one kind of part to another, on the same pairs. Its "
        f"interval holds for all routes together ({1 - ERROR:.0%}, Bonferroni); the pairs are a sample, the two seeds "
        "are two."
    )


def told(first, second, difference):
    """How two models' circuits differ, in a sentence."""
    if difference is None:
        return f"**{first} and {second}**: too few pairs that both answer right to compare them."
    if not difference.is_told:
        return (
            f"**{first} and {second} do not differ** by more than chance and at least {100 * WORTH_A_WORD:.0f} points "
            f"in any of {difference.tested} routes ({difference.pairs} pairs)."
        )
    senders, receivers = difference.route
    apart = (difference.first - difference.second) * 100
    low, high = sorted(abs(end) * 100 for end in (difference.low, difference.high))
    how = f"{abs(apart):.0f} points {'more' if apart > 0 else 'less'}, between {low:.0f} and {high:.0f}"
    return (
        f"**{first} sends {_percent(difference.first)} of the answer from {senders} to {receivers}, {second} "
        f"{_percent(difference.second)}**: {how} (of {difference.tested} routes, the one that "
        f"differs most among those that differ by more than chance; {difference.pairs} pairs)."
    )


def _percent(share):
    """ "0%" also where rounding leaves a minus."""
    return "–" if np.isnan(share) else f"{round(100 * share)}%"


def _connections(circuit):
    """[(sender, component, ports, effect)]: the edges from one part into another as one line, with the
    largest effect of a single one: what is lost without all of them is another number."""
    lines = {}
    for edge, lost in sorted(circuit.effects.items()):
        ports, effect = lines.get((edge.sender, edge.component), ("", 0.0))
        port = edge.receiver[-1] if edge.receiver != edge.component else ""
        lines[edge.sender, edge.component] = (", ".join(filter(None, (ports, port))),
                                              max(effect, float(np.nanmax(np.abs(lost[1:])))))  # fmt: skip
    return [(*ends, *rest) for ends, rest in lines.items()]


def _table(circuit, width):
    """Its shares over all pairs and by operation, with how many pairs these are, as a Figure."""
    counted = zip(("all", *circuit.names), circuit.pairs, strict=True)
    shares = np.column_stack([circuit.faithfulness, circuit.elsewhere, circuit.completeness])
    return grid.grid(
        shares, [f"{name} ({count})" for name, count in counted], ("faithful", "others", "without"),
        told_columns=("faithful", "on other pairs", "left without it"), names=("pairs", "measure", "share"),
        cell=min(60, (width - LABELS) // 3), height=22, form=".0%", signed=True,
    )  # fmt: skip


def _curve(subjects, circuits):
    rows = [
        (subject.name, series, circuit.every_edge - number, round(float(share), 4))
        for subject, circuit in zip(subjects, circuits, strict=True)
        for series, shares in (("all", circuit.curve[:, 0]), ("worst operation", np.nanmin(circuit.curve, axis=1)))
        for number, share in enumerate(shares)
    ]
    figure = circuit_graph.faithfulness(rows, [subject.looks for subject in subjects])
    components.draw(figure, key=f"faithful-{len(subjects)}", stretch=True)
