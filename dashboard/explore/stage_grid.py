"""Stages of the residual stream by tokens, as one computes; turned where the expression is too long for the column."""

from dashboard.charts import grid
from tinyformer.interpret import stage_label

LABELS, NARROW = 132, 24  # pixels: of the stages' names, and of a cell that has no room for its number
SHORT = {"after attention": "att", "after feed-forward": "ff"}


def stage_grid(values, stages, words, width, measure, title, signed=False):
    """values (S, T) of stages named as in `trace` → a Figure not wider than `width` pixels."""
    labels, looks = [stage_label(stage) for stage in stages], {"title": title, "signed": signed}
    cell = (width - LABELS) // len(words)
    if cell >= NARROW:
        names = ("stage", "token", measure)
        return grid.grid(values, labels, words, names=names, cell=min(44, cell), height=26, **looks)
    names, cell = ("token", "stage", measure), min(44, (width - 40) // len(labels))
    columns = list(map(short, labels))
    return grid.grid(values.T, words, columns, told_columns=labels, names=names, cell=cell, height=18, **looks)


def short(stage):
    """ "after attention 1" → "att 1"."""
    kind, _, layer = stage.rpartition(" ")
    return f"{SHORT[kind]} {layer}" if kind in SHORT else "start"
