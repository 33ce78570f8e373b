"""Looking into a trained model: what each part does, what can be taken out, what carries the answer.

Everything is computed from a shared model without writing to it, and on all expressions there are unless one is named.
What the pictures mean in a post-norm model, and what each measure is compared with, is told in docs/interpret.md.
"""

from tinyformer.interpret.ablation import MEASURES, Ablation, ablate, ablation_steps, drain, measured
from tinyformer.interpret.attribution import (
    DirectContributions,
    Story,
    best_other,
    direct_contributions,
    disagreements,
    head_outputs,
    removal_effects,
    written_and_lost,
)
from tinyformer.interpret.circuits import LayerComparison, compare_heads, in_common
from tinyformer.interpret.components import REPLACEMENTS, Component, heads_of, layers_of, mean_activations, replacer
from tinyformer.interpret.correlation import Association, association, holm
from tinyformer.interpret.focus import Focus, focus
from tinyformer.interpret.input_attribution import IntegratedGradients, gradient_times_input, integrated_gradients
from tinyformer.interpret.logit_lens import LogitLens, logit_lens, stage_label, stage_names
from tinyformer.interpret.nulls import Nulls, beyond_guessing, guessing, level, null_steps
from tinyformer.interpret.patching import (
    Pairs,
    Patching,
    first_token_shares,
    over_pairs,
    patch,
    patch_steps,
    random_pairs,
)
from tinyformer.interpret.patterns import FIRST, READ, SpacePatterns, space_patterns
from tinyformer.interpret.roles import RoleShares, asks_for_place, role_shares
from tinyformer.interpret.sampling import random_sample, tokens_of_length
from tinyformer.interpret.subsets import Subsets, best_per_size, minimal, shapley_values, subset_steps, sufficient
from tinyformer.interpret.trace import score_scale, trace, trace_names

__all__ = [
    "FIRST", "MEASURES", "READ", "REPLACEMENTS", "Ablation", "Association", "Component", "DirectContributions",
    "Focus", "IntegratedGradients", "LayerComparison", "LogitLens", "Nulls", "Pairs", "Patching", "RoleShares",
    "SpacePatterns", "Story", "Subsets", "ablate", "ablation_steps", "asks_for_place", "association", "best_other",
    "best_per_size", "beyond_guessing", "compare_heads", "direct_contributions", "disagreements", "drain",
    "first_token_shares", "focus", "gradient_times_input", "guessing", "head_outputs", "heads_of", "holm",
    "in_common", "integrated_gradients", "layers_of", "level", "logit_lens", "mean_activations", "measured",
    "minimal", "null_steps", "over_pairs", "patch", "patch_steps", "random_pairs", "random_sample",
    "removal_effects", "replacer", "role_shares", "score_scale", "shapley_values", "space_patterns", "stage_label",
    "stage_names", "subset_steps", "sufficient", "tokens_of_length", "trace", "trace_names", "written_and_lost",
]  # fmt: skip
