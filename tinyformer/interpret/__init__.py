"""Looking into a trained model: what each part does, what can be taken out, what carries the answer.

Everything is computed from a shared model without writing to it, and on all expressions there are unless one is named.
What the pictures mean in a post-norm model, and what each measure is compared with, is told in docs/interpret.md.
"""

from tinyformer.interpret.ablation import MEASURES, Ablation, ablate, ablation_steps, drain
from tinyformer.interpret.attribution import (
    best_other,
    direct_contributions,
    disagreements,
    head_outputs,
    removal_effects,
    written_and_lost,
)
from tinyformer.interpret.circuits import LayerComparison, compare_heads, in_common
from tinyformer.interpret.components import REPLACEMENTS, Component, heads_of, layers_of, mean_activations, replacer
from tinyformer.interpret.correlation import association, holm
from tinyformer.interpret.focus import focus
from tinyformer.interpret.input_attribution import IntegratedGradients, gradient_times_input, integrated_gradients
from tinyformer.interpret.logit_lens import logit_lens, stage_label
from tinyformer.interpret.nulls import Nulls, beyond_guessing, guessing, level, null_steps
from tinyformer.interpret.patching import first_token_shares, over_pairs, patch, random_pairs
from tinyformer.interpret.path_circuits import circuit_steps
from tinyformer.interpret.paths import contrasts
from tinyformer.interpret.patterns import FIRST, READ, SpacePatterns, space_patterns
from tinyformer.interpret.probes import probe_steps
from tinyformer.interpret.roles import role_shares
from tinyformer.interpret.sampling import random_sample, space_of_length, tokens_of_length
from tinyformer.interpret.subsets import best_per_size, minimal, shapley_values, subset_steps, sufficient
from tinyformer.interpret.trace import score_scale, trace, trace_names

__all__ = [
    "FIRST", "MEASURES", "READ", "REPLACEMENTS", "Ablation", "Component", "IntegratedGradients", "LayerComparison",
    "Nulls", "SpacePatterns", "ablate", "ablation_steps", "association", "best_other", "best_per_size",
    "beyond_guessing", "circuit_steps", "compare_heads", "contrasts", "direct_contributions", "disagreements",
    "drain", "first_token_shares", "focus", "gradient_times_input", "guessing", "head_outputs", "heads_of", "holm",
    "in_common", "integrated_gradients", "layers_of", "level", "logit_lens", "mean_activations", "minimal",
    "null_steps", "over_pairs", "patch", "probe_steps", "random_pairs", "random_sample", "removal_effects",
    "replacer", "role_shares", "score_scale", "shapley_values", "space_of_length", "space_patterns", "stage_label",
    "subset_steps", "sufficient", "tokens_of_length", "trace", "trace_names", "written_and_lost",
]  # fmt: skip
