"""The methods of Explore that are weighed against circuits that are known."""

from collections.abc import Callable
from typing import NamedTuple

from tinyformer import interpret
from tinyformer.ground_truth import finders


class Method(NamedTuple):
    views: tuple[str, ...]  # of Explore, which show it
    finds: str  # "heads", "parts" (heads and feed-forward layers), "edges", "stages" or "tokens"
    find: Callable  # Subject → a set of names; of tokens, a list of (found, known) sets of places


METHODS = {
    "low entropy": Method(("Heatmaps", "Arcs", "Focus", "Look and effect"), "heads", finders.by_entropy),
    "a role by attention": Method(("Roles",), "heads", finders.by_role),
    "matched by pattern": Method(("Matched heads",), "heads", finders.by_matching),
    "taken out: mean": Method(("Taken out", "Look and effect"), "parts", finders.by_ablation("mean")),
    "taken out: resampled": Method(("Taken out",), "parts", finders.by_ablation("resampled")),
    "taken out: zero": Method(("Taken out",), "parts", finders.by_ablation("zero")),
    "smallest subsets": Method(("Subsets",), "heads", finders.by_subsets),
    "Shapley values": Method(("Subsets",), "heads", finders.by_shapley),
    "logit lens": Method(("Stage by stage",), "stages", finders.by_lens),
    "probes": Method(("Probes",), "stages", finders.by_probes),
    "direct attribution": Method(("Who wrote it",), "parts", finders.by_writing),
    "patching of heads": Method(("What carries it",), "heads", finders.by_patching),
    "gradient times input": Method(("Which tokens",), "tokens", finders.by_gradients(interpret.gradient_times_input)),
    "integrated gradients": Method(("Which tokens",), "tokens", finders.by_gradients(finders.integrated)),
    "OV copies digits": Method(("QK and OV",), "heads", finders.by_ov),
    "path patching": Method(("Path patching",), "edges", finders.by_paths),
    "path patching, jointly": Method(("Path patching",), "edges", finders.by_paths_jointly),
}
