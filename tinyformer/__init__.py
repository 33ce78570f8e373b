"""tinyformer: a transformer written from scratch in NumPy, forward and backward, exact and fast.

It learns operations on digits: `Max ( 5 3 9 )` → `9`. The names of shapes, used throughout:

    B  batch          D  width of the model (embed_dim)      F  feed-forward width (ffn_dim)
    T  tokens         H  attention heads (num_heads)         V  vocabulary (vocab_size)
    L  blocks         K  width of a head, D / H

A mask is (B, T) and True where there is a token. Every layer has `forward(x, …) → (y, tape)` and
`backward(dy, tape) → dx`; forward writes nothing to the layer, so a model can be shared between threads.
"""

from tinyformer import process as process  # before NumPy: it decides the number of BLAS threads
from tinyformer.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    ModelCheckpoint,
    load_checkpoint,
    save_checkpoint,
)
from tinyformer.configuration import SIZES, TrainingConfig, TransformerConfig
from tinyformer.evaluation.evaluate import Evaluation, accuracy_per_operation, confusion_matrix, evaluate
from tinyformer.gradient_check import GradientReport, check_model, gradient_check
from tinyformer.interpret.attention_patterns import (
    effective_positions,
    extract_attention_weights,
    focus_label,
    normalized_entropy,
)
from tinyformer.loss import CrossEntropyLoss
from tinyformer.metrics import MetricsTracker
from tinyformer.optimizer import SGD, Adam, clip_by_global_norm, constant, warmup_cosine
from tinyformer.task.datasets import (
    create_batch,
    expression_space,
    generate_tokenized_dataset,
    side_of,
    split_dataset,
)
from tinyformer.task.expressions import OPERATIONS, Expression, ExpressionError, parse_expression
from tinyformer.task.formula import FormulaError
from tinyformer.task.operations import Operation
from tinyformer.task.task import DEFAULT_TASK, Task
from tinyformer.task.vocabulary import VOCABULARY, detokenize, tokenize
from tinyformer.training import DivergenceError, StepRecord, Trainer, train_step
from tinyformer.transformer import Transformer
from tinyformer.transformer_block import TransformerBlock

__version__ = "1.0.0"

__all__ = [
    "DEFAULT_TASK",
    "OPERATIONS",
    "SGD",
    "SIZES",
    "VOCABULARY",
    "Adam",
    "Checkpoint",
    "CheckpointError",
    "CrossEntropyLoss",
    "DivergenceError",
    "Evaluation",
    "Expression",
    "ExpressionError",
    "FormulaError",
    "GradientReport",
    "MetricsTracker",
    "ModelCheckpoint",
    "Operation",
    "StepRecord",
    "Task",
    "Trainer",
    "TrainingConfig",
    "Transformer",
    "TransformerBlock",
    "TransformerConfig",
    "accuracy_per_operation",
    "check_model",
    "clip_by_global_norm",
    "confusion_matrix",
    "constant",
    "create_batch",
    "detokenize",
    "effective_positions",
    "evaluate",
    "expression_space",
    "extract_attention_weights",
    "focus_label",
    "generate_tokenized_dataset",
    "gradient_check",
    "load_checkpoint",
    "normalized_entropy",
    "parse_expression",
    "save_checkpoint",
    "side_of",
    "split_dataset",
    "tokenize",
    "train_step",
    "warmup_cosine",
]
