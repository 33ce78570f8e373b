"""What to train: a size, seeds, epochs, a learning rate, and everything else under "Advanced"."""

import shlex
from dataclasses import replace

import streamlit as st

from dashboard import visitor_runs, workers
from dashboard.plain_text import plain
from dashboard.train import advanced, limits, operations
from tinyformer import SIZES, TrainingConfig, TransformerConfig
from tinyformer.cli.options import command_words
from tinyformer.settings_without_effect import settings_without_effect
from tinyformer.sweeps.seeds import parse_seeds

DEFAULT = TrainingConfig()
OPEN = "form"  # whether it is unfolded: its key
DRAWS = {f"{name} · {count // 1000}K": count for name, count in SIZES.items()}


def draw(unfolded):
    """The form; return (a TrainingConfig per seed, or [] where something is wrong; whether Start was pressed).

    unfolded: whether it is open at first; else it is one line, above the curves.
    """
    asked = any(key in st.query_params for key in operations.KEYS)  # what a link sets should be seen
    st.session_state.setdefault(OPEN, unfolded or asked)
    with st.expander("Start a training", key=OPEN, on_change="rerun"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            size = st.segmented_control(
                "Expressions drawn",
                list(DRAWS),
                default="medium · 10K",
                key="size",
                bind="query-params",
                required=True,
                help="For training, validation and test together. Each operation has 1,000 of three digits.",
            )
            seeds = st.text_input(
                "Seeds",
                "42, 123, 7",
                key="seeds",
                bind="query-params",
                width=150,
                help="One model for each: it decides the first weights and the order. A list, or a range: 1-8.",
            )
            epochs = st.number_input(
                "Epochs",
                1,
                1000,
                DEFAULT.epochs,
                key="epochs",
                bind="query-params",
                width=120,
                help="How many times it goes through all expressions drawn for training.",
            )
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
                help="How long a step is. Try ten times as much, or a tenth.",
            )
            place_of_button = st.container(width="content")
        learned = operations.draw()
        settings, model = advanced.draw()
        try:
            settings |= learned or {}
            settings |= {"num_examples": DRAWS[size], "epochs": epochs, "learning_rate": rate}
            configs = [] if learned is None else _configs(seeds, settings, model)
        except ValueError as error:
            configs = []
            st.error(plain(limits.in_words(error)))
        start = place_of_button.button("Start training", type="primary", disabled=not configs, on_click=fold)
        if configs:
            _say_what_it_is(configs)
    return configs, start


def fold():
    """Callback of what starts a run: close what stands between the button and the curves."""
    for key in (advanced.OPEN, operations.OPEN, OPEN):
        st.session_state[key] = False


def _configs(seeds, settings, model):
    seeds = parse_seeds(seeds)
    config = TrainingConfig(**settings, model=TransformerConfig(**model), seed=seeds[0])
    limits.check(config, len(seeds))
    return [replace(config, seed=seed) for seed in seeds]


def _say_what_it_is(configs):
    """Size of the model, limits, and the command that does the same."""
    first = configs[0]
    chosen, usual = (vars(config) | vars(config.model) for config in (first, DEFAULT))
    for sentence in settings_without_effect(first, [name for name in usual if chosen[name] != usual[name]]):
        st.info(limits.in_words(sentence))
    with st.container(horizontal=True, vertical_alignment="center"):
        place = visitor_runs.workers().side_by_side, workers.CORES, workers.MOST_PER_OWNER
        st.caption(limits.statement(first, *place))
        with st.popover("The same in a terminal", type="tertiary", width="content"):
            st.caption("Each run is a process of its own. These commands do what the button does:")
            st.code("\n".join(command(config) for config in configs), language="bash", wrap_lines=True)
            for operation in first.task.listed:
                name = f"{operation.name}.csv"
                st.download_button(f"The file {plain(name)}", operations.table_text(operation), name, "text/csv")


def command(config):
    """What one types to train this configuration as a run."""
    words = [*command_words(config), "--run", f"runs/seed-{config.seed}"]
    return shlex.join(["python", "-m", "tinyformer", "train", *words])
