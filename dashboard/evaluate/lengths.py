"""Beyond the training length: the same question with fewer and with more numbers."""

import pandas as pd
import streamlit as st

from dashboard import caches, components, models, sections, selection
from dashboard.charts import lengths as chart

CODE = """\
from tinyformer import load_checkpoint
from tinyformer.evaluation.length_generalization import accuracy_by_length
checkpoint = load_checkpoint("{path}")
for row in accuracy_by_length(checkpoint.model, checkpoint.training):
    print(row)"""
MIXED = "mixed-42"  # ships: trained on 2 to 6 numbers


def draw(shown_models, expression):
    """The chart and its table, and a way to the model that has seen several lengths."""
    rows = [(shown.name, *row) for shown in shown_models for row in caches.lengths(shown.file)]
    if not rows:
        st.info("No expression of another length is held out: the models on display know the lines of a table only.")
        return
    looks = [(shown.name, shown.style.color, shown.style.shape) for shown in shown_models]
    components.draw(chart.by_length(rows, looks), key="lengths", stretch=True)
    if MIXED in models.available() and MIXED not in {shown.name for shown in shown_models}:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(f"Show {MIXED} too", on_click=selection.show_model, args=(MIXED,))
            st.caption("It was trained on 2 to 6 numbers.")
    components.how_to_read(
        "A model knows lengths it was trained on. At another length every position behind the new number means "
        "something else: what stands at the end stands elsewhere, and there is one more number to take into account. "
        "A **filled** mark is a trained length, a **hollow** one lies beyond.\n\n"
        "Every expression asked here is of the held-out side: all there are of two and three numbers, up to 1,000 "
        "drawn ones of each longer kind; of a table, all it has. *Sure, on average* in the table is the "
        "mean probability of the answers given: far above the accuracy, a model does not notice that it fails."
    )
    frame = pd.DataFrame(rows, columns=chart.COLUMNS)
    frame[["accuracy", "low", "high", "confidence"]] *= 100
    percent = st.column_config.NumberColumn(format="%.2f%%")
    names = {
        "num_args": "numbers", "correct": "right", "total": "of", "confidence": "sure, on average",
        "low": "95% interval from", "high": "to",
    }  # fmt: skip
    st.dataframe(
        frame.rename(columns=names),
        hide_index=True,
        key="lengths-table",
        alt="Accuracy by number of arguments",
        column_config={name: percent for name in ("accuracy", "95% interval from", "to", "sure, on average")}
        | {"loss": st.column_config.NumberColumn(format="%.2g", help="Mean cross-entropy in nats")},
    )
    sections.in_python(CODE.format(path=shown_models[0].file.path))
