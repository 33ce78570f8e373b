"""Looking into a trained model: what each part does, what can be taken out, what carries the answer.

Everything is computed from a shared model without writing to it, and on all expressions there are unless one is named.
What the pictures mean in a post-norm model is told in docs/interpret.md.
"""

from tinyformer.interpret.ablation import Ablation, ablate, ablation_steps, drain
from tinyformer.interpret.attribution import DirectContributions, direct_contributions, head_outputs
from tinyformer.interpret.circuits import Match, best_assignment, head_similarity, match_heads
from tinyformer.interpret.components import Component, heads_of, layers_of, mean_activations
from tinyformer.interpret.correlation import Correlation, correlation
from tinyformer.interpret.focus import Evidence, FocusEvidence, focus_evidence
from tinyformer.interpret.input_attribution import IntegratedGradients, gradient_times_input, integrated_gradients
from tinyformer.interpret.logit_lens import LogitLens, logit_lens, stage_label, stage_names
from tinyformer.interpret.patching import Patching, patch, patch_everything
from tinyformer.interpret.patterns import SpacePatterns, space_patterns
from tinyformer.interpret.roles import RoleShares, role_shares
from tinyformer.interpret.subsets import Subsets, best_per_size, shapley_values, smallest_sufficient, subset_steps
from tinyformer.interpret.trace import score_scale, trace, trace_names

__all__ = [
    "Ablation",
    "Component",
    "Correlation",
    "DirectContributions",
    "Evidence",
    "FocusEvidence",
    "IntegratedGradients",
    "LogitLens",
    "Match",
    "Patching",
    "RoleShares",
    "SpacePatterns",
    "Subsets",
    "ablate",
    "ablation_steps",
    "best_assignment",
    "best_per_size",
    "correlation",
    "direct_contributions",
    "drain",
    "focus_evidence",
    "gradient_times_input",
    "head_outputs",
    "head_similarity",
    "heads_of",
    "integrated_gradients",
    "layers_of",
    "logit_lens",
    "match_heads",
    "mean_activations",
    "patch",
    "patch_everything",
    "role_shares",
    "score_scale",
    "shapley_values",
    "smallest_sufficient",
    "space_patterns",
    "stage_label",
    "stage_names",
    "subset_steps",
    "trace",
    "trace_names",
]
