"""Which models a command is about, and which expression."""

from tinyformer import load_checkpoint, parse_expression
from tinyformer.checkpoint import CheckpointError
from tinyformer.models import best_checkpoint, find_checkpoint, shipped_checkpoints


def add_model_arguments(parser, default="the best that ships"):
    """The checkpoints, by file or by name, or all that ship."""
    text = f"a file, or the name of a model such as seed-42 (default: {default})"
    parser.add_argument("checkpoints", nargs="*", metavar="CHECKPOINT", help=text)
    parser.add_argument("--all", action="store_true", help="all models that ship")


def chosen_models(args, all_by_default=False):
    """The Checkpoints that the arguments name. CheckpointError if one cannot be used."""
    if args.checkpoints:
        paths = [find_checkpoint(name) for name in args.checkpoints]
    elif args.all or all_by_default:
        paths = shipped_checkpoints()
    else:
        return [best_checkpoint(shipped_checkpoints())]
    if not paths:
        raise CheckpointError("no model ships with this installation; name a checkpoint file, or train one")
    return [load_checkpoint(path) for path in paths]


def expression_for(text, checkpoint):
    """The Expression in `text`, as long as this model can read. ExpressionError that points at what is wrong."""
    return parse_expression(text, checkpoint.config.max_seq_len)
