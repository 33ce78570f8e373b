"""A page as it is on a phone, before a class (`?present=1`) and on paper; and the button that copies its link."""

import streamlit as st

PRESENT = "present"  # key of the switch, and name in the URL
STYLE = """<style>
/* What is wider than its place scrolls in it, never the page. */
[data-testid="stMain"] [data-testid="stElementContainer"], [data-testid="stMain"] [data-testid="stFullScreenFrame"],
[data-testid="stMain"] [data-testid="stVerticalBlock"] {max-width: 100%}
[data-testid="stVegaLiteChart"] {max-width: 100%; overflow-x: auto; overflow-y: hidden}
@media screen and (max-width: 900px) {
  [data-testid="stMainBlockContainer"] {padding-left: 1rem; padding-right: 1rem}
  [data-testid="stLayoutWrapper"]:has(> [data-testid="stVerticalBlock"] > * > .stHtml > .tf-model) {
    flex: 1 0 min-content !important; min-width: 221px; max-width: 100%}
}
/* Of three models, two fit beside each other where the sidebar leaves little room. */
@media screen and (min-width: 641px) and (max-width: 900px) {
  [data-testid="stSidebar"] {width: 216px !important}
  [data-testid="stSidebarContent"], [data-testid="stSidebarUserContent"], [data-testid="stSidebarNav"] {
    padding-left: .5rem !important; padding-right: .5rem !important}
}
@media screen and (max-width: 640px) {
  [data-testid="stMainBlockContainer"] {padding: 3.2rem 1rem 3rem}
  [data-testid="stLayoutWrapper"]:has(> [data-testid="stVerticalBlock"] > * > .stHtml > .tf-model) {
    flex: 1 0 100% !important; max-width: 100%}
}
/* In the dark, white on the primary color as text is too faint: what is filled with it is a little darker. */
[data-tag], [data-testid="stBaseButton-primary"]:enabled {
  background-color: light-dark(#5B3FA8, #7A5FD8) !important; color: #FFF !important}
.tf-copy {font: inherit; font-size: .93rem; color: inherit; background: none; padding: .3rem .7rem; cursor: pointer;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .4rem}
@media print {
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stMain"] button, [data-testid="stElementToolbar"],
  [data-testid="stStatusWidget"], [data-testid="stMain"] [data-testid="stExpander"]:not(:has(details[open])) {
    display: none !important}
  .stApp, [data-testid="stAppViewContainer"], [data-testid="stMain"], [data-testid="stMainBlockContainer"] {
    position: static !important; display: block !important; overflow: visible !important; height: auto !important;
    max-width: none !important}
  [data-testid="stMainBlockContainer"] {padding: 0 !important; zoom: .72}
  [data-testid="stHorizontalBlock"] {display: flex !important; flex-flow: row wrap !important}
  [data-testid="stVegaLiteChart"] {overflow: visible}
  [data-testid="stVegaLiteChart"], [data-testid="stDataFrame"], [data-testid="stAlert"], table, pre {
    break-inside: avoid}
  h1, h2, h3 {break-after: avoid}
}
</style>"""
# Before a class: large, and only what the page is about.
PRESENTED = """<style>
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"], [data-testid="stHeader"],
[data-testid="stMain"] [data-testid="stExpander"], [data-testid="stMain"] [data-testid="stCaptionContainer"],
[data-testid="stMain"] [data-testid="stElementContainer"]:has(.tf-term), [data-testid="stMain"] .st-key-aside {
  display: none !important}
[data-testid="stMainBlockContainer"] {zoom: 1.45; padding-top: 1rem}
/* Tables and charts as wide as the page measure that on the screen: enlarged again, they would leave it. */
[data-testid="stDataFrame"] {zoom: calc(1 / 1.45)}
[data-testid="stVegaLiteChart"] svg.marks {max-width: 100%; height: auto}
[data-testid="stLayoutWrapper"]:has(> [data-testid="stVerticalBlock"] > * > .stHtml > .tf-model) {
  flex: 1 0 min-content !important; min-width: 221px}
.st-key-leave {position: fixed; top: .4rem; right: 1rem; width: auto; z-index: 9}
</style>"""
# The link is that of the moment of the click. Where the browser lends no clipboard (no https), a selection is copied.
COPY = """<button type="button" class="tf-copy" id="tf-copy">Copy link</button><script>
document.getElementById("tf-copy").onclick = async event => {
  const button = event.currentTarget, field = document.createElement("textarea")
  try { await navigator.clipboard.writeText(location.href) } catch {
    field.value = location.href; document.body.append(field); field.select()
    document.execCommand("copy"); field.remove()
  }
  button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy link" }, 2000)
}
if (!window.tfToolbars) {  // of a chart's buttons one is a stop for Tab; the arrow keys lead to the others
  const buttons = bar => [...bar.querySelectorAll("button")]
  window.tfToolbars = new MutationObserver(() => document.querySelectorAll("[data-testid=stElementToolbar]")
    .forEach(bar => buttons(bar).forEach((button, place) => { if (place) button.tabIndex = -1 })))
  window.tfToolbars.observe(document.body, {childList: true, subtree: true})
  document.addEventListener("keydown", ({key}) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[key]
    const bar = document.activeElement.closest("[data-testid=stElementToolbar]")
    if (step && bar) buttons(bar)[buttons(bar).indexOf(document.activeElement) + step]?.focus()
  })
  // Back leads from page to page: what a page writes into its address is no step. Where one page is left for another,
  // Streamlit may first write the old one's without its state, and the new one's without what all pages share.
  const push = history.pushState.bind(history)
  let leaving = 0
  document.addEventListener("click", event => {
    const link = event.target.closest("[data-testid=stSidebarNavLink], [data-testid=stPageLink-NavLink]")
    if (link && link.pathname !== location.pathname) leaving = Date.now()
  }, true)
  history.pushState = (state, title, address) => {
    const to = new URL(address, location.href), from = new URL(location.href)
    const left = Date.now() - leaving < 8000
    if (to.pathname === from.pathname) return left || history.replaceState(state, title, to)
    if (left) {
      leaving = 0
      for (const name of ["models", "expression"])
        if (!to.searchParams.has(name)) from.searchParams.getAll(name).forEach(one => to.searchParams.append(name, one))
    }
    push(state, title, to)
  }
}</script>"""


def read_link():
    """Before all widgets: `present=1` becomes what Streamlit writes into a link."""
    if st.query_params.get(PRESENT) == "1":
        st.query_params[PRESENT] = "true"
        st.rerun()  # Streamlit has its own copy of the link, and takes another then


def draw():
    """The foot of the sidebar, and on a page that is presented the way back."""
    with st.sidebar, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(COPY, unsafe_allow_javascript=True, width="content")
        presented = st.toggle("Present", key=PRESENT, bind="query-params", help="Large type, without the sidebar.")
    st.html(STYLE)
    if presented:
        st.html(PRESENTED)
        st.button("Leave the presentation", on_click=_leave, type="tertiary", key="leave")


def _leave():
    st.session_state[PRESENT] = False
