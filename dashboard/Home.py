"""The entry: `streamlit run dashboard/Home.py`. Page set-up, the pages, the sidebar; then the page itself."""

import tinyformer  # noqa: F401, I001  first: it decides the number of BLAS threads

import gc
from pathlib import Path

import streamlit as st

from dashboard import components, display, home, preload, selection, sidebar, visitors
from dashboard.pages import PAGES

ASSETS = Path(__file__).parent / "assets"


@st.cache_resource(show_spinner=False)
def keep_the_collector_off_what_stays():
    """Streamlit collects garbage after each run, fully: 89 ms with all that is imported. Frozen, it is skipped."""
    gc.collect()
    gc.freeze()


st.set_page_config(
    page_title="tinyformer", page_icon=str(ASSETS / "favicon.svg"), layout="wide", initial_sidebar_state=270
)
st.logo(str(ASSETS / "logo.svg"), icon_image=str(ASSETS / "favicon.svg"))
components.page_style()
visitors.introduce()
page = st.navigation([
    st.Page(page.path, title=page.title, default=page is PAGES[0], url_path=page.view.replace("_", "-"))
    for page in PAGES
])  # fmt: skip
display.read_link()
selection.read_link()
if at_home := page.url_path == "":
    tries = home.draw_question()
shown = sidebar.draw(with_expression=not at_home).models
if at_home:
    home.draw_tries(tries, shown)
display.draw()
page.run()
preload.get_ready(shown)  # after the page, which it would slow down
keep_the_collector_off_what_stays()
