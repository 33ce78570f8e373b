"""Bench: what tells the model in which order the tokens stand."""

import streamlit as st

from dashboard import components
from dashboard.charts import lab_lines, lab_matrix
from dashboard.lab.bench import Bench, Hand, Panel, flat, in_and_out, numbered
from tinyformer.laboratory.causes import addition
from tinyformer.laboratory.embedding_geometry import dot_products
from tinyformer.layers import PositionalEncoding, sinusoidal_table


def panels(view):
    positions = flat(view.run.y) - flat(view.trial.inputs[0])
    shown = Panel("P", "P, the positions", positions, *map(numbered, positions.shape))
    return in_and_out(view, shown, y_title="y = x + P")


def cause(view, name, i, j):
    x, y = flat(view.trial.inputs[0])[i, j], flat(view.run.y)[i, j]
    return addition(x, y - x, {"x": (i, j), "P": (i, j)})


@st.fragment
def experiment(stage):
    """The table by length and width, and what a dot product can read from it."""
    with st.container(horizontal=True, gap="medium"):
        length = st.slider("Positions", 4, 50, 20, key="positions-length", width=240)
        width = st.slider("Width D", 4, 64, 32, step=2, key="positions-width", width=240)
    table = sinusoidal_table(length, width)
    products = dot_products(table)
    with st.container(horizontal=True, gap="medium", vertical_alignment="top"):
        components.draw(
            lab_matrix.matrix(
                table,
                numbered(length),
                numbered(width),
                "The table: fast waves left, slow ones right",
                row_title="position",
                column_title="dimension",
            ),
            key="positions-table",
        )
        components.draw(
            lab_matrix.matrix(
                products,
                numbered(length),
                numbered(length),
                "Dot products of positions",
                row_title="position",
                column_title="position",
            ),
            key="positions-products",
        )
    middle = length // 2
    frame = {"x": [t - middle for t in range(length)], "y": products[middle], "series": f"position {middle}"}
    components.draw(
        lab_lines.lines(
            frame,
            f"Dot product of position {middle} with the others",
            "distance",
            "dot product",
            height=170,
            points=True,
        ),
        key="positions-distance",
        stretch=True,
    )
    st.caption(
        "Every position has the same length, √(D/2), and a dot product depends on the distance only: "
        "cos a · cos b + sin a · sin b = cos(a − b). Neighbors are most alike; farther off it falls, in ripples."
    )


BENCH = Bench(
    key="positional_encoding",
    title="Positional encoding",
    paragraph=(
        "Attention is a sum over tokens, and a sum does not know in which order it was written: without help, "
        "`First ( 5 3 9 )` and `First ( 9 3 5 )` are the same thing. So each position adds a pattern of its own. Here "
        "sines and cosines of falling frequency; a learned table does as well (Vaswani et al. 2017, §3.5)."
    ),
    forward=(
        r"\begin{gathered} y_t = x_t + P_t \\[2pt]"
        r" P_{t,2i} = \sin \frac{t}{10000^{2i/D}}, \quad P_{t,2i+1} = \cos \frac{t}{10000^{2i/D}} \end{gathered}"
    ),
    backward=r"dx = dy \quad \bigl(\text{learned: } dP_t = \textstyle\sum_b dy_{b,t}\bigr)",
    source=(PositionalEncoding, sinusoidal_table),
    place="positions",
    hand=Hand(
        lambda: PositionalEncoding(8, 4, dtype="float64"),
        'PositionalEncoding(8, 4, dtype="float64")',
        "from tinyformer.layers import PositionalEncoding",
        {"x": ((0, 0, 0, 0), (0, 0, 0, 0), (0.5, 0.5, 0.5, 0.5))},
        lead=1,
    ),
    panels=panels,
    cause=cause,
    experiment=experiment,
)
