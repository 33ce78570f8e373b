"""Calibration: is a model right as often as it says it is?"""

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import components, sections
from dashboard.charts import reliability as chart
from dashboard.evaluate import asked as slices
from tinyformer.evaluation.calibration import BAND_ENDS, calibration_error, confidence_bands, reliability

CODE = """\
from tinyformer import load_checkpoint
from tinyformer.evaluation.calibration import calibration_error, reliability
from tinyformer.evaluation.report import by_side, whole_space
part = by_side(*whole_space(load_checkpoint("{path}")))["{side}"]
print(calibration_error(part), *(row for row in reliability(part) if row.count), sep="\\n")"""
FEW = (
    " With few mistakes it says little: what is wrong 0 times in 495 can be anything up to 0.8% (the upper end of its "
    "interval)."
)
SIZES = {1: 320, 2: 320, 3: 203, 4: 150}  # of a diagram in pixels, by the number of models


def draw(models, expression):
    """The whole space of each model, cut down to a side and a place of the answer."""
    side, place = slices.controls(models)
    show(slices.everything(models, side, place))
    sections.in_python(CODE.format(path=models[0].file.path, side=side))


def show(asked, key="calibration"):
    """For each model the reliability diagram and the histogram of confidence; then the bins as a table."""
    parts = asked.parts
    if not all(map(len, parts)):
        st.info("No expression is on this side with its answer at this place. Choose another one above.")
        return
    if not all(np.isfinite(part.confidence).all() for part in parts):
        st.warning("A model on display has diverged: its probabilities are not finite, and it has no calibration.")
        return
    of = dict(zip((shown.name for shown in asked.models), parts, strict=True))
    bins = {name: _bins(part, asked.census) for name, part in of.items()}
    size = SIZES[len(parts)]
    for shown, column, _ in components.side_by_side(asked.models, lambda shown: _error(of[shown.name])):
        name, color = shown.name, shown.style.color
        with column:
            figure = chart.reliability(bins[name], color, shown.style.shape, size, asked.census)
            components.draw(figure, key=f"{key}-diagram-{name}-{asked.census}")
            figure = chart.sureness(confidence_bands(of[name]), BAND_ENDS, color, size)
            components.draw(figure, key=f"{key}-sureness-{name}")
    components.how_to_read(
        "Answers are put into ten bins by their confidence, the probability of the answer given. A bin's mark stands "
        "at how sure the model was there, and how often it was right"
        + ("; " if asked.census else ", with the 95% interval; ")
        + "the number beside it, where it has room, counts the answers. Above the diagonal a model is better than it "
        "thinks, below it is too sure of itself.\n\n"
        "The *calibration error* is the mean distance from the diagonal, weighted by counts (Guo et al. 2017)."
        + ("" if asked.census else FEW)
        + "\n\nBelow, the same answers by how many nines the confidence has, which takes the last bin apart."
    )
    _table([(shown, row) for shown in asked.models for row in bins[shown.name]], f"{key}-bins", asked.census)


def _bins(part, census):
    """The bins that hold an answer; without an interval where everything was counted."""
    rows = [row for row in reliability(part) if row.count]
    return [row._replace(low=row.accuracy, high=row.accuracy) for row in rows] if census else rows


def _error(part):
    """Two digits without an exponent, as the head line has it."""
    return f"calibration error {np.format_float_positional(calibration_error(part), 2, fractional=False, trim='-')}"


def _table(rows, key, census):
    frame = pd.DataFrame([
        {
            "model": f"{shown.style.glyph} {shown.name}",
            "sure above": 100 * row.start,
            "up to": 100 * row.end,
            "answers": row.count,
            "sure, on average": 100 * row.confidence,
            "right": 100 * row.accuracy,
            "95% interval from": 100 * row.low,
            "to": 100 * row.high,
        }
        for shown, row in rows
    ])  # fmt: skip
    frame = frame.drop(columns=["95% interval from", "to"]) if census else frame
    formats = dict.fromkeys(frame.columns[4:], "%.3f%%") | {"sure above": "%.0f%%", "up to": "%.0f%%"}
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        alt="Bins of confidence",
        column_config={name: st.column_config.NumberColumn(format=form) for name, form in formats.items()},
    )
