"""What a chart function returns."""

from typing import NamedTuple

import altair as alt
import pandas as pd
from altair.utils import schemapi

from dashboard.charts.theme import CONFIG

# Altair checks each piece of a chart against Vega-Lite's schema, which takes 40 % of the time to build it. What the
# charts say doesn't depend on the visitor: the tests switch the checks on, and nobody waits for them. For the same
# reason: `text=alt.Text("word:N")`. For `text="word:N"` Altair hashes all its 1,700 classes, which takes 8 ms.
schemapi.disable_debug_mode()


class Figure(NamedTuple):
    spec: dict  # Vega-Lite without data; shared and cached: never write to it
    data: pd.DataFrame
    description: str  # what a screen reader says: the content, not the form

    def to_altair(self):
        """The same chart on its own, for a notebook or a file."""
        return alt.Chart.from_dict({**self.spec, "data": {"values": self.data.to_dict("records")}})


ROWS = alt.NamedData("rows")  # stands for the data while Altair builds a spec; facets insist on some


def to_spec(chart, **config):
    """An Altair chart over `ROWS` as a Vega-Lite dict without data, with the house's configuration."""
    spec = chart.to_dict(validate=schemapi.DEBUG_MODE)
    spec.pop("data", None)
    if "width" in spec:  # axes and titles come on top of a fixed size; without one: as wide as the column
        spec["autosize"] = {"type": "pad", "contains": "padding"}
    elif "facet" not in spec:
        spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"] = {"aria": False}  # a chart is described as a whole: its marks have no names of their own
    spec["config"] |= {name: {**CONFIG.get(name, {}), **config.get(name, {})} for name in {**CONFIG, **config}}
    return spec
