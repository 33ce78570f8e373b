"""What tells runs apart, in the words of the page: "learning rate 0.02". Pure functions, no Streamlit."""

from collections import Counter

from dashboard.train.limits import WORDS
from tinyformer import TrainingConfig

MORE_WORDS = {
    "scale_attention": "Scores divided by √d",
    "data_seed": "Data seed",
    "shares": "Shares of the split",
    "split_by": "Split by",
    "max_value": "Largest number",
}
UNSAID = {None: "none", True: "yes", False: "no"}


def of_runs(runs):
    """Yield (label, label without the seed) of each Run, no two labels alike: what not all of them have in common."""
    configs = [_settings(run.config) for run in runs]
    differing = [name for name in configs[0] if len({str(one.get(name)) for one in configs}) > 1] if configs else []
    families = [", ".join(_said(name, one[name]) for name in differing if name != "seed") for one in configs]
    show_seed = "seed" in differing or not any(families)
    labels = [", ".join([*([f"seed {one['seed']}"] if show_seed else []), *([family] if family else [])])
              for one, family in zip(configs, families, strict=True)]  # fmt: skip
    often = Counter(labels)
    for run, label, family in zip(runs, labels, families, strict=True):
        yield (f"{label} · {run.id[:4]}" if often[label] > 1 else label), family


def of_config(config):
    """What differs from the defaults, without the seed; "" if nothing does."""
    own, usual = _settings(config), _settings(TrainingConfig())
    return ", ".join(_said(name, own[name]) for name in own if name != "seed" and own[name] != usual.get(name))


def _settings(config):
    given = vars(config) | vars(config.model) | {"operations": config.task.names}
    return {name: value for name, value in given.items() if name not in ("model", "vocab_size")}


def _said(name, value):
    words = MORE_WORDS.get(name) or WORDS.get(name) or name.replace("_", " ")
    if isinstance(value, (bool, type(None))):
        value = UNSAID[value]
    elif isinstance(value, float):
        value = f"{value:g}"
    elif name == "operations":
        value = ", ".join(value)
    elif isinstance(value, tuple):
        value = " to ".join(map(str, value)) if name == "num_args" else ", ".join(f"{part:g}" for part in value)
    elif isinstance(value, int) and name != "data_seed":
        value = f"{value:,}"
    return f"{words[:1].lower()}{words[1:]} {value}"
