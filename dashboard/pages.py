"""The pages, in the order of the menu."""

from typing import NamedTuple


class Page(NamedTuple):
    view: str  # views/<view>.py
    title: str

    @property
    def path(self):
        """As `st.page_link` and `selection.open_page` want it."""
        return f"views/{self.view}.py"


PAGES = (
    Page("home", "Home"),
    Page("train", "Train"),
    Page("evaluate", "Evaluate"),
    Page("explore_attention", "Explore Attention"),
    Page("layer_lab", "Layer Lab"),
)
