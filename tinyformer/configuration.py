"""What a model is and how it is trained: two frozen, self-validating records.

The command line, the dashboard, the run directory and the checkpoint all use the same two. A wrong value raises a
ValueError that names the field, what was given, and what to change.
"""

import math
import sys
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache

from tinyformer.task.operations import Operation
from tinyformer.task.task import DEFAULT_TASK, Task

SIZES = {"small": 1_000, "medium": 10_000, "large": 100_000}  # number of examples drawn


@dataclass(frozen=True)
class TransformerConfig:
    """The architecture. The defaults have 102,548 parameters."""

    vocab_size: int = 20  # of a training, set by its operations
    embed_dim: int = 64
    num_heads: int = 4
    num_layers: int = 2
    ffn_dim: int = 256
    max_seq_len: int = 50
    norm: str = "post"  # after each residual sum (Vaswani et al. 2017), or "pre", before sublayers (Xiong et al. 2020)
    pooling: str = "first"  # the read-out sees the first token, or the "mean" over tokens
    positions: str = "sinusoidal"  # or "learned", "none"
    dropout: float = 0.0
    scale_attention: bool = True  # divide the scores by √head_dim

    def __post_init__(self):
        for name in ("vocab_size", "embed_dim", "num_heads", "ffn_dim"):
            _require_integer(self, name, 1, 1_000_000)
        _require_integer(self, "max_seq_len", 1, 10_000)  # so many tokens have 10⁸ attention weights in each head
        _require_integer(self, "num_layers", 1, 1_000)
        _require_choice(self, "norm", ("post", "pre"))
        _require_choice(self, "pooling", ("first", "mean"))
        _require_choice(self, "positions", ("sinusoidal", "learned", "none"))
        _require_number(self, "dropout", 0, 1, upper_open=True)
        _require_choice(self, "scale_attention", (True, False))
        if self.embed_dim % self.num_heads:
            fitting = [h for h in range(1, self.embed_dim + 1) if self.embed_dim % h == 0]
            nearest = min(fitting, key=lambda h: abs(h - self.num_heads))
            raise ValueError(
                f"embed_dim must be a multiple of num_heads, got {self.embed_dim} and {self.num_heads}: "
                f"try num_heads={nearest}"
            )

    @property
    def head_dim(self):
        return self.embed_dim // self.num_heads

    @property
    def num_parameters(self):
        """Computed, not counted: known before anything is allocated."""
        D, F, V = self.embed_dim, self.ffn_dim, self.vocab_size
        block = (3 * D * D + 3 * D) + (D * D + D) + (2 * D * F + F + D) + 4 * D
        positions = self.max_seq_len * D if self.positions == "learned" else 0
        final_norm = 2 * D if self.norm == "pre" else 0
        return V * D + positions + self.num_layers * block + final_norm + D * V + V

    def to_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        return cls(**_known_fields(cls, values))


@dataclass(frozen=True)
class TrainingConfig:
    """Data and optimization. `seed` decides initialization and order; `data_seed` the draws and the split."""

    num_examples: int = SIZES["medium"]
    num_args: int | tuple[int, int] = 3  # numbers per expression, or a range (fewest, most)
    max_value: int = 9
    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 2e-3
    optimizer: str = "adam"  # or "sgd"
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.0  # decoupled, of adam
    decay_of: str = "matrices"  # embeddings included; or "all": gains and biases too
    clip_norm: float | None = 1.0  # None: gradients are not clipped
    schedule: str = "cosine"  # or "constant"
    warmup_steps: int = 100  # of cosine
    seed: int = 42
    data_seed: int = 0
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)  # train, validation, test
    split_by: str = "expression"  # "draw" leaks: the same expression lands on both sides
    train_limit: int | None = None  # train on this many distinct expressions only
    model: TransformerConfig = field(default_factory=TransformerConfig)
    operations: tuple[Operation, ...] = DEFAULT_TASK.operations  # or their names, or as `to_dict` has them

    def __post_init__(self):
        _require_integer(self, "num_examples", 10, 10_000_000)
        if isinstance(self.num_args, list):
            object.__setattr__(self, "num_args", tuple(self.num_args))
        object.__setattr__(self, "shares", _three_shares(self.shares))
        low, high = self.num_args_range
        most = self.model.max_seq_len - 3
        if not 2 <= low <= high <= most:
            raise ValueError(f"num_args must lie in 2…{most} (what fits into max_seq_len), got {quoted(self.num_args)}")
        _require_integer(self, "max_value", 1, 9)
        _require_integer(self, "epochs", 1, 100_000)
        _require_integer(self, "batch_size", 1, 100_000)
        _require_number(self, "learning_rate", 0, 1_000_000, lower_open=True)  # beyond, one step overflows float32
        _require_choice(self, "optimizer", ("adam", "sgd"))
        _require_number(self, "momentum", 0, 1, upper_open=True)
        _require_number(self, "weight_decay", 0, math.inf)
        _require_choice(self, "decay_of", ("matrices", "all"))
        if self.clip_norm is not None:
            _require_number(self, "clip_norm", 0, math.inf, lower_open=True)
        _require_choice(self, "schedule", ("constant", "cosine"))
        _require_integer(self, "warmup_steps", 0, 10_000_000)
        _require_integer(self, "seed", 0, 2**63 - 1)
        _require_integer(self, "data_seed", 0, 2**63 - 1)
        _require_choice(self, "split_by", ("expression", "draw"))
        if self.train_limit is not None:
            _require_integer(self, "train_limit", 1, 10_000_000)
        if not isinstance(self.model, TransformerConfig):
            raise ValueError(f"model must be a TransformerConfig, got {type(self.model).__name__}")
        object.__setattr__(self, "operations", Task.of(*self.operations).operations)
        for operation in self.operations:
            if not operation.has_lengths(low, high):
                there = " or ".join(map(str, operation.lengths))
                raise ValueError(f"num_args is {self.num_args}, the table of {operation.name} has {there} numbers")
        if self.model.vocab_size != self.task.vocab_size:
            object.__setattr__(self, "model", replace(self.model, vocab_size=self.task.vocab_size))

    @property
    def task(self):
        """The Task: what is asked."""
        return DEFAULT_TASK if self.operations == DEFAULT_TASK.operations else _task(self.operations)

    @property
    def num_args_range(self):
        """(fewest, most) numbers per expression."""
        bounds = self.num_args if isinstance(self.num_args, tuple) else (self.num_args, self.num_args)
        if len(bounds) != 2 or not all(type(n) is int for n in bounds):
            given = quoted(self.num_args)
            raise ValueError(f"num_args must be a whole number or a range such as (2, 6), got {given}")
        return bounds

    def to_dict(self):
        """As JSON can hold it. The five operations of the models that ship go without saying, as ever."""
        values = {f.name: getattr(self, f.name) for f in fields(self)} | {"model": self.model.to_dict()}
        del values["operations"]
        if self.operations != DEFAULT_TASK.operations:
            values["operations"] = [operation.to_json() for operation in self.operations]
        return values

    @classmethod
    def from_dict(cls, values):
        values = _known_fields(cls, values)
        if values.get("weight_decay"):  # what was written before there was a choice shrank all
            values.setdefault("decay_of", "all")
        return cls(**values | {"model": TransformerConfig.from_dict(values.get("model", {}))})


def quoted(value):
    """A value as an error quotes it: what `repr` says, in at most 60 characters, whatever a file made it be."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more than 4,300 digits, a list in a list in a list …
        return f"{type(value).__name__} too long to be shown"
    return text if len(text) <= 60 else f"{text[:59]}…"


@lru_cache(maxsize=64)
def _task(operations):
    return Task(operations)


def _known_fields(cls, values):
    """A copy of `values`, refused if it is no table, or if a name is not one of the fields of `cls`."""
    if not isinstance(values, dict):
        raise ValueError(f"the settings of {cls.__name__} are a table, got {quoted(values)}")
    unknown = set(values) - {f.name for f in fields(cls)}
    if unknown:
        raise ValueError(f"{cls.__name__} has no setting named {', '.join(sorted(map(str, unknown)))[:60]}")
    return dict(values)


def _three_shares(values):
    """`values` as a tuple, if they are three shares of a whole."""
    three = isinstance(values, tuple | list) and len(values) == 3 and all(_is_number(v) and 0 < v < 1 for v in values)
    if not three or abs(sum(values) - 1) > 1e-9:
        raise ValueError(f"shares must be three positive numbers that sum to 1, got {quoted(values)}")
    return tuple(values)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_integer(config, name, low, high):
    value = getattr(config, name)
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, got {quoted(value)}")


def _require_number(config, name, low, high, lower_open=False, upper_open=False):
    value, most = getattr(config, name), min(high, sys.float_info.max)  # an integer can be larger than any float
    fits = _is_number(value) and low <= value <= most  # nan is not
    if not fits or (lower_open and value == low) or (upper_open and value == high):
        interval = f"{'(' if lower_open else '['}{low}, {high}{')' if upper_open or high == math.inf else ']'}"
        raise ValueError(f"{name} must be a number in {interval}, got {quoted(value)}")


def _require_choice(config, name, choices):
    value = getattr(config, name)
    if type(value) is not type(choices[0]) or value not in choices:
        raise ValueError(f"{name} must be {' or '.join(map(repr, choices))}, got {quoted(value)}")
