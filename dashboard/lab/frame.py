"""A bench from top to bottom: what and why, formulas, something to try, numbers, proof, source, how to reproduce."""

import inspect
import textwrap
from functools import lru_cache

import streamlit as st

from dashboard.lab import inputs, numbers
from tinyformer.task.task import DEFAULT_TASK

FORMULA_WIDTH = 454  # two fit beside the sidebar at 1280 pixels, one at 800


def draw(bench, stage):
    """One bench. Its numbers and its experiment are fragments: what is moved there runs only itself."""
    st.header(bench.title, anchor=False)
    st.markdown(bench.paragraph)
    with st.container(horizontal=True, gap="small"):  # side by side where there is room
        for title, formula in (("Forward", bench.forward), ("Backward", bench.backward)):
            with st.container(border=True, width=FORMULA_WIDTH, height="stretch"):
                st.markdown(f"**{title}**")  # a caption would be left out before a class
                st.latex(formula)
    if bench.experiment:
        st.subheader("Try it", anchor=False)
        bench.experiment(stage)
    if bench.trial or bench.place or bench.hand:
        st.subheader("The numbers", anchor=False)
        numbers.draw(bench, stage)
    if bench.check:
        passed, sentence = bench.check(stage)
        (st.success if passed else st.error)(sentence)
    st.subheader("The code that ran", anchor=False)
    for thing in bench.source:
        name = f"{thing.__module__}.{thing.__qualname__}"
        _folded_code(name, f"source-{name}", lambda thing=thing: source(thing))
    st.subheader("Reproduce it", anchor=False)
    _folded_code("Five lines, run from the folder of the project", "recipe", lambda: recipe(bench, stage))


def _folded_code(title, key, code):
    """Code that is fetched when it is unfolded: what colors it is the largest part of opening a page."""
    unfolded = st.expander(title, key=key, on_change="rerun")
    if unfolded.open:
        unfolded.code(code(), language="python")


@lru_cache(maxsize=64)
def source(thing):
    """The source that Python itself has of a class or function: never a copy."""
    return textwrap.dedent(inspect.getsource(thing))


def recipe(bench, stage, by_hand=False):
    """Five lines of Python that compute what the bench shows."""
    if by_hand:
        return inputs.hand_recipe(bench, {name: list(map(list, rows)) for name, rows in bench.hand.arrays.items()})
    facts = {"block": stage.block, "part": stage.part, "expression": stage.expression}
    made = bench.trial_code or f'anatomy.trial("{bench.place}")'
    names = ["dissect"] + [made.split("(")[0]] * bool(bench.trial_code) + ["softened"] * bench.softened
    own = stage.expression.task != DEFAULT_TASK
    return (bench.recipe or (_OWN if own else _USUAL)).format(
        path=stage.model_path,
        target=stage.anatomy.target,
        imports=", ".join(sorted(names)),
        trial=made.format(**facts),
        checked="softened(trial)[0]" if bench.softened else "trial",
        **facts,
    )


_OWN = """\
from tinyformer import load_checkpoint, parse_expression
from tinyformer.laboratory.trials import {imports}
anatomy = dissect((own := load_checkpoint("{path}")).model, parse_expression("{expression}", 50, own.task), {target})
trial = {trial}
print(trial.run().y.round(3), trial.run().d_inputs, {checked}.check(), sep="\\n")"""
_USUAL = """\
from tinyformer import load_checkpoint, parse_expression
from tinyformer.laboratory.trials import {imports}
anatomy = dissect(load_checkpoint("{path}").model, parse_expression("{expression}"), target={target})
trial = {trial}
print(trial.run().y.round(3), trial.run().d_inputs, {checked}.check(), sep="\\n")"""
