"""The interactive training: its stages before and after the steps. Enter goes on, q goes on without stopping."""

import numpy as np

from tinyformer import extract_attention_weights
from tinyformer.cli import answers, forward_pass, heatmap, tables
from tinyformer.cli.tables import count
from tinyformer.cli.terminal import ask, explain, heading, paint
from tinyformer.task.datasets import SIDES
from tinyformer.task.task import OPERATIONS


class Walk:
    """`before` and `after` the training of a seed. Of several seeds, the first is walked through."""

    def __init__(self, wanted):
        self.stops = self.active = wanted
        self.example = None

    def before(self, trainer):
        """Data, model, and one forward pass of the model as it begins."""
        if not self.active:
            return
        heading("1  The data")
        show_data(trainer)
        self._stop("the model")
        heading("2  The model")
        show_model(trainer.model)
        self._stop("one expression on its way through it")
        self.example = forward_pass.held_out_example(trainer.data)
        heading(f"3  {self.example} on its way, before training")
        forward_pass.show(trainer.model, self.example)
        self._stop(f"the training, {trainer.total_steps:,} steps")
        heading("4  The training")

    def result(self, done):
        if self.active:
            leak = done.trainer.config.split_by == "draw"
            heading("5  The result, on the test set" if leak else "5  The result, on expressions it has never seen")

    def after(self, done):
        """Where the heads look in the end."""
        if not self.active:
            return
        self.active = False
        self._stop("where its heads look")
        heading(f"6  {self.example} once more, after training")
        p = answers.probabilities(done.trainer.model, self.example)
        answers.top_five(p, self.example.task.vocabulary, self.example.answer_token)
        show_maps(done.trainer.model, self.example)

    def _stop(self, coming):
        """Wait for Enter, unless q was typed before."""
        if not self.stops:
            return
        prompt = paint(f"\n  Enter: {coming}.  q: all the rest. ", "dim")
        try:
            self.stops = ask(prompt).strip().lower() not in ("q", "quit", "exit")
        except EOFError:
            self.stops = False


def show_data(trainer):
    """What is learned from, what chooses, what judges."""
    config, data = trainer.config, trainer.data
    low, high = config.num_args_range
    numbers = f"{low}" if low == high else f"{low} to {high}"
    example = config.task.detokenize(data.train.tokens[0][data.train.mask[0]])
    print(f"  An operation on {numbers} digits, for example {example}.")
    for operation in config.operations:
        if operation.name not in OPERATIONS:
            explain(f"{operation.name}: {operation.words}")
    print(f"  {config.num_examples:,} are drawn with data seed {config.data_seed}, and divided by {config.split_by}.\n")
    rows = []
    for side, part in zip(SIDES, data, strict=True):
        distinct = len(np.unique(part.tokens, axis=0))
        counts = [int((part.tokens[:, 0] == token).sum()) for token in config.task.name_ids]
        rows.append((side, f"{len(part.targets):,}", f"{distinct:,}", *(f"{n:,}" for n in counts)))
    tables.table(("", "expressions", "different", *config.task.names), rows)
    print()
    explain(
        "It learns from the first. The second chooses its best weights, and the third judges them, once, at the end."
    )
    if config.split_by == "draw":
        explain("The same expression can be on several sides: the test will look better than the model is.")
    elif low == high <= 3:
        explain("Validation and test side have every expression there is, drawn or not.")


def show_model(model):
    """How many parameters are where."""
    config = model.config
    size = f"{count(config.num_layers, 'block')} of width {config.embed_dim}"
    heads = f"{count(config.num_heads, 'head')} of {config.head_dim}"
    print(f"  {size} with {heads}; {config.norm}-norm; positions: {config.positions}.\n")
    sizes = {}
    for name, array in model.named_parameters().items():
        words = name.split(".")
        part = words[0] if words[0] != "blocks" else f"block {int(words[1]) + 1}, " + words[2].replace("_", "-")
        sizes[part] = sizes.get(part, 0) + array.size
    total = sum(sizes.values())
    rows = [(part, f"{size:,}", tables.bar(size / total, 30)) for part, size in sizes.items()]
    tables.table(("part", "parameters", ""), [*rows, ("all", f"{total:,}", "")], align="<><")


def show_maps(model, expression):
    """Every head of every block for one Expression."""
    for number, heads in enumerate(extract_attention_weights(model, np.array(expression.tokens))[:, 0], 1):
        print(f"\n  {paint(f'block {number}', 'bold')}")
        heatmap.maps(heads, expression.words, pooled_first=model.config.pooling == "first")
    print()
    heatmap.legend()
