"""Cell to cause: the sum that makes one number of a layer's output, term by term.

A Cause has the terms in full, the cells of the inputs that take part, and one line of text with the numbers in it.
"""

from typing import NamedTuple

import numpy as np


class Cause(NamedTuple):
    value: float  # what the terms add up to, hence the cell
    text: str  # "0.5 · 1.2 + …", with the numbers
    lit: dict[str, tuple]  # name of a matrix → index (rows, columns) of what takes part, slice(None) for all


def products(left, right, lit, bias=0.0, factor=1.0, most=6):
    """Σ left · right · factor + bias, two vectors (N,). The `most` largest terms are written out, the rest summed."""
    terms = np.asarray(left) * np.asarray(right)
    order = np.argsort(-np.abs(terms), kind="stable")
    shown = sorted(order[:most]) if len(terms) > most else range(len(terms))
    parts = [f"{number(left[i])} · {number(right[i])}" for i in shown]
    if len(terms) > most:
        rest = terms.sum() - sum(terms[i] for i in shown)
        parts.append(f"[{len(terms) - most} smaller terms: {number(rest)}]")
    text = " + ".join(parts)
    value = float(terms.sum() * factor + bias)
    if factor != 1:
        text = f"( {text} ) · {number(factor)}"
    if bias:
        text += f" + {number(bias)}"
    return Cause(value, f"{text} = {result(value)}", lit)


def addition(left, right, lit):
    """left + right, two numbers."""
    value = float(left + right)
    return Cause(value, f"{number(left)} + {number(right)} = {result(value)}", lit)


def normalization(x, j, gamma, beta, epsilon, row):
    """One cell j of γ (x − mean) / √(var + ε) + β, from its row x (D,)."""
    mean, deviation = float(x.mean()), float(np.sqrt(x.var() + epsilon))
    value = float(gamma[j] * (x[j] - mean) / deviation + beta[j])
    text = f"{number(gamma[j])} · ({number(x[j])} − {number(mean)}) / {number(deviation)} + {number(beta[j])}"
    return Cause(value, f"{text} = {result(value)}", {"x": (row, slice(None))})


def exponential_share(scores, j, row, name="x"):
    """One cell j of a softmax, from its row of scores (T,)."""
    shifted = scores - scores.max()
    powers = np.exp(shifted)
    value = float(powers[j] / powers.sum())
    off = f" − {number(scores.max())}" if scores.max() else ""
    text = f"exp({number(scores[j])}{off}) / Σ exp({name}{off})"
    text += f" = {number(powers[j])} / {number(powers.sum())} = {result(value)}"
    if off:
        text += "   (the largest of the row is taken off first: nothing can overflow)"
    return Cause(value, text, {name: (row, slice(None))})


def surprise(chosen, loss, lit):
    """The loss as the mean of −ln p over the probabilities of the asked tokens, chosen (B,)."""
    text = " + ".join(f"−ln {probability(p)}" for p in chosen)
    text = f"( {text} ) / {len(chosen)}" if len(chosen) > 1 else text
    return Cause(float(loss), f"{text} = {result(loss)}", lit)


def number(value):
    """Three significant digits or so, with a real minus and in brackets where negative: −0.12 → "(−0.12)"."""
    value = float(value)
    size = abs(value)
    text = "0" if size == 0 else f"{size:.1e}" if size < 1e-3 or size >= 1e4 else f"{size:.3g}"
    return f"(−{text})" if value < 0 else text


def probability(p):
    """A probability that is nearly 1 says by how much it is not: 0.999955 → "(1 − 4.5e-05)"."""
    return f"(1 − {number(1 - p)})" if 0.9995 < p < 1 else number(p)


def result(value):
    """The same behind an equals sign, where it needs no brackets."""
    return number(value).strip("()")
