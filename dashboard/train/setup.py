"""What to train: a size, seeds, epochs, a learning rate, and everything else under "Advanced"."""

from dataclasses import replace

import streamlit as st

from dashboard import desk
from dashboard.train import limits
from tinyformer import SIZES, TrainingConfig, TransformerConfig
from tinyformer.cli.options import command_words
from tinyformer.seeds import parse_seeds

DEFAULT = TrainingConfig()
DRAWS = {f"{name} · {count // 1000}K": count for name, count in SIZES.items()}


def draw():
    """The form; return (a TrainingConfig per seed, or [] where something is wrong; whether Start was pressed)."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            size = st.segmented_control(
                "Expressions drawn", list(DRAWS), default="medium · 10K", key="size", bind="query-params", required=True
            )
            seeds = st.text_input(
                "Seeds", "42, 123, 7", key="seeds", bind="query-params", width=150, help="A list, or a range: 1-8."
            )
            epochs = st.number_input("Epochs", 1, 1000, DEFAULT.epochs, key="epochs", bind="query-params", width=120)
            rate = st.number_input(
                "Learning rate",
                0.0,
                None,
                DEFAULT.learning_rate,
                1e-4,
                format="%g",
                key="lr",
                bind="query-params",
                width=135,
            )
            place_of_button = st.container(width="content")
        settings, model = _advanced()
        try:
            settings |= {"num_examples": DRAWS[size], "epochs": epochs, "learning_rate": rate}
            configs = _configs(seeds, settings, model)
        except ValueError as error:
            configs = []
            st.error(limits.in_words(error))
        start = place_of_button.button("Start training", type="primary", disabled=not configs)
        if configs:
            _say_what_it_is(configs)
    return configs, start


def _configs(seeds, settings, model):
    seeds = parse_seeds(seeds)
    config = TrainingConfig(**settings, model=TransformerConfig(**model), seed=seeds[0])
    limits.check(config, len(seeds))
    return [replace(config, seed=seed) for seed in seeds]


def _advanced():
    """Every other setting → (settings of the training, settings of the model)."""
    with st.expander("Advanced"):
        one, two, three, four = st.columns(4)
        model = {
            "embed_dim": one.number_input("Width", 1, 4096, 64, 8),
            "num_heads": one.number_input("Heads", 1, 64, 4),
            "num_layers": one.number_input("Layers", 1, 16, 2),
            "ffn_dim": one.number_input("Feed-forward width", 1, 16384, 256, 32),
            "norm": two.selectbox("Norm", ["post", "pre"], help="Normalize after or before each sublayer."),
            "pooling": two.selectbox("Pooling", ["first", "mean"], help="Answer from the first token, or the mean."),
            "positions": two.selectbox("Positions", ["sinusoidal", "learned", "none"]),
            "scale_attention": two.selectbox("Divide scores by √d", ["yes", "no"]) == "yes",
            "dropout": three.number_input("Dropout", 0.0, 0.9, 0.0, 0.05),
        }
        settings = {
            "optimizer": three.selectbox("Optimizer", ["adam", "sgd"]),
            "schedule": three.selectbox("Schedule", ["cosine", "constant"]),
            "batch_size": three.number_input("Batch size", 1, 4096, 32, 8),
        }
        fewest, most = four.slider("Numbers per expression", 2, 8, (3, 3))
        held_out = four.slider("Share held out", 0.1, 0.8, 0.2, 0.1, help="Half of it to choose weights, half to test.")
        settings["clip_norm"] = four.number_input("Clip at norm", 0.0, None, 1.0, 0.5, help="0: not clipped.") or None
        settings["weight_decay"] = four.number_input("Weight decay", 0.0, 1.0, 0.0, 0.01, help="Of adam.")
    part = round(held_out / 2, 6)
    shares = (0.8, 0.1, 0.1) if held_out == 0.2 else (round(1 - 2 * part, 6), part, part)
    return settings | {"num_args": fewest if fewest == most else (fewest, most), "shares": shares}, model


def _say_what_it_is(configs):
    """Size of the model, limits, and the command that does the same."""
    first = configs[0]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{first.model.num_parameters:,} parameters. {limits.statement(desk.workers().side_by_side)}")
        with st.popover("The same in a terminal", type="tertiary", width="content"):
            st.caption("Each run is a process of its own. These commands do what the button does:")
            st.code("\n".join(command(config) for config in configs), language="bash", wrap_lines=True)


def command(config):
    """What one types to train this configuration as a run."""
    return " ".join(["python -m tinyformer train", *command_words(config), f"--run runs/seed-{config.seed}"])
