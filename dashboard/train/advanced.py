"""Every other setting, under "Advanced". Each is in the URL under its key, so that a link sets the same form."""

import streamlit as st

OPEN = "advanced"  # whether the expander is open: its key
WIDTH = 188  # of a widget: four in a row, or two where the window is narrow
KEYS = {  # of the widgets, and names in the URL → what stands above them
    "width": "Width",
    "heads": "Heads",
    "layers": "Layers",
    "ffn": "Feed-forward width",
    "norm": "Norm",
    "pooling": "Pooling",
    "positions": "Positions",
    "scale": "Divide scores by √d",
    "drop": "Dropout",
    "optimizer": "Optimizer",
    "schedule": "Schedule",
    "batch": "Batch size",
    "numbers": "Numbers per expression",
    "held": "Validation and test",
    "clip": "Clip at norm",
    "decay": "Weight decay",
}
HELP = {
    "width": "Of the vector that stands for a token.",
    "heads": "They share the width: it must be a multiple of their number.",
    "ffn": "Of the hidden layer in each feed-forward network.",
    "norm": "Normalize after or before each sublayer.",
    "pooling": "Read the answer from the first token, or from the mean of all.",
    "positions": "How a token knows where it stands.",
    "scale": "d is the width of a head. Without it, the scores of wide heads grow, and softmax picks one.",
    "drop": "Share of the values that are dropped at random while it trains.",
    "schedule": "The learning rate falls along a cosine to 0, or stays.",
    "batch": "Expressions per step.",
    "held": "Their share: half of it to choose the best weights, half to test them.",
    "clip": "A gradient that is longer is shortened to this. 0: never.",
    "decay": "Of adam: how much weights shrink at each step. Matrices only, embeddings included: no gains, no biases.",
}


def draw():
    """→ (settings of the training, settings of the model)."""
    if OPEN not in st.session_state:  # what a link sets should be seen
        st.session_state[OPEN] = any(key in st.query_params for key in KEYS)
    with st.expander("Advanced", key=OPEN, on_change="rerun"), st.container(horizontal=True, gap="small"):
        model = {
            "embed_dim": _place(st.number_input, "width", 1, 4096, 64, 8),
            "num_heads": _place(st.number_input, "heads", 1, 64, 4),
            "num_layers": _place(st.number_input, "layers", 1, 16, 2),
            "ffn_dim": _place(st.number_input, "ffn", 1, 16384, 256, 32),
            "norm": _place(st.selectbox, "norm", ["post", "pre"]),
            "pooling": _place(st.selectbox, "pooling", ["first", "mean"]),
            "positions": _place(st.selectbox, "positions", ["sinusoidal", "learned", "none"]),
            "scale_attention": _place(st.selectbox, "scale", ["yes", "no"]) == "yes",
            "dropout": _place(st.number_input, "drop", 0.0, 0.9, 0.0, 0.05),
        }
        settings = {
            "optimizer": _place(st.selectbox, "optimizer", ["adam", "sgd"]),
            "schedule": _place(st.selectbox, "schedule", ["cosine", "constant"]),
            "batch_size": _place(st.number_input, "batch", 1, 4096, 32, 8),
            "clip_norm": _place(st.number_input, "clip", 0.0, None, 1.0, 0.5) or None,
            "weight_decay": _place(st.number_input, "decay", 0.0, 1.0, 0.0, 0.01),
        }
        fewest, most = _place(st.slider, "numbers", 2, 8, (3, 3))
        held_out = _place(st.slider, "held", 0.1, 0.8, 0.2, 0.1)
    part = round(held_out / 2, 6)
    shares = (0.8, 0.1, 0.1) if held_out == 0.2 else (round(1 - 2 * part, 6), part, part)
    return settings | {"num_args": fewest if fewest == most else (fewest, most), "shares": shares}, model


def _place(widget, key, *values):
    return widget(KEYS[key], *values, key=key, bind="query-params", help=HELP.get(key), width=WIDTH)
