"""One matrix of a bench, placed on the page."""

from dashboard import components
from dashboard.charts import lab_matrix


def panel(shown, key, lit=None, framed=None, clickable=False):
    """Draw a Panel; return what its chart says of a click."""
    figure = lab_matrix.matrix(
        shown.values,
        shown.rows,
        shown.columns,
        shown.title,
        shown.weights,
        lit,
        framed,
        clickable,
        shown.row_title,
        shown.column_title,
    )
    selecting = {"on_select": "rerun", "selection_mode": [lab_matrix.CELL]} if clickable else {}
    return components.draw(figure, key=f"matrix-{key}", **selecting)
