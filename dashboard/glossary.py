"""Words that a newcomer does not know, explained where they first occur: a dotted word that says what it means."""

import re
from html import escape

import streamlit as st

MEANINGS = {
    "token": "One word of a question: an operation, a digit or a bracket. The model is given its number and, as a "
    "rule, its place; not its meaning.",
    "layer": "One round in which every token looks at the others and gathers from them what it needs.",
    "head": "One of several looks that a layer takes at the same time, each with weights of its own.",
    "seed": "The number that decides a model's first, random weights and the order in which it is shown the examples.",
    "attention": "How much one token takes from each token, itself included: shares that sum to 1.",
    "held out": "Kept away: no weight was learned from it, and no choice was made by it.",
    "validation": "Expressions that are not learned from; the best weights are chosen by them.",
    "loss": "How wrong an answer is: minus the logarithm of the probability that the right token was given, in nats.",
    "epoch": "One pass through all examples drawn for training.",
}
STYLE = """<style>
.tf-term {border-bottom: 1.5px dotted currentColor; cursor: help; position: relative}
.tf-term > span {display: none}
.tf-term:hover > span, .tf-term:focus > span {display: block; position: absolute; left: 0; top: 1.7em; z-index: 9;
  width: min(17rem, 70vw); padding: .5rem .65rem; border-radius: .4rem; font-size: .87rem; line-height: 1.4;
  background: Canvas; color: CanvasText; border: 1px solid color-mix(in srgb, currentColor 30%, transparent)}
</style>"""


def explained(text):
    """Text with words in braces, as "a {token}" or "{token|tokens}" → HTML in which each says what it means."""
    return re.sub(r"\{([^}|]+)(?:\|([^}]+))?\}", _term, escape(text))


def prose(text):
    """Place a paragraph of `explained` text."""
    st.html(f"{STYLE}<p>{explained(text)}</p>")


def note(text):
    """The same, as small print."""
    st.html(f'{STYLE}<div class="tf-note">{explained(text)}</div>')


def _term(match):
    word, shown = match[1], match[2] or match[1]
    return f'<span class="tf-term" tabindex="0">{shown}<span role="tooltip">{escape(MEANINGS[word])}</span></span>'
