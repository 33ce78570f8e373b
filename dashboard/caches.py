"""What is computed once and shared by all visitors. A model file's path, time and size are the key to all of it.

Nothing here knows what is selected; views ask with `shown.file`. Values are shared: never write to them.
"""

import streamlit as st

from tinyformer import load_checkpoint
from tinyformer.evaluation import report
from tinyformer.evaluation.length_generalization import accuracy_by_length


@st.cache_resource(max_entries=16, show_spinner=False)  # the largest take 160 MB each
def checkpoint(file):
    """The Checkpoint in a ModelFile. CheckpointError where it cannot be used; an error is not cached."""
    return load_checkpoint(file.path)


@st.cache_resource(max_entries=32, show_spinner=False)  # a tenth of a second
def whole_space(file):
    """(Evaluation of all N expressions of the model's space, (N,) index into SIDES), as `report.whole_space`."""
    return report.whole_space(checkpoint(file))


@st.cache_resource(max_entries=64, show_spinner=False)
def figures(file):
    """All figures of a model, as `report.report` and `python -m tinyformer evaluate --json` have them."""
    return report.report(checkpoint(file), whole_space(file)[0])


@st.cache_resource(max_entries=64, show_spinner="Asking longer expressions …")
def lengths(file):
    """[LengthAccuracy] for 2 to 8 numbers."""
    loaded = checkpoint(file)
    return accuracy_by_length(loaded.model, loaded.training)
