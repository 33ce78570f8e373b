"""One row of one head from scores to what the head gathers, with the numbers of the chosen cell."""

import numpy as np
import streamlit as st

from dashboard import components
from dashboard.charts import grid, token_bars
from dashboard.explore.names import head_name
from dashboard.plain_text import plain
from tinyformer.interpret import score_scale
from tinyformer.laboratory import causes


def draw(cell, values, words):
    """`values`: the trace of the expression by the cell's model."""
    config, head, query, key = cell.subject.config, cell.head, cell.query, cell.key
    name = f"blocks.{cell.layer}.attn"
    q, k, v, pattern = (values[f"{name}.{part}"][0, head] for part in ("q", "k", "v", "pattern"))
    raw, scaled = k @ q[query], values[f"{name}.scores"][0, head, query]
    weighted = pattern[query][:, None] * v  # (T, K)
    scale = f"÷ √{config.head_dim}" if config.scale_attention else "× 1"
    st.markdown(
        f"**{plain(cell.subject.name)}**, {head_name(cell.layer, head)}: "
        f"**{plain(words[query])}** (token {query + 1}) looks at **{plain(words[key])}** (token {key + 1})"
    )
    with st.container(horizontal=True, gap="medium"):
        for label, value, formula in (
            ("score q · k", raw[key], "the query's and the key's vectors, multiplied and summed"),
            (f"scaled {scale}", scaled[key], f"the score times {score_scale(config):.3g}"),
            ("softmax: weight", pattern[query, key], "exp(scaled), divided by the sum over the row"),
            ("length of weight × v", np.linalg.norm(weighted[key]), "what this token adds to what the head gathers"),
        ):
            st.metric(label, f"{value:.4f}", help=formula, width="content")
    st.code(
        f"score  = {causes.products(q[query], k[key], {}).text}\n"
        f"scaled = {raw[key]:.4f} {scale} = {scaled[key]:.4f}\n"
        f"weight = {causes.exponential_share(scaled, key, query, 'scaled').text}",
        language=None,
        wrap_lines=True,
    )
    with st.container(horizontal=True, gap="medium"):
        with st.container(width="content"):
            side = max(14, min(46, 330 // len(words)))
            looks = {"title": "The head, enlarged", "names": ("query", "key", "weight"), "cell": side}
            components.draw(grid.grid(pattern, words, words, **looks), key="enlarged")
        with st.container(width="content"):
            panels = {"score q · k": raw, f"scaled {scale}": scaled, "weight": pattern[query]}
            title = "The row of the token that looks"
            components.draw(token_bars.token_bars(panels, words, cell.subject.style.color, key, title), key="row")
            rows, gathered = [*words, "sum z"], np.vstack([weighted, weighted.sum(axis=0)])
            figure = grid.grid(
                gathered, rows, range(1, config.head_dim + 1), form="",
                title="weight × value: what the head gathers", names=("token", "component", "weighted value"),
                cell=max(8, min(22, 350 // config.head_dim)), height=max(9, min(20, 400 // len(rows))), signed=True,
                reach=rounded_up(np.abs(gathered).max()),
            )  # fmt: skip
            components.draw(figure, key="gathered")
    scaling = f"divided by √{config.head_dim} it keeps its size whatever the width"
    scaling = scaling if config.scale_attention else "this model takes it as it is"
    components.how_to_read(
        "From the token that looks comes a **query**, from every token a **key** and a **value**, each with "
        f"{config.head_dim} components. The score of a pair is q · k; {scaling}. The softmax turns a row of scores "
        "into weights that sum to 1. The weights mix the values: the last row, z, is all that the head passes on from "
        "this row.\n\n"
        "Orange and blue are negative and positive components; the scale reaches to the largest of them, rounded up to "
        "one digit."
    )


def rounded_up(value):
    """To one digit: a scale that moves seldom, a bound that holds. 0.34 → 0.4, 1.2 → 2."""
    unit = 10.0 ** np.floor(np.log10(max(value, 1e-6)))
    return float(np.ceil(value / unit) * unit)
