"""What more than one page places: a figure, the columns of models, a model's heading, kind words about a mistake."""

import re
from html import escape

import streamlit as st

from dashboard.history import epochs_trained
from dashboard.plain_text import html, plain
from tinyformer.task.task import DEFAULT_TASK

COLUMN_WIDTHS = {1: 456, 2: 456, 3: 300, 4: 221}  # of a model's column; they wrap where the window is narrower
ROOM = COLUMN_WIDTHS | {3: 285}  # for its pictures: at 800 px two columns of three models stand side by side
STYLE = """<style>
[data-testid="stMainBlockContainer"] {padding: 2rem 2.4rem 4rem; max-width: 1440px}
.tf-model {border-top: 3px solid var(--c); padding-top: .35rem; line-height: 1.35}
.tf-model b {font-weight: 600} .tf-model i {font-style: normal; color: var(--c); margin-right: .4em}
[data-testid="stCaptionContainer"] {color: inherit; opacity: .72}
[data-testid="stCaptionContainer"] code {color: inherit}
.tf-note {opacity: .72; font-size: .87rem}
.tf-legend div {white-space: nowrap; overflow: hidden; text-overflow: ellipsis}
.tf-legend p {white-space: normal; margin: 0 0 0 1.3em}
.tf-legend {display: flex; flex-direction: column; gap: .3rem; font-size: .9rem}
.tf-legend i {font-style: normal; color: var(--c); margin-right: .45em}
.tf-tokens {display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; font-size: 1.9rem; line-height: 1.25}
.tf-tokens span {border: 1px solid color-mix(in srgb, currentColor 22%, transparent); border-radius: .4rem;
  padding: .1rem .6rem; font-variant-numeric: tabular-nums}
.tf-tokens em {font-style: normal; opacity: .55; padding: 0 .2rem}
.tf-answer {display: flex; align-items: baseline; gap: .7rem; margin: .1rem 0 .3rem}
.tf-answer strong {font-size: 2.5rem; line-height: 1.05; font-weight: 600; font-variant-numeric: tabular-nums}
.tf-said {position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%)}
[data-testid="stElementContainer"]:has(> .stHtml > .tf-said), .stHtml:has(> .tf-said) {position: absolute; width: 1px}
[data-testid="stElementContainer"]:has(.tf-said) {position: absolute}
</style>"""


def page_style():
    """The few rules that Streamlit's theme has no option for. Once a run."""
    st.html(STYLE)


def draw(figure, key=None, stretch=False, **kwargs):
    """Place a Figure. stretch: as wide as its column; only for charts of one view, facets must keep their size.

    With the same spec and the same `alt`, new data moves the marks that are there: a chart is built anew only where its
    structure changes. So `alt` says what kind of chart it is, and its content follows as text for screen readers.
    """
    state = st.vega_lite_chart(
        figure.data,
        figure.spec,
        width="stretch" if stretch else "content",
        alt=_kind(figure),
        key=key,
        **kwargs,
    )
    st.html(f'<p class="tf-said">{escape(figure.description)}</p>')
    return state


def _kind(figure):
    title = figure.spec.get("title")
    title = title.get("text") if isinstance(title, dict) else title
    return title if isinstance(title, str) else f"Chart of {', '.join(map(str, figure.data.columns[:4]))}"


def side_by_side(models, note=lambda shown: "", alone="stretch"):
    """One column per model, headed by its name: a list of (ShownModel, container, width in pixels to rely on).

    alone: how wide a single model's column is drawn.
    """
    width = COLUMN_WIDTHS[len(models)]
    with st.container(horizontal=True, gap="small"):
        columns = [st.container(width=width if len(models) > 1 else alone, gap="small") for _ in models]
    for shown, column in zip(models, columns, strict=True):
        with column:
            heading(shown, note(shown))
    return [(shown, column, ROOM[len(models)]) for shown, column in zip(models, columns, strict=True)]


def heading(shown, note=""):
    """A model's name under a line in its color, with its shape."""
    st.html(
        f'<div class="tf-model" style="--c:{shown.style.color}"><i>{shown.style.glyph}</i><b>{html(shown.name)}</b>'
        f'<div class="tf-note">{html(note)}</div></div>'
    )


def legend(models):
    """Which color and shape is whose, with what each was trained on."""
    lines = "".join(
        f'<div style="--c:{shown.style.color}"><i>{shown.style.glyph}</i>{html(shown.name)} '
        f'<span class="tf-note">{html(origin(shown))}</span>{_own_operations(shown)}</div>'
        for shown in models
    )
    st.html(f'<div class="tf-legend">{lines}</div>')


def _own_operations(shown):
    """Of a model of other operations than the usual five: what they are, as text."""
    if shown.task == DEFAULT_TASK:
        return ""
    return f'<p class="tf-note">{html(", ".join(map(str, shown.task.operations)))}</p>'


def origin(shown):
    """ "seed 42, 20 epochs": how a model came about, as far as its name does not say so."""
    training = shown.checkpoint.training
    if training is None:
        return "written by hand" if shown.checkpoint.by_hand else "origin unknown"
    named = f"seed-{training.seed}" in re.findall(r"seed-\d+", shown.name)
    epochs = epochs_trained(shown.checkpoint)
    ended = "" if epochs == training.epochs else f"ended after {epochs} of "  # stopped, or diverged
    return f"{'' if named else f'seed {training.seed}, '}{ended}{training.epochs} epochs"


def complaint(error, kept):
    """What is wrong with the text in the expression field, where, and what is shown meanwhile."""
    reason = getattr(error, "reason", None) or str(error)
    text, position = getattr(error, "text", None), getattr(error, "position", None)
    st.warning(plain(reason[:1].upper() + reason[1:]))
    if text and position:
        st.code(point_at(text, position), language=None)
    st.caption(f"Still showing {plain(kept)}")


def point_at(text, position, width=26):
    """The text around a 1-based position, with an arrow below the character."""
    text = "".join(character if character.isprintable() else " " for character in text)
    start = max(0, min(position - 1 - width // 2, len(text) - width))
    window = text[start : start + width]
    before, after = "…" if start else "", "…" if start + width < len(text) else ""
    return f"{before}{window}{after}\n{' ' * (len(before) + position - 1 - start)}↑"


def require_models(models):
    """Stop the page, with what to do, where no model is on display."""
    if not models:
        st.info("No model is on display. Choose one or more in the sidebar, or train one on the Train page.")
        st.stop()


def how_to_read(text):
    """The same closed expander under every panel that needs one."""
    with st.expander("How to read this"):
        st.markdown(text)
