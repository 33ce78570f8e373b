"""View What carries it: where the answer travels, by patching between two expressions, and between many pairs."""

from contextlib import suppress

import streamlit as st

from dashboard import components, questions
from dashboard.charts import grid
from dashboard.explore import background, works
from dashboard.explore.stage_grid import short, stage_grid
from dashboard.plain_text import plain
from tinyformer import Expression, ExpressionError, parse_expression
from tinyformer.interpret import first_token_shares, patch, stage_label
from tinyformer.interpret.patching import PAIRS

RECIPE = """\
from tinyformer import expression_space, load_checkpoint, parse_expression
from tinyformer.interpret import drain, first_token_shares, over_pairs, random_pairs
pairs = random_pairs(len(parse_expression("{expression}").numbers), expression_space().names)
means, spreads, counts = first_token_shares(*drain(over_pairs({model}, pairs)), len(pairs.names))
print(means.round(3), spreads.round(3), counts, sep="\\n")"""


def draw(subjects, expression):
    st.header("Many pairs: when does the first token have the answer?", anchor=False)
    with suppress(background.NotYet):
        _many(subjects, len(expression.numbers))
    st.header("One pair", anchor=False)
    other = _comparison(expression)
    if other is None:
        return
    if other.answer == expression.answer:
        st.info(
            f"{expression} and {plain(other)} both have the answer {expression.answer}: there is no difference in "
            "logits to restore, and the share is undefined. Choose an expression with another answer."
        )
        return
    st.caption(
        f"The run of {plain(other)} gets one value of the run of {expression}: "
        f"how much of the way from {other.answer} back to {expression.answer}?"
    )
    _one_pair(subjects, expression, other)
    components.how_to_read(
        "The residual stream is what each token carries from layer to layer: every part reads it and adds to it. "
        "1: this value alone brings the answer back; 0: alone it changes nothing; below 0 it pushes "
        "away. At first all that differs stands at the token that differs; it must have reached the first token by "
        "the last stage if only this token is read out. Shares need not sum to 1: the model is not linear.\n\n"
        "The measure is logit(answer) − logit(the other's answer). Where the two answers are the same, there is "
        "nothing to restore, and the share is undefined. One pair is one case: the pairs above say how general it is; "
        "– is an operation of which no pair is answered right on both sides. "
        "In a narrow column the picture is turned: att 1, ff 1 are the stages after attention and feed-forward of "
        "layer 1."
    )


def _many(subjects, num_args):
    """The share that is restored at the first token, by operation and stage: mean and spread over drawn pairs."""
    found = background.gathered([works.many_pairs(subject, num_args) for subject in subjects])
    st.caption(
        f"{PAIRS} pairs for each operation, drawn at random: {num_args} numbers, of which one is changed, and with it "
        "the answer. Share restored by the first token's value at a stage: the mean, and ± the standard deviation of "
        "the pairs."
    )
    for place, (subject, column, width) in enumerate(components.side_by_side(subjects, lambda one: one.note)):
        (many, operations), names = found[place], subject.task.names
        with column:
            if not len(operations):
                st.info("It answers no pair right on both sides: there is no way of an answer to follow.")
                continue
            means, spreads, counts = first_token_shares(many, operations, len(names))
            stages = [stage_label(stage) for stage in many.stages]
            figure = grid.grid(
                means, names, [short(stage) for stage in stages], told_columns=stages, signed=True,
                names=("operation", "stage", "mean share"), cell=min(52, (width - 60) // len(stages)), height=24,
            )  # fmt: skip
            components.draw(figure, key=f"many-{subject.name}-{len(subjects)}")
            after = zip(names, means[:, 1], spreads[:, 1], counts, strict=True)  # the first attention
            parts = [f"{name} {mean:.2f} ± {spread:.2f} ({count})" for name, mean, spread, count in after if count]
            st.caption(f"After attention 1 (pairs answered right): {', '.join(parts)}.")


def _one_pair(subjects, expression, other):
    words, count = expression.words, len(subjects)
    for subject, column, width in components.side_by_side(subjects):
        one, two = subject.question(expression), subject.question(other)
        with column:
            if not questions.say_unless_known(two):
                continue
            found = patch(subject.model, one.tokens, two.tokens, one.answer_token, two.answer_token)
            if not found.defined:
                st.info("To this model the two make no difference in logits: the share is undefined.")
                continue
            figure = stage_grid(found.residual, found.stages, words, width, "share restored", "Residual stream", True)
            components.draw(figure, key=f"patch-{subject.name}-{count}")
            L, H = found.heads.shape
            figure = grid.grid(
                found.heads, [f"layer {i + 1}" for i in range(L)], [f"head {j + 1}" for j in range(H)],
                names=("layer", "head", "share restored"), title="Outputs of heads, all tokens", signed=True,
                cell=max(34, min(56, (width - 80) // H)), height=26,
            )  # fmt: skip
            components.draw(figure, key=f"patch-heads-{subject.name}-{count}")


def _comparison(expression):
    """The Expression to compare with, from the field; None (with a word on why) where it cannot be."""
    suggested = one_token_changed(expression)
    text = st.text_input(
        "Compare with an expression that differs in one token", key="other", bind="query-params", max_chars=300,
        placeholder=str(suggested or ""),
    )  # fmt: skip
    if not text.strip():
        if suggested is None:
            st.info(f"Whichever token of {expression} one changes, the answer stays {expression.answer}.")
        return suggested
    try:
        other = parse_expression(text, task=expression.task)
    except ExpressionError as error:
        components.complaint(error, suggested or "no comparison")
        return suggested
    problem = difference_problem(expression, other)
    if problem:
        st.warning(plain(problem))
        return None
    return other


def difference_problem(expression, other):
    """What is wrong with a comparison, in a sentence, or None."""
    if len(other.tokens) != len(expression.tokens):
        return f"{other} has {len(other.numbers)} numbers, {expression} has {len(expression.numbers)}: take as many."
    count = sum(a != b for a, b in zip(expression.tokens, other.tokens, strict=True))
    if count != 1:
        return f"{other} differs from {expression} in {count} tokens, one is needed to say where the answer travels."
    return None


def one_token_changed(expression):
    """The expression with one token changed such that its answer changes; None where no single token decides.

    A digit if that will do, best the answer itself; else the operation.
    """
    operation, old, task = expression.operation, expression.numbers, expression.task
    places = sorted(range(len(old)), key=lambda place: old[place] != expression.answer)
    digits = [
        (operation, (*old[:place], digit, *old[place + 1 :]))
        for place in places for digit in sorted(range(10), key=lambda digit: -abs(digit - old[place]))
    ]  # fmt: skip
    operations = [(name, old) for name in task.names]
    there = (Expression(*pair, task) for pair in (*digits, *operations) if task.find(pair[0]).has(pair[1]))
    return next((changed for changed in there if changed.answer != expression.answer), None)
