"""The pages, in the order of the menu."""

from typing import NamedTuple


class Page(NamedTuple):
    view: str  # views/<view>.py
    title: str
    sentence: str  # what one finds there

    @property
    def path(self):
        """As `st.page_link` and `selection.open_page` want it."""
        return f"views/{self.view}.py"


PAGES = (
    Page("home", "Home", "One expression, several models: answers and attention."),
    Page("train", "Train", "Watch a model learn this from nothing, and keep it."),
    Page("evaluate", "Evaluate", "How often is it right on what it never saw?"),
    Page("explore_attention", "Explore Attention", "Every layer and head: who looks at whom."),
    Page("layer_lab", "Layer Lab", "One layer at a time: formula, numbers, gradients."),
)
