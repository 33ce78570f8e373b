"""Prints what the figures on circuits rest on: hand-built models on whole spaces, path patching on twenty of each kind
and against noise, and circuits of the models that ship. `python tests/benchmarks/ground_truth.py`, some minutes.
"""

import time

import numpy as np

from tinyformer import expression_space, load_checkpoint
from tinyformer.checkpoints.folders import shipped_checkpoints
from tinyformer.ground_truth.finders import subject_of
from tinyformer.ground_truth.kinds import KINDS, build
from tinyformer.ground_truth.scores import GROUPS, average, score, scores_steps
from tinyformer.interpret import drain
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import contrasts

SEEDS = range(20)


def right(model, num_args):
    space = expression_space(num_args)
    parts = np.array_split(np.arange(len(space.targets)), 25)
    return sum(int((model.predict(space.tokens[p]).argmax(axis=1) == space.targets[p]).sum()) for p in parts)


def main():
    print("answered right of all 500, 5,000, 50,000")
    for kind in KINDS:
        print(f"  {kind:26}", *(f"{right(build(kind).model, n):7,}" for n in (2, 3, 4)))
    print("path patching, twenty seeds of each kind")
    scores = drain(scores_steps(tuple(KINDS), SEEDS, ("path patching", "path patching, jointly")))
    for title, kinds in GROUPS.items():
        for one in average(scores, kinds):
            print(f"  {title:24}{one.method:24}{one.finds:7} precision {one.precision:.3f} recall {one.recall:.3f}")
    print("path patching against noise on every weight: find, then point, ten seeds")
    for noise in (0, 0.005, 0.01, 0.015, 0.02, 0.03):
        made = [build("find, then point", seed, rotate=True, noise=noise) for seed in range(10)]
        share = np.mean([right(one.model, 3) for one in made]) / 5000
        found = []
        for seed, one in enumerate(made):
            try:
                found += score("path patching", subject_of(one, seed))[:1]
            except ValueError:  # it answers no pair right
                continue
        rates = [np.mean([getattr(one, rate) for one in found]) for rate in ("precision", "recall")] if found else []
        print(f"  {noise:<6} right {share:.3f}, of {len(found)}: edges", *(f"{rate:.3f}" for rate in rates))
    print(
        "trained models: edges of the circuit, faithfulness (all, worst operation), completeness, minimality, seconds"
    )
    for path in shipped_checkpoints():
        begin, model = time.monotonic(), load_checkpoint(path).model
        found = drain(circuit_steps(model, contrasts(expression_space())))
        print(
            f"  {path.stem:10} {len(found.edges)} of {found.every_edge}; {found.faithfulness[0]:.3f}, "
            f"{found.faithfulness.min():.3f}; {found.completeness[0]:.3f}; {found.minimality:.3f}; "
            f"{time.monotonic() - begin:.1f} s"
        )
    print("circuits of three draws of pairs: edges in common of all in either; of those that carry a tenth or more")
    for path in shipped_checkpoints():
        model = load_checkpoint(path).model
        drawn = [drain(circuit_steps(model, contrasts(expression_space(), seed=seed))) for seed in range(3)]
        strong = [{edge for edge, lost in one.effects.items() if np.nanmax(abs(lost[1:])) >= 0.1} for one in drawn]
        for i, j in ((0, 1), (1, 2), (2, 0)):
            one, other = drawn[i].edges, drawn[j].edges
            kept = f"{len(strong[i] & other)} of {len(strong[i])}"
            print(f"  {path.stem:10} {len(one & other) / len(one | other):.2f}; {kept}")


if __name__ == "__main__":
    main()
