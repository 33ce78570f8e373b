"""Calibration: is a model right as often as it says it is?"""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components
from dashboard.charts import reliability as chart
from tinyformer.calibration import calibration_error, reliability

BANDS = {"up to 50%": 0.5, "to 90%": 0.9, "to 99%": 0.99, "to 99.9%": 0.999, "to 99.99%": 0.9999, "above 99.99%": 1.01}


def draw(asked, key="calibration"):
    """The reliability diagram, the histogram of confidence, and the bins as a table."""
    parts = asked.parts
    if not all(map(len, parts)):
        st.info("No expression is on this side with its answer at this place. Choose another one above.")
        return
    if not all(np.isfinite(part.confidence).all() for part in parts):
        st.warning("A model on display has diverged: its probabilities are not finite, and it has no calibration.")
        return
    names = [shown.name for shown in asked.models]
    looks = [(shown.name, shown.style.color, shown.style.shape) for shown in asked.models]
    rows = [(name, *row) for name, part in zip(names, parts, strict=True) for row in reliability(part) if row.count]
    errors = " · ".join(
        f"{shown.style.glyph} {shown.name} **{calibration_error(part):.2g}**"
        for shown, part in zip(asked.models, parts, strict=True)
    )
    st.markdown(f"Calibration error: {errors}")
    with st.container(horizontal=True, gap="large"):
        with st.container(width=420):
            components.draw(chart.reliability(rows, looks), key=f"{key}-diagram")
        with st.container(width=440):
            sure = [row for name, part in zip(names, parts, strict=True) for row in bands(name, part)]
            components.draw(chart.sureness(sure, looks, list(BANDS)), key=f"{key}-sureness")
    components.how_to_read(
        "Answers are put into ten bins by their confidence, the probability of the answer given. A bin's mark stands "
        "at how sure the model was there, and how often it was right, with the 95% interval; its size is the number of "
        "answers. Above the diagonal a model is better than it thinks, below it is too sure of itself.\n\n"
        "The *calibration error* is the mean distance from the diagonal, weighted by counts (Guo et al. 2017). With "
        "few mistakes it says little: what is wrong 0 times in 495 can be anything up to 0.8%."
    )
    frame = pd.DataFrame(rows, columns=chart.COLUMNS)
    shares = ["start", "end", "confidence", "accuracy", "low", "high"]
    frame[shares] *= 100
    percent = st.column_config.NumberColumn(format="%.3f%%")
    st.dataframe(
        frame.rename(columns={"start": "sure above", "end": "up to", "count": "answers"}),
        hide_index=True,
        key=f"{key}-bins",
        column_config={name: percent for name in ("confidence", "accuracy", "low", "high")}
        | {name: st.column_config.NumberColumn(format="%.0f%%") for name in ("sure above", "up to")},
    )


def bands(name, part):
    """(model, band, verdict, count, share) for each of BANDS, right and wrong."""
    edges = list(BANDS.values())
    band = np.searchsorted(edges, part.confidence, side="left")
    rows = []
    for place, label in enumerate(BANDS):
        for verdict, of in (("right", part.correct), ("wrong", ~part.correct)):
            count = int(((band == place) & of).sum())
            rows.append((name, label, verdict, count, count / len(part)))
    return rows
