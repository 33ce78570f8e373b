"""Every page with every section, as the part of an address behind the server's."""

from urllib.parse import urlencode

from dashboard.explore.sections import SECTIONS
from dashboard.lab.benches import BENCHES
from dashboard.lab.rooms import ROOMS

EVALUATE = (
    "Other lengths", "Every expression", "Mistakes", "Sure and right", "Digits", "Your own questions", "Many seeds",
)  # fmt: skip
EXPLORE = {
    view: urlencode({"look": section.title, section.key: view})
    for section in SECTIONS.values()
    for view in section.views
}
PLACES = (
    "",
    "train",
    *(f"evaluate?{urlencode({'section': key})}" for key in EVALUATE),
    *(f"explore-attention?{query}" for query in EXPLORE.values()),
    *(f"layer-lab?bench={key}" for key in BENCHES),
    *(f"layer-lab?room={key}" for key in ROOMS if key != "benches"),
)
