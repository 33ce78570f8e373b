"""What goes into a bench: the values that flow in the model, or a small array edited by hand."""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.lab.bench import numbered
from tinyformer.laboratory.anatomy import Trial


def hand_recipe(bench, arrays):
    """Five lines that make the small layer and run it on these arrays."""
    values = ", ".join(f"np.array({_shaped(bench, rows).tolist()})" for rows in arrays.values())
    options = f", {bench.hand.options}" if bench.hand.options else ""
    return (
        f"import numpy as np\nfrom tinyformer.laboratory.anatomy import Trial\n{bench.hand.imports}\n"
        f"trial = Trial({bench.hand.code}, ({values},){options})\n"
        'print(trial.run().y.round(3), trial.check(), sep="\\n")'
    )


def hand_trial(bench, arrays=None):
    """The small layer on arrays {name: (R, C)}, by default those it begins with."""
    arrays = bench.hand.arrays if arrays is None else arrays
    return Trial(bench.hand.make(), tuple(_shaped(bench, rows) for rows in arrays.values()), bench.hand.options)


def _shaped(bench, rows):
    """(R, C) as edited → the shape that the layer takes."""
    array, lead = np.array(rows, np.float64), bench.hand.lead
    return array[0] if lead < 0 else array[(None,) * lead]


def trial(bench, stage, by_hand):
    """(Trial, what stands for it in a cache)."""
    if not by_hand:
        in_model = bench.trial(stage) if bench.trial else stage.anatomy.trial(bench.place.format(block=stage.block))
        return in_model, (*stage.cache_key, stage.block, stage.part)
    arrays = {}
    with st.container(horizontal=True, gap="small"):
        for name, rows in bench.hand.arrays.items():
            with st.container(width="content", gap=None):
                st.caption(name)
                frame = pd.DataFrame(np.array(rows, np.float64), columns=numbered(len(rows[0])))
                edited = st.data_editor(
                    frame,
                    key=f"edit-{bench.key}-{name}",
                    hide_index=True,
                    width=76 * len(rows[0]),
                    column_config={c: st.column_config.NumberColumn(format="%.2f") for c in frame},
                )
                given = edited.to_numpy(np.float64)
                arrays[name] = np.nan_to_num(given, nan=0.0, posinf=1e3, neginf=-1e3).clip(-1e3, 1e3)
    by_hand = hand_trial(bench, arrays)
    return by_hand, tuple(x.tobytes() for x in by_hand.inputs)
