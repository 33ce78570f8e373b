"""Colors and type of all charts. Backgrounds, text and the two continuous scales come from `.streamlit/config.toml`,
where they are defined for light and for dark; a chart that names no range gets them."""

from itertools import pairwise

import altair as alt

NEUTRAL = "#7E7C88"  # for what is neither a model nor a weight; 4 : 1 on both pages
FRAME = "#E8590C"  # around what is pointed out; neither of a scale's hue nor of the page's, in light and dark
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1])

SMALLEST_TYPE = 9  # pixels: type below is not read but guessed

CONFIG = {
    "title": {"fontSize": 13, "fontWeight": 600, "offset": 8, "anchor": "start"},
    "axis": {
        "labelPadding": 5,
        "titlePadding": 6,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelOverlap": False,
        "labelFlush": False,
    },
    "header": {"labelFontSize": 12, "labelPadding": 5, "titleFontSize": 12},
    "legend": {"labelFontSize": 12, "titleFontSize": 12},
    "view": {"stroke": None},
    "mark": {"aria": False},
}


def weight_color(legend=None, **kwargs):
    """The color of a weight. Always the same domain, so that any two heatmaps can be compared."""
    return alt.Color("weight:Q", scale=alt.Scale(domain=[0, 1], clamp=True), legend=legend, **kwargs)


def ink_color():
    """The color of numbers by a field `ink`: 0 or 1, the ends of the scale of weights. They are the page's quietest and
    loudest color, in light and in dark."""
    return alt.Color("ink:Q", scale=alt.Scale(domain=[0, 1], range="ramp"), legend=None)


def model_encodings(names, colors, shapes):
    """(color, shape) encodings of a field `model`: each model with its own on every page. The legend is the page's."""
    return (
        alt.Color("model:N", scale=alt.Scale(domain=list(names), range=list(colors)), legend=None),
        alt.Shape("model:N", scale=alt.Scale(domain=list(names), range=list(shapes)), legend=None),
    )


def readable_on(color):
    """Black or white, whichever has more contrast on a color given as #RRGGBB."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#FFFFFF"


def upright(words, cell, font=12):
    """The angle of words above columns so narrow that two neighbors would touch, else 0."""
    widest = max((len(a) + len(b) for a, b in pairwise(words)), default=0)
    return -90 if widest * 0.25 * font + 1 > cell else 0


# Categories that repeat (two tokens "5") or have an order of their own are given as "place|label": they sort by place,
# and this shows the label.
LABEL_ONLY = "split(datum.label, '|')[1]"
LABEL_LINES = "slice(split(datum.label, '|'), 1)"


def placed(labels):
    """["Max", "5", "5"] → ["000|Max", "001|5", "002|5"]."""
    return [f"{place:03d}|{label}" for place, label in enumerate(labels)]
