"""Scores as a table: those that ship with the checkpoints, so that a page can say at once how far a method is right.

Made by `python -m tinyformer ground-truth --seeds 3 --csv > checkpoints/ground-truth.csv`.
"""

import csv

from tinyformer.checkpoints.folders import shipped_folder
from tinyformer.ground_truth.kinds import KINDS
from tinyformer.ground_truth.methods import METHODS
from tinyformer.ground_truth.scores import Score

FILE = "ground-truth.csv"
TYPES = Score.__annotations__


def write_scores(scores, file):
    """[Score] into an open text file."""
    table = csv.writer(file, lineterminator="\n")
    table.writerow(Score._fields)
    table.writerows([f"{value:.4f}" if isinstance(value, float) else value for value in one] for one in scores)


def published_scores():
    """[Score] of methods and kinds that there are; none where the file is missing, or is no such table."""
    try:
        with open(shipped_folder() / FILE, encoding="utf-8", newline="") as file:
            rows = [Score(*(to(row[name]) for name, to in TYPES.items())) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [one for one in rows if one.method in METHODS and one.kind in KINDS]
